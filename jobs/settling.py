"""Verdicts into alerts, a batch of households a transaction, each with its place in the ledger."""

import gc
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from jobs import ledger
from jobs.ledger import Lease
from monitor import alerts, audit, database
from monitor.policy import Policy
from monitor.service import today
from monitor.tables import Run
from monitor.work import deadlines

FORM = 1
"""The form of the cursor: a run that was left with another one begins anew, which changes nothing that stands."""
_FIRING = 150_000
_TRIES = 10


@dataclass
class Settler:
    """One scan's way through its households: ``start`` is the chunk and the place in it that come next."""

    lease: Lease
    law: Policy
    scan: uuid.UUID
    as_of: date
    counts: Counter[str]
    start: tuple[int, int]

    def settle(self, number: int, judged: alerts.Judged, *, most: int) -> None:
        """Write a chunk's changes, a part of it planned at a time: memory is bounded whatever share of it fires."""
        place = self.start[1] if number == self.start[0] else 0
        with _without_collector():
            for start, end in judged.cuts(most=_FIRING):
                if end > place:
                    self._part(number, judged.part(start, end), begun=max(place - start, 0), most=most)

    def _part(self, number: int, judged: alerts.Judged, *, begun: int, most: int) -> None:
        changes, tries = self._plan(judged), 0
        while begun < len(judged.keys):
            end = min(begun + most, len(judged.keys))
            batch = Batch(self, judged, changes, number, begun, end)
            try:
                done = ledger.commit(self.lease, batch.write)
            except alerts.Overtaken:
                tries += 1
                if tries == _TRIES:
                    raise
                changes = self._plan(judged)
                continue
            self.counts.update(done)
            begun, tries = end, 0

    def _plan(self, judged: alerts.Judged) -> list[alerts.Change]:
        with database.reading(self.lease.engine) as session:
            return alerts.plan(session, judged, scan=self.scan)


@dataclass(frozen=True)
class Batch:
    """The households of a part from ``begun`` up to ``end``, and what becomes of them."""

    settler: Settler
    judged: alerts.Judged
    changes: Sequence[alerts.Change]
    number: int
    begun: int
    end: int

    def write(self, session: Session, entry: Run) -> Counter[str]:
        """Write alerts, outbox, audit and the cursor in the caller's transaction; return what was done, counted."""
        settler = self.settler
        due = deadlines.clock(session, settler.law, on=today())
        done = alerts.write(session, [one for one in self.changes if self.begun <= one.place < self.end], due=due)
        for county, lowest, highest in _spans(self.judged.table.iloc[self.begun : self.end]):
            alerts.mark_seen(session, county, lowest, highest, as_of=settler.as_of)
        reached = {"chunk": self.number, "place": self.judged.start + self.end}
        entry.cursor = {"form": FORM, "scan": str(settler.scan)} | reached
        entry.counts = dict(settler.counts + done)
        if done:
            audit.record(session, by="scan", action="scan.alerts", subject=str(settler.scan), detail=dict(done))
        return done


@contextmanager
def _without_collector() -> Iterator[None]:
    """A plan is millions of small objects in no cycles: walking them again and again would only cost time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _spans(table: pd.DataFrame) -> list[tuple[str, int, int]]:
    """The lowest and highest household key of each county among ``table``."""
    keys = pd.Series(table.index.to_numpy(dtype=np.int64), index=table["county"].astype(str).to_numpy())
    found = keys.groupby(level=0).agg(["min", "max"])
    return [(str(county), int(low), int(high)) for county, low, high in found.itertuples()]
