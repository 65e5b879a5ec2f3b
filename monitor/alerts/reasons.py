"""A reason in full: everything needed to explain it for ever, made only where something new is said."""

from collections.abc import Iterable, Mapping, Set
from datetime import date
from typing import NamedTuple

import numpy as np

from monitor.alerts.changes import Values
from monitor.alerts.judged import Codes, Evidence, Judged

Pair = tuple[int, int]


class Fallen(NamedTuple):
    """A reason (by id) that fell silent tonight, and the day on which its household was last judged."""

    reason: int
    rule: str
    household: int
    seen_on: date


def write_reasons(judged: Judged, wanted: Codes) -> dict[Pair, Values]:
    """Return the columns of the reason at each (place, rule column) where ``wanted`` is not zero.

    Evidence is asked for once per rule, not once per household.
    """
    evidence = [_evidence(judged, column, wanted) for column in range(len(judged.names))]
    shared = [_shared(judged, rule) for rule in judged.names]
    found: dict[Pair, Values] = {}
    for told in judged.tell(wanted, judged.start):
        observed, limit, excess = judged.measure(told.place, told.column)
        found[told.place, told.column] = shared[told.column] | {
            "sentence_zh": told.sentence_zh,
            "sentence_en": told.sentence_en,
            "parameters": told.parameters,
            "unseen": told.unseen,
            "observed": observed,
            "limit_value": limit,
            "excess": excess,
            "evidence": evidence[told.column].get(int(judged.keys[told.place]), []),
        }
    return found


def _evidence(judged: Judged, column: int, wanted: Codes) -> Evidence:
    places = np.flatnonzero(wanted[:, column])
    return judged.evidence(judged.names[column], judged.keys[places]) if len(places) else {}


def _shared(judged: Judged, rule: str) -> Values:
    terms = judged.rules[rule]
    return {
        "rule": rule,
        "rule_version": terms.version,
        "direction": terms.direction,
        "level": terms.level,
        "status": "active",
        "unit": terms.unit,
        "reference": terms.reference,
        "cooldown_days": terms.cooldown_days,
        "quiet_days": terms.quiet_days,
        "quiet_worse": terms.quiet_worse,
        "lower_is_worse": terms.lower_is_worse,
        "data_on": terms.data_on,
        "cleared_on": None,
        "cleared_by": None,
        "last_on": judged.as_of,
    }


def cleared_by(judged: Judged, rule: str) -> Values:
    """Return the positive evidence of a cleared reason: what was known of each feed, up to which day."""
    feeds = judged.rules[rule].feeds
    return {
        "as_of": judged.as_of.isoformat(),
        "feeds": {feed: None if day is None else day.isoformat() for feed, day in sorted(feeds.items())},
    }


def taken_back(judged: Judged, rows: Mapping[int, Set[tuple[str, int, int]]]) -> set[int]:
    """Return the reasons (by id) of which an agency took back a row that they were raised on."""
    by_feed: dict[str, set[tuple[int, int]]] = {}
    for said in rows.values():
        for feed, delivery, row in said:
            by_feed.setdefault(feed, set()).add((delivery, row))
    gone = {(feed, *row) for feed, asked in by_feed.items() for row in judged.withdrawn(feed, asked)}
    return {id_ for id_, said in rows.items() if said & gone}


def taken_back_unseen(judged: Judged, silent: Iterable[Fallen]) -> set[int]:
    """Return those of the reasons that fell silent of which rows were taken back that an alert does not show."""
    asked: dict[tuple[str, date], dict[int, int]] = {}
    for one in silent:
        if one.rule in judged.rules:
            asked.setdefault((one.rule, one.seen_on), {})[one.household] = one.reason
    return {
        reasons[household]
        for (rule, since), reasons in asked.items()
        for household in judged.taken_back(rule, np.array(sorted(reasons), dtype=np.int64), since)
    }
