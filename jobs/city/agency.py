"""An agency: it sends one feed, late in part, mended later, with strangers and doubles among its rows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from jobs.city import dirt, files
from jobs.city.life import Life
from jobs.city.people import City, padded
from jobs.city.plan import Ints, day_of
from jobs.city.rows import Column, Rows, join
from jobs.city.truth import Ledger, Sent
from jobs.city.world import World

LATE, MENDED, STRANGERS, DOUBLES, BROKEN = 0.02, 0.004, 0.02, 0.002, 0.0003
_STRANGE_NUMBER = 50_000_000
NUMBERLESS = "numberless"
"""The column, never written, that marks rows whose ID number the agency does not have."""


@dataclass(frozen=True)
class Source:
    """One feed: who emits its rows, when they arrive, and which words of a person each row carries.

    ``day`` of the month, ``after`` so many months after that of the facts. ``number`` names the column that is
    made of a row's running number, and its prefix. ``mends`` is the amount that a correction puts right.
    """

    feed: str
    emit: Callable[[World], Rows | None]
    day: int
    after: int = 1
    carries: tuple[str, ...] = ("id_no", "name")
    number: tuple[str, str] | None = None
    mends: str | None = None
    late: float = LATE
    full: bool = False
    strangers: bool = True
    dirt: float = 1.0

    def arrives(self, life: Life) -> date:
        """Return the day on which the rows of this month arrive."""
        return day_of(life.now + self.after, self.day)


@dataclass
class Agency:
    """The state of one feed between two deliveries."""

    city: City
    feed: str
    headers: files.Headers
    addresses: Callable[[Ints], pa.StringArray]
    nil_return: bool = False
    style: files.Style = field(init=False)
    late: list[Rows] = field(default_factory=list)
    mending: list[Rows] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.style = files.habit(self.city.plan.chance("habit", self.feed), self.city.plan.formats)

    def prepare(self, source: Source, rows: Rows, chance: np.random.Generator) -> Rows:
        """Return what is really sent this time: some rows wait, others come after all, some are wrong at first."""
        if not source.full and len(rows):
            waits = chance.random(len(rows)) < source.late
            now = [rows.take(np.flatnonzero(~waits)), *self.late]
            self.late = [rows.take(np.flatnonzero(waits))]
            rows = join([*now, *self.mending])
            self.mending = []
            rows = self._err(source, rows, chance)
        if source.strangers:
            rows = join([rows, self._strangers(rows, chance)])
        doubled = chance.choice(len(rows), int(len(rows) * DOUBLES), replace=False) if len(rows) else np.array([], int)
        places = np.r_[np.arange(len(rows)), doubled]
        return rows.take(chance.permutation(places))

    def _err(self, source: Source, rows: Rows, chance: np.random.Generator) -> Rows:
        if source.mends is None:
            return rows
        wrong = chance.random(len(rows)) < MENDED
        self.mending = [rows.take(np.flatnonzero(wrong))]
        amounts = rows.numbers(source.mends)
        return rows.replace(**{source.mends: np.where(wrong, np.round(amounts * 0.1, 2), amounts)})

    def _strangers(self, rows: Rows, chance: np.random.Generator) -> Rows:
        """Rows of people who are not in the register: an agency serves the whole city."""
        copied = np.flatnonzero((chance.random(len(rows)) < STRANGERS) & (rows.person >= 0))
        strange = rows.take(copied)
        people = self.city.people
        who = len(people) + chance.choice(people.outsiders, len(copied), replace=len(copied) > people.outsiders)
        return Rows(who, strange.number + _STRANGE_NUMBER, strange.columns)

    def write(self, source: Source, rows: Rows, folder: Path, ledger: Ledger, stem: str = "") -> Path:
        """Spoil the rows, write the file, and enter facts and blemishes in the ledger."""
        plan, arrived = self.city.plan, date.fromisoformat(folder.name)
        chance = plan.chance("write", source.feed, folder.name, stem)
        style = files.drift(self.style, chance, plan.formats, len(rows))
        columns, spoiled = self._personal(source, rows, chance)
        columns |= {name: column for name, column in rows.columns.items() if name != NUMBERLESS}
        if source.number:
            name, prefix = source.number
            columns = {name: padded(prefix, rows.number, 10)} | columns
        broken = np.flatnonzero(chance.random(len(rows)) < BROKEN * source.dirt)
        path = files.write(files.Sheet(columns, self.headers, broken), folder, stem or source.feed, style, chance)
        ledger.enter(Sent(source.feed, arrived, path.name), rows, spoiled, broken)
        return path

    def _personal(
        self, source: Source, rows: Rows, chance: np.random.Generator
    ) -> tuple[dict[str, Column], list[dirt.Spoiled]]:
        known = self.city.people.identities
        who = pa.array(rows.person)
        columns: dict[str, Column] = {}
        spoiled = []
        if "id_no" in source.carries:
            clean = known.numbers.take(who)
            spoiled.append(dirt.numbers(chance, clean, _none_of(rows), source.dirt))
            columns["id_no"] = spoiled[-1].texts
        if "name" in source.carries:
            spoiled.append(dirt.names(chance, known.names.take(who), source.dirt))
            columns["name"] = spoiled[-1].texts
        if "phone" in source.carries:
            columns["phone"] = known.phones.take(who)
        if "address" in source.carries:
            columns["address"] = self.addresses(rows.person)
        return columns, spoiled


def _none_of(rows: Rows) -> np.ndarray:
    marked = rows.columns.get(NUMBERLESS)
    return marked if isinstance(marked, np.ndarray) else np.zeros(len(rows), dtype=bool)
