"""An open alert on another night: what its reasons became, and with them its level and its place."""

from collections.abc import Set
from dataclasses import dataclass, replace
from typing import Any

from monitor.alerts import levels
from monitor.alerts.changes import LIVE, Change, Values, excess_at, ordered, where
from monitor.alerts.judged import FIRES, SILENT, UNKNOWN, Judged
from monitor.alerts.loading import Known, Open
from monitor.alerts.reasons import cleared_by
from monitor.alerts.unseen import Unseen
from monitor.lifecycle import awake, leap
from monitor.tables import utc_now

WITHDRAWN = "ERR_WITHDRAWN"


def status_after(status: str, code: int) -> str:
    """Return what becomes of a reason when its rule says ``code``.

    Only a silent verdict clears, and it is never given on data that are missing or stale; what cannot be
    seen makes a live reason unknown and leaves one that ended as it ended.
    """
    if code == FIRES:
        return "active"
    if code == SILENT and status in LIVE:
        return "cleared"
    if code == UNKNOWN and status == "active":
        return "unknown"
    return status


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason of an open alert tonight: as stored (or new), what it becomes, and words if they are new."""

    rule: str
    status: str
    known: Known | None = None
    fresh: Values | None = None
    lacking: tuple[str, ...] = ()

    def unless_taken_back(self, gone: Set[int]) -> "Finding":
        """Return the finding as annulled when it would clear only because its agency took the evidence back."""
        if self.known and self.status == "cleared" and self.known.status in LIVE and self.known.id in gone:
            return replace(self, status="annulled")
        return self

    @property
    def turned(self) -> str | None:
        """What the timeline says of it: added, active, unknown, cleared, annulled; None when it stays."""
        if self.known is None:
            return "added"
        return self.status if self.status != self.known.status else None


@dataclass(slots=True)
class Renewal:
    """An open alert, tonight's findings on it, and what follows from them."""

    judged: Judged
    place: int
    alert: Open
    findings: list[Finding]

    def change(self, unseen: tuple[Unseen, str]) -> Change:
        """Return the rows to write; a Change without rows when nothing is new."""
        change = Change(self.place, self.alert.household, region=self.alert.region)
        reasons = ordered([self._after(finding) for finding in self.findings])
        self._tell_turns(change)
        for number, reason in enumerate(reasons):
            self._write_reason(change, reason, number)
        update = self._region() | self._standing(change, reasons) | self._waking(change) | self._ending(change, reasons)
        if unseen[1] != self.alert.unseen:
            update["unseen"] = unseen[0]
        visible = bool(update.keys() - {"lower_level", "lower_since_on"} or change.reasons or change.reason_updates)
        if update or visible:
            change.alert_update = update | {
                "b_id": self.alert.id,
                "b_version": self.alert.version,
                "version": self.alert.version + visible,
            }
            change.count("renewed", int(visible))
        return change

    def _after(self, finding: Finding) -> Values:
        known, fresh = finding.known, finding.fresh
        said: dict[str, Any] = {"finding": finding, "rule": finding.rule, "status": finding.status}
        if fresh is not None:
            return said | {key: fresh[key] for key in ("level", "excess", "cooldown_days")}
        if known is None:
            raise ValueError("a reason that is not stored needs its words")
        return said | {"level": known.level, "excess": known.excess, "cooldown_days": known.cooldown_days}

    def _write_reason(self, change: Change, reason: Values, number: int) -> None:
        finding: Finding = reason["finding"]
        if finding.known is None:
            first = {"alert_id": self.alert.id, "first_on": self.judged.as_of, "place": number}
            change.reasons.append((finding.fresh or {}) | first)
            return
        update = self._reason_update(finding, finding.known)
        if number != finding.known.place:
            update["place"] = number
        if update:
            change.reason_updates.append(update | {"b_id": finding.known.id})

    def _reason_update(self, finding: Finding, known: Known) -> Values:
        if finding.fresh is not None:
            return dict(finding.fresh) | self._before(finding.fresh, known)
        if finding.status == known.status:
            return self._newer_data(known)
        left: Values = {"status": finding.status}
        if known.status == "active":
            left["last_on"] = self.alert.seen_on
        if finding.status == "unknown":
            return left | {"unseen": list(finding.lacking)}
        proof = cleared_by(self.judged, finding.rule) | ({"code": WITHDRAWN} if finding.status == "annulled" else {})
        return left | {"cleared_on": self.judged.as_of, "cleared_by": proof}

    def _before(self, fresh: Values, known: Known) -> Values:
        """What was measured until now, and the last day it was, where something else is measured tonight."""
        if known.observed is None or known.observed == fresh["observed"]:
            return {}
        last_on = self.alert.seen_on if known.status == "active" else known.last_on
        return {"observed_before": known.observed, "before_on": last_on}

    def _newer_data(self, known: Known) -> Values:
        newest = self.judged.rules[known.rule].data_on if known.rule in self.judged.rules else known.data_on
        return {"data_on": newest} if known.status == "active" and known.data_on != newest else {}

    def _region(self) -> Values:
        update: Values = {}
        category = self.judged.places["category"][self.place]
        if category != self.alert.category:
            update["category"] = category
        if self._moves():
            update |= where(self.judged, self.place)
        return update

    def _moves(self) -> bool:
        """Whether it goes with its household; what a person handed to another region stays there."""
        return not self.alert.handed and self.judged.places["region"][self.place] not in (None, self.alert.region)

    def _waking(self, change: Change) -> Values:
        """Bring back what was put off until it worsens, when a reason was added or came back, or the level rose."""
        worse = any(finding.turned in ("added", "active") for finding in self.findings)
        risen = any(event["kind"] == "escalated" for event in change.events)
        if self.alert.status != "snoozed" or not self.alert.wakes_on_worse or not (worse or risen):
            return {}
        leap("resume", self.alert.status)
        status = awake(self.alert.paused_from, owned=self.alert.owned)
        detail = {"before": self.alert.status, "after": status}
        change.tell(self.alert.id, "resumed", as_of=self.judged.as_of, detail=detail)
        change.told_edge("resume", self.alert.version + 1)
        change.events[-1]["why"] = "WORSE"
        return {"status": status, "paused_from": None, "paused_until": None, "wakes_on_worse": False}

    def _standing(self, change: Change, reasons: list[Values]) -> Values:
        before, as_of = self.alert.standing, self.judged.as_of
        wanted = levels.highest(reason["level"] for reason in reasons if reason["status"] in LIVE)
        held_by = [reason["cooldown_days"] for reason in reasons if reason["level"] == before.level]
        after, step = levels.settle(before, wanted, as_of=as_of, cooldown_days=max(held_by, default=0))
        if step is not None:
            detail = {"from": before.level, "to": after.level}
            change.tell(self.alert.id, step, as_of=as_of, detail=detail, outside=True)
        update: Values = {}
        if after != before:
            update = {"lower_level": after.lower_level, "lower_since_on": after.lower_since_on}
        if step is not None:
            update |= {"level": after.level, "level_since_on": after.since_on}
        tenth = self.judged.tenth(self.place)
        rank = levels.rank(after.level, excess_at(after.level, reasons), self.alert.opened_on, tenth=tenth)
        return update | ({"rank": rank} if rank != self.alert.rank else {})

    def _ending(self, change: Change, reasons: list[Values]) -> Values:
        """Mark an alert without live reasons; only one whose every reason was annulled ends by itself.

        One that somebody opened again is theirs to end.
        """
        as_of, statuses = self.judged.as_of, {reason["status"] for reason in reasons}
        if statuses == {"annulled"} and self.alert.status != "reopened":
            status = leap("annul", self.alert.status)
            detail = {"code": WITHDRAWN, "before": self.alert.status, "after": status}
            change.tell(self.alert.id, "annulled", as_of=as_of, detail=detail, outside=True)
            change.told_edge("annul", self.alert.version + 1)
            change.events[-1]["why"] = WITHDRAWN
            ended = {"status": status, "closed_at": utc_now(), "closed_why": WITHDRAWN}
            return ended | {"paused_from": None, "paused_until": None, "wakes_on_worse": False}
        cleared = not statuses & set(LIVE)
        if cleared and self.alert.cleared_on is None:
            change.tell(self.alert.id, "all_cleared", as_of=as_of, detail={})
            return {"cleared_on": as_of}
        return {"cleared_on": None} if not cleared and self.alert.cleared_on is not None else {}

    def _tell_turns(self, change: Change) -> None:
        turns: dict[str, list[str]] = {}
        for finding in self.findings:
            if finding.turned:
                turns.setdefault(finding.turned, []).append(finding.rule)
                change.count(f"reasons_{finding.turned}")
        if turns:
            change.tell(self.alert.id, "evidence", as_of=self.judged.as_of, detail=turns)
        if self._moves():
            detail = {"from": self.alert.region, "to": self.judged.places["region"][self.place]}
            change.tell(self.alert.id, "moved", as_of=self.judged.as_of, detail=detail)
