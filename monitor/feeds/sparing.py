"""What a full list spares although no good row of it says so: a damaged row must not end the fact that stands.

A row with an error is in the list all the same. As much of it as can be read says which earlier facts it may be:
its key names one; its person, or its household, names those; a row of which nothing can be read may be any, and
then the list ends nothing. What is spared stands until a list comes that can be read.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor.feeds.agreed import REGISTER
from monitor.feeds.bulk import ASKED_AT_ONCE, chunks
from monitor.feeds.checking import Checked
from monitor.feeds.drafts import Desk
from monitor.feeds.facts import damaged, legible
from monitor.feeds.identity import Identified, registered_people
from monitor.feeds.problems import Problem
from monitor.matching import numbers
from monitor.matching.exact import NO_PERSON
from monitor.matching.ids import Kind
from monitor.tables import Household

UNREADABLE = (Kind.MISSING, Kind.INVALID, Kind.DAMAGED, Kind.PRECISION_LOST)
Keys = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def _nobody() -> Keys:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Spared:
    """Which earlier facts may be those of damaged rows: by key, person, household, both of these, or every one."""

    keys: Keys = field(default_factory=_nobody)
    people: Keys = field(default_factory=_nobody)
    homes: Keys = field(default_factory=_nobody)
    pairs: pd.MultiIndex | None = None
    everything: bool = False

    def __bool__(self) -> bool:
        return self.everything or self.pairs is not None or any(map(len, (self.keys, self.people, self.homes)))

    def facts(self, rows: pa.Table) -> pa.Table:
        """Return those of ``rows`` (facts as the lake holds them) that are spared."""
        keys, people = (rows.column(name).to_numpy() for name in ("fact_key", "person_key"))
        homes = rows.column("household_key").to_numpy() if "household_key" in rows.column_names else None
        return rows.filter(pa.array(np.isin(keys, self.keys) | self.members(people, homes)))

    def members(self, people: Keys, homes: Keys | None) -> Mask:
        """Return which people, each in the household beside them, are spared."""
        if self.everything:
            return np.ones(len(people), dtype=np.bool_)
        found: Mask = np.isin(people, self.people)
        if homes is not None:
            found |= np.isin(homes, self.homes)
            if self.pairs is not None:
                found |= pd.MultiIndex.from_arrays([homes, people]).isin(self.pairs)
        return found


def spared(desk: Desk, session: Session, checked: Checked, identified: Identified) -> Spared:
    """Return what the damaged rows of a full list spare; of any other delivery nothing, for it ends only what it names.

    A damaged row of somebody who was never in the register spares nothing.
    """
    bad = np.flatnonzero(~checked.usable())
    if checked.mode != "full" or not (len(bad) or checked.rows > checked.whole):
        return Spared()
    if checked.rows > checked.whole:
        return Spared(everything=True)
    people, unread = _people(desk, session, checked, identified, bad)
    if checked.page.name == REGISTER:
        return _of_register(session, checked, bad, people, unread)
    left = ~legible(checked, identified)[bad]
    return Spared(
        keys=damaged(checked, identified, desk.service.keyring.fact_key).keys,
        people=np.unique(people[left & (people != NO_PERSON)]),
        everything=bool((left & unread).any()),
    )


def _people(desk: Desk, session: Session, checked: Checked, identified: Identified, rows: Keys) -> tuple[Keys, Mask]:
    """Return whose the ``rows`` are, and which of them do not say it legibly."""
    if checked.id_column is None:
        return np.full(len(rows), NO_PERSON, dtype=np.int64), np.ones(len(rows), dtype=np.bool_)
    cells = checked.cells[checked.id_column].take(pa.array(rows))
    people = identified.people[rows]
    if checked.page.name == REGISTER:
        people = registered_people(session, desk.service.keyring, desk.index, cells)
    unread = (people == NO_PERSON) & np.isin(numbers.normalise(cells).kinds, UNREADABLE)
    return people, unread


def _of_register(session: Session, checked: Checked, bad: Keys, people: Keys, unread: Mask) -> Spared:
    homes = _homes(session, checked.values["household_id"].take(pa.array(bad)))
    placed, known = homes != NO_PERSON, people != NO_PERSON
    nameless = pc.is_null(checked.values["household_id"].take(pa.array(bad))).to_numpy(zero_copy_only=False)
    return Spared(
        people=np.unique(people[known & nameless]),
        homes=np.unique(homes[placed & unread]),
        pairs=pd.MultiIndex.from_arrays([homes[placed & known], people[placed & known]]),
        everything=bool((nameless & unread).any()),
    )


def _homes(session: Session, numbers_: pa.Array) -> Keys:
    found: dict[str | None, int] = {}
    for some in chunks(pc.drop_null(pc.unique(numbers_)).to_pylist(), ASKED_AT_ONCE):
        query = select(Household.household_no, Household.id).where(Household.household_no.in_(some))
        found.update((number, key) for number, key in session.execute(query))
    return np.array([found.get(number, NO_PERSON) for number in numbers_.to_pylist()], dtype=np.int64)


def told(kept: int) -> list[Problem]:
    """Return what the sender is told of facts that stand only because rows could not be used."""
    if not kept:
        return []
    return [
        Problem(
            "kept",
            f"{kept} 条原有记录暂予保留：名单中有错误行，可能就是它们；请改正后重发名单",
            f"{kept} earlier records stand for now: rows with errors may be theirs; mend those and send the list again",
            count=kept,
        )
    ]
