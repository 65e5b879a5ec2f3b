"""What a scan hands over: a chunk of households as judged, and where to ask for words and evidence."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

FIRES, SILENT, UNKNOWN, HELD = 1, 0, -1, 2

Json = dict[str, Any]
Keys = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float64]
Row = tuple[int, int]
Evidence = Mapping[int, list[Json]]
Span = tuple[str, int, int]
"""A county, and the lowest and the highest household key in it."""
NOBODY: Set[int] = frozenset()


@dataclass(frozen=True)
class Terms:
    """What an alert keeps of a rule's page, and the newest delivery of each feed that the rule reads."""

    version: str
    level: str
    direction: str
    needs: frozenset[str]
    cooldown_days: int
    quiet_days: int
    quiet_worse: float
    lower_is_worse: bool
    unit: str
    reference: Json
    feeds: Mapping[str, date | None]

    @property
    def data_on(self) -> date | None:
        """The date up to which every feed that the rule reads has spoken: the oldest of their newest."""
        return min((day for day in self.feeds.values() if day is not None), default=None)


class Told(NamedTuple):
    """A rule's words for one household (place in the table), with the values of policy they rest on."""

    place: int
    column: int
    sentence_zh: str
    sentence_en: str
    parameters: list[Json]
    unseen: list[str]


@dataclass(frozen=True)
class Measured:
    """Observed value, limit and excess of the households at ``places``, one column per rule; NaN where none."""

    places: Keys
    observed: Floats
    limits: Floats
    excess: Floats


@dataclass(frozen=True)
class Judged:
    """Households judged as of one date, in the order of the scan.

    ``table`` has a row per household (index: household key) with ``region``, ``county``, ``town``,
    ``category`` and every indicator; ``codes`` a column per rule, in the order of ``rules``. ``tell`` gives
    the words for the marked (place, column) pairs of a part that begins at ``start``, ``evidence`` the rows
    behind a rule for households by key, ``withdrawn`` which rows (delivery, row number) of a feed their
    agency took back, ``taken_back`` which households lost rows behind a rule so since a day.
    """

    as_of: date
    table: pd.DataFrame
    codes: Codes
    measured: Measured
    rules: Mapping[str, Terms]
    tell: Callable[[Codes, int], Iterable[Told]]
    evidence: Callable[[str, Keys], Evidence]
    withdrawn: Callable[[str, Set[Row]], Set[Row]]
    start: int = 0
    tenths: Keys | None = None
    taken_back: Callable[[str, Keys, date], Set[int]] = lambda rule, households, since: NOBODY

    @cached_property
    def names(self) -> list[str]:
        """The rules, in the order of the columns of ``codes``."""
        return list(self.rules)

    @cached_property
    def keys(self) -> Keys:
        return self.table.index.to_numpy(dtype=np.int64)

    @cached_property
    def places(self) -> dict[str, list[str | None]]:
        """Where each household lives and its category, as plain texts."""
        return {name: _texts(self.table[name]) for name in ("region", "county", "town", "category")}

    def part(self, start: int, end: int) -> "Judged":
        """Return the households at the places from ``start`` up to ``end``, which become 0 and on."""
        said = self.measured
        inside = slice(*np.searchsorted(said.places, [start, end]).tolist())
        measured = Measured(
            said.places[inside] - start, said.observed[inside], said.limits[inside], said.excess[inside]
        )
        return replace(
            self,
            table=self.table.iloc[start:end],
            codes=self.codes[start:end],
            measured=measured,
            start=self.start + start,
            tenths=None if self.tenths is None else self.tenths[start:end],
        )

    def tenth(self, place: int) -> int:
        """Return in which tenth of the score the household stands, 0 the highest; 0 for all without a score."""
        return 0 if self.tenths is None else int(self.tenths[place])

    def cuts(self, *, most: int) -> list[tuple[int, int]]:
        """Return spans of places that cover all households, each of one household or of ``most`` firing verdicts."""
        fired = np.cumsum((self.codes == FIRES).sum(axis=1))
        cuts, start = [], 0
        while start < len(fired):
            before = int(fired[start - 1]) if start else 0
            end = max(int(np.searchsorted(fired, before + most, side="right")), start + 1)
            cuts.append((start, end))
            start = end
        return cuts

    def spans(self, start: int, end: int) -> list[Span]:
        """Return the lowest and the highest household key of each county among the places from ``start`` to ``end``."""
        codes, counties = self._counties
        inside, keys = codes[start:end], self.keys[start:end]
        there = [(str(counties[code]), keys[inside == code]) for code in np.unique(inside[inside >= 0]).tolist()]
        return sorted((county, int(some.min()), int(some.max())) for county, some in there)

    def find(self, households: Sequence[int]) -> list[int]:
        """Return the place of each household in the table, -1 where it has none."""
        wanted = pd.Index(np.asarray(households, dtype=np.int64))
        return [int(place) for place in self.table.index.get_indexer(wanted)]

    def measure(self, place: int, column: int) -> tuple[float | None, float | None, float | None]:
        """Return observed value, limit and excess at a firing verdict, to six decimals as rules compare them."""
        row, said = self._row[place], self.measured
        return _number(said.observed[row, column]), _number(said.limits[row, column]), _number(said.excess[row, column])

    @cached_property
    def _counties(self) -> tuple[Keys, pd.Index]:
        """Each household's place among the counties, -1 where none is known, and the counties."""
        return pd.factorize(self.table["county"])

    @cached_property
    def _row(self) -> Keys:
        rows = np.full(len(self.keys), -1, dtype=np.int64)
        rows[self.measured.places] = np.arange(len(self.measured.places))
        return rows


def _number(value: np.float64) -> float | None:
    number = float(value)
    return None if number != number else round(number, 6)


def _texts(column: pd.Series) -> list[str | None]:
    return column.astype(object).where(column.notna(), None).tolist()
