"""From verdicts to changes: which households' alerts a scan opens, renews or leaves alone."""

import uuid
from collections.abc import Mapping, Set
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from monitor.alerts import loading
from monitor.alerts.asked import UNRULED
from monitor.alerts.changes import Change, Values
from monitor.alerts.judged import FIRES, HELD, UNKNOWN, Codes, Judged
from monitor.alerts.opening import raised
from monitor.alerts.quiets import Firing, Said, Silence, said_of, why_ended
from monitor.alerts.reasons import Fallen, Pair, taken_back, taken_back_unseen, write_reasons
from monitor.alerts.renewing import Finding, Renewal, status_after
from monitor.alerts.unseen import Sight


@dataclass(frozen=True)
class Chunk:
    """Judged households beside what is stored of them, keyed by their places in the scan's order.

    ``codes`` are the verdicts with the silenced ones marked HELD; ``wanted`` marks the firing rules whose
    words are not stored already as they would be written today.
    """

    judged: Judged
    codes: Codes
    columns: Mapping[str, int]
    opens: Mapping[int, loading.Open]
    ended: Mapping[int, list[Values]]
    wanted: Codes

    def code(self, place: int, rule: str) -> int:
        """Return the verdict; a rule that policy no longer holds cannot be judged, what no rule said stands."""
        if rule in UNRULED:
            return FIRES
        column = self.columns.get(rule)
        return UNKNOWN if column is None else int(self.codes[place, column])


def plan(session: Session, judged: Judged, *, scan: uuid.UUID) -> list[Change]:
    """Return what the verdicts change, household by household, in the scan's order; writes nothing.

    Verdicts that say what is already stored change nothing, so planning twice plans nothing the second time.
    """
    if not len(judged.keys):
        return []
    chunk = _beside_stored(session, judged)
    reasons = write_reasons(judged, chunk.wanted)
    told = np.flatnonzero(chunk.wanted.any(axis=1)).tolist()
    fresh = [place for place in told if place not in chunk.opens]
    sight = Sight(judged, np.array(sorted({*fresh, *chunk.opens}), dtype=np.int64))
    changes = _openings(session, chunk, scan=scan, fresh=fresh, reasons=reasons, sight=sight)
    changes += _renewals(session, chunk, told=set(told), reasons=reasons, sight=sight)
    return sorted(changes, key=lambda change: change.place)


def _beside_stored(session: Session, judged: Judged) -> Chunk:
    stored = loading.open_alerts(session, judged.keys)
    quiet = list(loading.silences(session, judged.keys))
    codes, ended = _hold(judged, quiet)
    places = judged.find(list(stored))
    opens = {place: alert for place, alert in zip(places, stored.values(), strict=True) if place >= 0}
    columns = {rule: column for column, rule in enumerate(judged.names)}
    return Chunk(judged, codes, columns, opens, ended, _to_be_told(judged, codes, columns, opens))


def _hold(judged: Judged, quiet: list[tuple[int, Silence]]) -> tuple[Codes, dict[int, list[Values]]]:
    """Take out what a person found to need nothing; say of each silence that ends why it ended."""
    codes = judged.codes.copy()
    ended: dict[int, list[Values]] = {}
    columns = {rule: column for column, rule in enumerate(judged.names)}
    places, said = judged.find([household for household, _ in quiet]), _said_now(judged, quiet)
    for place, (household, silence) in zip(places, quiet, strict=True):
        column = columns.get(silence.rule)
        if place < 0 or column is None or codes[place, column] != FIRES:
            continue
        level, category = judged.rules[silence.rule].level, judged.places["category"][place]
        observed, now = judged.measure(place, column)[0], said.get((silence.rule, household), frozenset())
        firing = Firing(level, observed, category, now)
        why = why_ended(silence, firing, as_of=judged.as_of)
        if why is None:
            codes[place, column] = HELD
        else:
            row = {"b_id": silence.id, "ended_on": judged.as_of, "ended_why": why}
            ended.setdefault(place, []).append(row)
    return codes, ended


def _said_now(judged: Judged, quiet: list[tuple[int, Silence]]) -> dict[tuple[str, int], Said]:
    """Of whom the feeds speak now, by rule and household, where a quiet rule measures nothing."""
    asked: dict[str, list[int]] = {}
    inside = judged.find([household for household, _ in quiet])
    for place, (household, silence) in zip(inside, quiet, strict=True):
        if place >= 0 and silence.seen and silence.observed is None and silence.rule in judged.rules:
            asked.setdefault(silence.rule, []).append(household)
    return {
        (rule, household): said_of(rows)
        for rule, households in asked.items()
        for household, rows in judged.evidence(rule, np.array(households, dtype=np.int64)).items()
    }


def _to_be_told(judged: Judged, codes: Codes, columns: Mapping[str, int], opens: Mapping[int, loading.Open]) -> Codes:
    wanted: Codes = (codes == FIRES).astype(np.int8)
    for place, alert in opens.items():
        for known in alert.reasons:
            column = columns.get(known.rule)
            if column is not None and wanted[place, column] and _same(judged, place, column, known):
                wanted[place, column] = 0
    return wanted


def _same(judged: Judged, place: int, column: int, known: loading.Known) -> bool:
    return (
        known.status == "active"
        and known.version == judged.rules[known.rule].version
        and (known.observed, known.limit) == judged.measure(place, column)[:2]
    )


def _openings(
    session: Session, chunk: Chunk, *, scan: uuid.UUID, fresh: list[int], reasons: Mapping[Pair, Values], sight: Sight
) -> list[Change]:
    judged = chunk.judged
    before = loading.last_episodes(session, [int(judged.keys[place]) for place in fresh])
    said: dict[int, list[Values]] = {}
    for (place, _), reason in reasons.items():
        said.setdefault(place, []).append(reason)
    changes = []
    for place in fresh:
        last = before.get(int(judged.keys[place]))
        change = raised(judged, place, said=said[place], last=last, scan=scan, unseen=sight.of(place)[0])
        change.quiets_ended = chunk.ended.get(place, [])
        changes.append(change)
    return changes


def _renewals(
    session: Session, chunk: Chunk, *, told: Set[int], reasons: Mapping[Pair, Values], sight: Sight
) -> list[Change]:
    findings = {
        place: _findings(chunk, place, reasons, sight)
        for place, alert in chunk.opens.items()
        if place in told or _touched(chunk, place, alert, sight)
    }
    gone = _gone(session, chunk, findings)
    changes = []
    for place, found in findings.items():
        renewal = Renewal(chunk.judged, place, chunk.opens[place], [one.unless_taken_back(gone) for one in found])
        change = renewal.change(sight.of(place))
        change.quiets_ended = chunk.ended.get(place, [])
        if change.alert_update:
            changes.append(change)
    rest = ((place, alert) for place, alert in chunk.opens.items() if place not in findings)
    changes += [newer for place, alert in rest if (newer := _newer_data(chunk.judged, place, alert))]
    return changes


def _gone(session: Session, chunk: Chunk, findings: Mapping[int, list[Finding]]) -> set[int]:
    """The reasons that fall silent tonight because rows behind them were taken back, shown or not."""
    silent = [
        Fallen(one.known.id, one.rule, chunk.opens[place].household, chunk.opens[place].seen_on)
        for place, found in findings.items()
        for one in found
        if one.known and one.turned == "cleared"
    ]
    shown = taken_back(chunk.judged, loading.evidence_rows(session, [one.reason for one in silent]))
    return shown | taken_back_unseen(chunk.judged, (one for one in silent if one.reason not in shown))


def _newer_data(judged: Judged, place: int, alert: loading.Open) -> Change | None:
    """Date the reasons that newer data confirm as they stand; nobody need be told of that."""
    rows = [
        {"b_id": known.id, "data_on": judged.rules[known.rule].data_on}
        for known in alert.reasons
        if known.status == "active" and known.rule in judged.rules and known.data_on != judged.rules[known.rule].data_on
    ]
    return Change(place, alert.household, reason_updates=rows) if rows else None


def _touched(chunk: Chunk, place: int, alert: loading.Open, sight: Sight) -> bool:
    """Tell whether tonight may change an open alert of which no rule has anything new to say."""
    places = chunk.judged.places
    return (
        alert.standing.lower_since_on is not None
        or (not alert.handed and alert.region != places["region"][place])
        or alert.category != places["category"][place]
        or any(status_after(known.status, chunk.code(place, known.rule)) != known.status for known in alert.reasons)
        or alert.unseen != sight.of(place)[1]
    )


def _findings(chunk: Chunk, place: int, reasons: Mapping[Pair, Values], sight: Sight) -> list[Finding]:
    alert, found = chunk.opens[place], []
    for known in alert.reasons:
        status = status_after(known.status, chunk.code(place, known.rule))
        column = chunk.columns.get(known.rule)
        fresh = None if column is None else reasons.get((place, column))
        lacking = sight.lacking(place, known.rule) if column is not None and status == "unknown" else ["rule"]
        found.append(Finding(known.rule, status, known, fresh, tuple(lacking)))
    stored = {known.rule for known in alert.reasons}
    for column in np.flatnonzero(chunk.wanted[place]).tolist():
        rule = chunk.judged.names[column]
        if rule not in stored:
            found.append(Finding(rule, "active", fresh=reasons[place, column]))
    return found
