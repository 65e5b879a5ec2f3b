"""A night's indicators, slice by slice: households whose data break one are found by halving and left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd
from sqlalchemy import Engine, select

from jobs.quarantine import MOST, Poison, attempt, refuse_too_many
from monitor import database, indicators
from monitor.indicators import Answered
from monitor.lake import Lake, Manifest, View
from monitor.policy import Policy
from monitor.tables import Household

APART = -1
"""The number of the chunk of those of whom nothing can be answered: it comes before the first."""
_SAMPLE = 8


@dataclass(frozen=True)
class Asked:
    """What is asked of the lake: every indicator of a region's households, as known on a date."""

    lake: Lake
    policy: Policy
    manifest: Manifest
    as_of: date
    region: str | None
    engine: Engine

    def opened(self) -> View:
        """Open what is known."""
        return indicators.opened(self.lake, self.policy, self.manifest)

    def answered(self, view: View, *, aside: Sequence[int] = ()) -> Answered:
        """Answer for all but the households in ``aside``."""
        return indicators.answer(view, self.policy, as_of=self.as_of, region=self.region, aside=aside)

    def breaks(self, households: Sequence[int]) -> Poison | None:
        """Say how asking about these households alone breaks, if it does."""

        def ask() -> Answered:
            with self.opened() as view:
                return indicators.answer(view, self.policy, as_of=self.as_of, region=self.region, households=households)

        found = attempt(ask)
        return found if isinstance(found, Poison) else None


@dataclass(frozen=True)
class Slice:
    """Households of a chunk from ``start`` on, with every indicator; or one whose data break one, and how."""

    number: int
    start: int
    table: pd.DataFrame
    broken: Poison | None = None


def slices(view: View, asked: Asked, *, rows: int) -> Iterator[Slice]:
    """Yield the households ``rows`` at a time, in the order of county and key; ``view`` is what was opened for them.

    Equal data are cut alike every time, whoever breaks. Refuses when what breaks is no single household.
    """
    found = attempt(lambda: asked.answered(view))
    if isinstance(found, Poison):
        apart = list(_broken(asked))
        for place, (household, poison) in enumerate(apart):
            yield Slice(APART, place, _nothing_of(household), poison)
        found = asked.answered(view, aside=[household for household, _ in apart])
    for number, start in enumerate(range(0, found.count, rows)):
        yield from _read(found, number, start, start, min(start + rows, found.count))


def _read(found: Answered, number: int, base: int, start: int, stop: int) -> Iterator[Slice]:
    table = attempt(lambda: found.table(start, stop))
    if not isinstance(table, Poison):
        yield Slice(number, start - base, table)
    elif stop - start == 1:
        yield Slice(number, start - base, _nothing_of(found.household(start)), table)
    else:
        middle = (start + stop) // 2
        yield from _read(found, number, base, start, middle)
        yield from _read(found, number, base, middle, stop)


def _broken(asked: Asked) -> Iterator[tuple[int, Poison]]:
    """Find those who break the statements for everybody, a sample first: a broken rule would cost hours."""
    with database.reading(asked.engine) as session:
        everybody = list(session.scalars(select(Household.id).order_by(Household.id)))
    some = everybody[:: max(len(everybody) // _SAMPLE, 1)]
    refuse_too_many(sum(asked.breaks([one]) is not None for one in some), len(some))
    for count, found in enumerate(_halved(asked, everybody), start=1):
        refuse_too_many(count, max(len(everybody), MOST))
        yield found


def _halved(asked: Asked, households: Sequence[int]) -> Iterator[tuple[int, Poison]]:
    poison = asked.breaks(households) if households else None
    if poison is None:
        return
    if len(households) == 1:
        yield households[0], poison
        return
    middle = len(households) // 2
    yield from _halved(asked, households[:middle])
    yield from _halved(asked, households[middle:])


def _nothing_of(household: int) -> pd.DataFrame:
    return pd.DataFrame(index=pd.Index([household], dtype="int64", name="household_key"))
