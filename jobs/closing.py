"""The end of a night: what it does beside judging. Each part is read first, then written in short transactions.

SQLite has one writer: what is read and reckoned within a transaction keeps everybody at a counter waiting.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from jobs import ledger
from jobs.ledger import Lease
from monitor import alerts, database, sampling
from monitor.cases import doubts
from monitor.policy import Policy
from monitor.sampling import Scores
from monitor.tables import Run

BESIDE = frozenset({"choices", "drawn", "suggested", "lapsed"})
"""What is counted of the sample and the suggestions, beside what rules did."""
Withdrawn = Callable[[str, set[tuple[int, int]]], Set[tuple[int, int]]]
_AT_ONCE = 100
Key = TypeVar("Key")


@dataclass(frozen=True)
class Closing:
    """One scan's end: every step is committed with the run's counts, and done again it changes nothing."""

    lease: Lease
    law: Policy
    as_of: date
    region: str
    scores: Scores | None
    scan: uuid.UUID
    counts: Counter[str]

    def settle(self, withdrawn: Withdrawn) -> None:
        """Follow who left the register and what agencies took back, draw the sample, renew the suggestions.

        ``withdrawn`` answers which rows (delivery, row) of a feed an agency took back.
        """
        self._leave()
        self._question(withdrawn)
        self._enter_visits()
        self._draw()
        self._suggest()

    def _leave(self) -> None:
        for some in self._portions(lambda session: alerts.leavers(session, self.region)):
            self._commit("left_register", partial(alerts.left_register, leaving=some, as_of=self.as_of))

    def _question(self, withdrawn: Withdrawn) -> None:
        for some in self._portions(lambda session: doubts.unsupported(session, withdrawn)):
            self._commit("cases_questioned", partial(doubts.question, cases=some, as_of=self.as_of))

    def _enter_visits(self) -> None:
        enter = partial(sampling.enter_visits, law=self.law, as_of=self.as_of, scores=self.scores)
        for some in self._portions(sampling.unentered):
            self._commit("choices", partial(enter, visited=some))

    def _draw(self) -> None:
        with self._reading() as session:
            drawn = list(sampling.samples(session, **self._said()))
        for sample in drawn:
            self._commit("drawn", partial(sampling.enter, sample=sample, scan=self.scan))

    def _suggest(self) -> None:
        with self._reading() as session:
            keep = sampling.wanted(session, **self._said())
        self._commit_all(lambda session: sampling.refresh(session, keep=keep, **self._said()))

    def _said(self) -> dict[str, Any]:
        return {"law": self.law, "as_of": self.as_of, "region": self.region, "scores": self.scores}

    def _reading(self) -> AbstractContextManager[Session]:
        return database.reading(self.lease.engine)

    def _portions(self, read: Callable[[Session], Sequence[Key]]) -> Iterator[Sequence[Key]]:
        with self._reading() as session:
            found = read(session)
        for begun in range(0, len(found), _AT_ONCE):
            yield found[begun : begun + _AT_ONCE]

    def _commit(self, name: str, work: Callable[[Session], int]) -> None:
        self._commit_all(lambda session: Counter({name: work(session)}))

    def _commit_all(self, work: Callable[[Session], Counter[str]]) -> None:
        def write(session: Session, entry: Run) -> Counter[str]:
            done = work(session)
            entry.counts = dict(self.counts + done)
            return done

        self.counts.update(ledger.commit(self.lease, write))
