"""Verdicts into alerts, a batch of households a transaction, each with its place in the ledger."""

import uuid
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs import ledger
from jobs.ledger import Lease
from jobs.quarantine import Poison, attempt, refuse_too_many
from monitor import alerts, audit, database
from monitor.policy import Policy
from monitor.service import today
from monitor.tables import Quarantine, Run
from monitor.work import deadlines

FORM = 1
"""The form of the cursor: a run that was left with another one begins anew, which changes nothing that stands.

Every form says ``form`` and ``scan``, and beside it counts by name."""
# Changes and households of one transaction: it must be over before anybody at a counter notices. SQLite has one writer.
AT_ONCE = {"sqlite": (150, 2_000), "postgresql": (200, 2_000)}
_FIRING = 150_000
_FEW = 8
_ALL = 1 << 60


@dataclass
class Settler:
    """One scan's way through its households: ``start`` is the chunk and the place in it that come next."""

    lease: Lease
    law: Policy
    scan: uuid.UUID
    as_of: date
    counts: Counter[str]
    start: tuple[int, int]
    aside: list[int] = field(default_factory=list)

    @cached_property
    def clock(self) -> deadlines.Clock:
        """What tells the deadlines of all that this scan raises."""
        return deadlines.Clock(self.law)

    def settle(self, number: int, judged: alerts.Judged, *, most: int, base: int = 0) -> None:
        """Write the changes of a chunk's households from ``base`` on, planned in parts: memory is bounded so.

        One that breaks planning or writing is found by halving and set aside; its alert stays as it was.
        """
        with database.many_rows():
            for begun, end in judged.cuts(most=_FIRING):
                self._isolated(Share(number, base, judged.part(begun, end)), most)

    def set_aside(self, number: int, place: int, household: int, stage: str, poison: Poison) -> None:
        """Put one household into quarantine and go on behind it; a second call for it changes nothing."""
        self.aside.append(household)
        if (number, place) < self.start:
            return

        def write(session: Session, entry: Run) -> None:
            known = select(Quarantine.id).filter_by(run_id=entry.id, household_id=household)
            if session.scalar(known) is None:
                said = {"stage": stage, "error": poison.error, "place": poison.place}
                session.add(Quarantine(run_id=entry.id, household_id=household, as_of=self.as_of, **said))
            self._move(entry, number, place + 1, Counter(quarantined=1))

        ledger.commit(self.lease, write)
        self.counts["quarantined"] += 1
        self.start = (number, place + 1)
        refuse_too_many(self.counts["quarantined"], 0)

    def _isolated(self, share: "Share", most: int) -> None:
        rest = share.behind(self.start)
        if rest is None:
            return
        broken = attempt(partial(self._write, rest, most))
        if not isinstance(broken, Poison):
            return
        rest = share.behind(self.start)
        if rest is None:
            return
        if len(rest.judged.keys) == 1:
            broken = attempt(partial(self._write, rest, most))  # somebody may have been faster than a unique key
            if not isinstance(broken, Poison):
                return
            self.set_aside(rest.number, rest.place(0), int(rest.judged.keys[0]), "settle", broken)
            return
        for half in rest.halves():
            self._isolated(half, most)

    def _write(self, share: "Share", most: int) -> None:
        """Where workers were faster, plan anew and write fewer at once: so few at last that nobody can be faster."""
        changes, begun, size = self._plan(share.judged), 0, most
        while begun < len(share.judged.keys):
            end = self._end(changes, begun, min(begun + size, len(share.judged.keys)))
            batch = Batch(self, share, changes, begun, end, share.judged.spans(begun, end))
            try:
                done = ledger.commit(self.lease, batch.write)
            except alerts.Overtaken:
                if end - begun <= _FEW:
                    raise
                size = (end - begun) // 2
                changes = self._plan_anew(share.judged, changes, begun, begun + size)
                continue
            self.counts.update(done)
            self.start, begun, size = (share.number, share.place(end)), end, min(2 * size, most)

    def _end(self, changes: Sequence[alerts.Change], begun: int, end: int) -> int:
        """Where the batch ends: so early that its transaction is short. The same on every night and run."""
        most_changes, most = AT_ONCE[self.lease.engine.dialect.name]
        crowded = bisect_left(changes, begun, key=lambda one: one.place) + most_changes
        last = changes[crowded].place if crowded < len(changes) else _ALL
        return min(end, begun + most, max(last, begun + 1))

    def _plan(self, judged: alerts.Judged) -> list[alerts.Change]:
        with database.reading(self.lease.engine) as session:
            return planned(session, judged, 0, len(judged.keys), scan=self.scan)

    def _plan_anew(
        self, judged: alerts.Judged, changes: Sequence[alerts.Change], begun: int, end: int
    ) -> list[alerts.Change]:
        """Return ``changes`` with those of the places from ``begun`` up to ``end`` as they are to be now."""
        with database.reading(self.lease.engine) as session:
            anew = planned(session, judged, begun, end, scan=self.scan)
        return _merged([one for one in changes if not begun <= one.place < end], anew)

    def _move(self, entry: Run, number: int, place: int, done: Counter[str]) -> None:
        entry.cursor = {"form": FORM, "scan": str(self.scan), "chunk": number, "place": place}
        entry.counts = dict(self.counts + done)


@dataclass(frozen=True)
class Share:
    """Households of a chunk that are settled together: ``base`` is where their table begins in the chunk."""

    number: int
    base: int
    judged: alerts.Judged

    def place(self, at: int) -> int:
        """Return the place in the chunk of the household at ``at``."""
        return self.base + self.judged.start + at

    def behind(self, start: tuple[int, int]) -> "Share | None":
        """Return those that come at or behind ``start``, if any do."""
        number, place = start
        done = 0 if self.number > number else max(place - self.place(0), 0) if self.number == number else _ALL
        if done >= len(self.judged.keys):
            return None
        return Share(self.number, self.base, self.judged.part(done, len(self.judged.keys)))

    def halves(self) -> tuple["Share", "Share"]:
        """Return the first and the second half."""
        middle, end = len(self.judged.keys) // 2, len(self.judged.keys)
        first, second = self.judged.part(0, middle), self.judged.part(middle, end)
        return Share(self.number, self.base, first), Share(self.number, self.base, second)


@dataclass(frozen=True)
class Batch:
    """The households of a share from ``begun`` up to ``end``, what becomes of them, and their keys by county.

    Nothing is reckoned in the transaction that can be reckoned before: others wait for its end.
    """

    settler: Settler
    share: Share
    changes: Sequence[alerts.Change]
    begun: int
    end: int
    spans: Sequence[alerts.Span]

    def write(self, session: Session, entry: Run) -> Counter[str]:
        """Write alerts, outbox, audit and the cursor in the caller's transaction; return what was done, counted."""
        settler = self.settler
        database.give_way(session)
        due = settler.clock.due(session, on=today())
        done = alerts.write(session, self._on_firm_ground(session), due=due)
        for county, lowest, highest in self.spans:
            alerts.mark_seen(session, county, lowest, highest, as_of=settler.as_of, besides=settler.aside)
        settler._move(entry, self.share.number, self.share.place(self.end), done)
        if done:
            audit.record(session, by="scan", action="scan.alerts", subject=str(settler.scan), detail=dict(done))
        return done

    def _on_firm_ground(self, session: Session) -> list[alerts.Change]:
        """Return the changes of alerts that nobody can change any more, those planned anew that somebody had changed.

        Refuses as overtaken when they are many: planning takes time, and others wait for the transaction's end.
        """
        span = (bisect_left(self.changes, place, key=lambda one: one.place) for place in (self.begun, self.end))
        changes = self.changes[slice(*span)]
        ground = alerts.hold(session, changes)
        moved = ground.moved(changes)
        if len(moved) > _FEW:
            raise alerts.Overtaken
        settler, still = self.settler, [one for one in changes if one.place not in moved]
        firm = [ground.seen(one, self.spans, as_of=settler.as_of, besides=settler.aside) for one in still]
        for place in moved:
            firm += planned(session, self.share.judged, place, place + 1, scan=settler.scan)
        return _merged(firm, [])


def planned(session: Session, judged: alerts.Judged, begun: int, end: int, *, scan: uuid.UUID) -> list[alerts.Change]:
    """Return what becomes of the households at the places from ``begun`` up to ``end``, in their order."""
    changes = alerts.plan(session, judged.part(begun, end), scan=scan)
    return [replace(one, place=one.place + begun) for one in changes] if begun else changes


def _merged(some: Sequence[alerts.Change], others: Sequence[alerts.Change]) -> list[alerts.Change]:
    return sorted([*some, *others], key=lambda one: one.place)
