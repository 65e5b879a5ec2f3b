"""What really happened: tables beside the deliveries, never inside them, for tests and benchmarks to judge by."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.city.dirt import Spoiled
from jobs.city.life import Life
from jobs.city.people import CATEGORIES, RELATIONS, City
from jobs.city.plan import Flags, Ints
from jobs.city.rows import Coded, Column, Rows

FACTS = frozenset(
    {
        "medical_settlements", "social_insurance", "wages", "disability_certificates", "deaths", "students",
        "housing_safety", "disasters", "vehicles", "real_estate", "benefit_payments", "household_register",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """One file that an agency sent."""

    feed: str
    received_on: date
    file: str


@dataclass
class Ledger:
    """Writes the truth while the city lives; ``facts`` also keeps every clean row of the twelve contract feeds."""

    folder: Path
    facts: bool = True
    rows: dict[str, int] = field(default_factory=dict)
    _writers: dict[str, pq.ParquetWriter] = field(default_factory=dict)

    def enter(self, sent: Sent, rows: Rows, spoiled: list[Spoiled], broken: Ints) -> None:
        """Note one delivery: its blemished and numberless rows, and its facts as the agency meant them."""
        self.rows[sent.feed] = self.rows.get(sent.feed, 0) + len(rows)
        noted = np.isin(np.arange(len(rows)), broken)
        for one in spoiled:
            noted |= one.what > 0
        numbered = {one.about: one for one in spoiled}
        places = np.flatnonzero(noted) if "number" in numbered else np.arange(len(rows))
        columns: dict[str, pa.Array] = {
            "feed": pa.repeat(sent.feed, len(places)),
            "received_on": pa.repeat(pa.scalar(sent.received_on), len(places)),
            "file": pa.repeat(sent.file, len(places)),
            "row_no": pa.array(places + 1, pa.int64()),
            "person": pa.array(rows.person[places], pa.int64()),
            "broken": pa.array(np.isin(places, broken)),
        }
        for about in ("number", "name"):
            one_of = numbered.get(about)
            columns[about] = Coded(one_of.what[places], one_of.kinds).text() if one_of else _none(places)
        self.append("links", columns)
        if self.facts and sent.feed in FACTS:
            self.keep_facts(sent.feed, sent.received_on, rows)

    def keep_facts(self, feed: str, received_on: date, rows: Rows, *, gone: bool = False) -> None:
        """Keep the rows of a delivery; ``gone`` when it takes them back."""
        columns: dict[str, pa.Array] = {
            "received_on": pa.repeat(pa.scalar(received_on), len(rows)),
            "gone": pa.repeat(gone, len(rows)),
            "person": pa.array(rows.person, pa.int64()),
            "number": pa.array(rows.number, pa.int64()),
        }
        self.append(f"facts/{feed}", columns | {name: _plain(column) for name, column in rows.columns.items()})

    def unknown(self, feed: str, received_on: date, rows: Rows) -> None:
        """Note how many rows of a delivery cannot be known, because it is held."""
        columns = {
            "feed": pa.array([feed]),
            "received_on": pa.array([received_on], pa.date32()),
            "rows": pa.array([len(rows)], pa.int64()),
        }
        self.append("held", columns)

    def month(self, life: Life, category: Ints) -> None:
        """Note how every household stands at the end of the month, and the shocks that hit it."""
        homes = len(life.city.households)
        net = life.net_year
        hardship = np.clip(1 - net / life.city.households.line, 0, 1)
        columns = {
            "month": pa.repeat(pa.scalar(life.now.astype("M8[D]").astype(object)), homes),
            "household": pa.array(np.arange(homes, dtype=np.int32)),
            "income": pa.array(life.income),
            "spent": pa.array(life.spent),
            "net_year": pa.array(net),
            "hardship": pa.array(hardship.astype(np.float32)),
            "poor": pa.array(life.poor),
            "category": Coded(category, CATEGORIES).text(),
        }
        self.append("months", columns)
        self._shocks(life)

    def _shocks(self, life: Life) -> None:
        events, home = life.events, life.city.people.household
        parts = (
            ("illness", events.ill, events.ill_cost, life.ill_until[events.ill]),
            ("job_loss", events.lost_work, events.lost_work * 0.0, None),
            ("death", events.died, events.died * 0.0, None),
            ("accident", events.hurt, events.hurt_level.astype(float), None),
        )
        for kind, person, size, until in parts:
            self._shock(life, kind, home[person], person, size, until)
        self._shock(life, "disaster", events.disaster, np.full(len(events.disaster), -1), events.disaster_loss, None)

    def _shock(self, life: Life, kind: str, home: Ints, person: Ints, size: np.ndarray, until: Ints | None) -> None:
        count = len(home)
        ends = until if until is not None else np.full(count, life.index)
        columns = {
            "kind": pa.repeat(kind, count),
            "month": pa.repeat(pa.scalar(life.now.astype("M8[D]").astype(object)), count),
            "household": pa.array(home, pa.int64()),
            "person": pa.array(person, pa.int64()),
            "size": pa.array(np.asarray(size, dtype=np.float64)),
            "months": pa.array(np.asarray(ends, dtype=np.int64) - life.index + 1),
        }
        self.append("shocks", columns)

    def people(self, city: City, died_on: np.ndarray) -> None:
        """Note who everybody is, with what nobody is told: ability and the day of death."""
        people = city.people
        count = len(people)
        columns = {
            "person": pa.array(np.arange(count)),
            "household": pa.array(people.household, pa.int64()),
            "household_no": city.household_no().take(pa.array(people.household)),
            "id_no": people.identities.numbers.slice(0, count),
            "name": people.identities.names.slice(0, count),
            "phone": people.identities.phones.slice(0, count),
            "relation": Coded(people.relation, RELATIONS).text(),
            "birth_on": pa.array(people.birth.astype("M8[D]"), pa.date32()),
            "died_on": pa.array(died_on, pa.date32(), from_pandas=True),
            "ability": pa.array(people.ability),
            "disability": pa.array(people.disability),
            "degree": pa.array(people.degree),
            "village": city.places.codes.take(pa.array(city.households.village[people.household])),
        }
        self.append("people", columns)

    def hardship(self, linked: Flags, city: City) -> None:
        """Note of every household what nobody is told: whether anybody's medical records are missing, and ability."""
        people, homes = city.people, len(city.households)
        missing = np.bincount(people.household, weights=~linked, minlength=homes) > 0
        ability = np.bincount(people.household, weights=people.ability, minlength=homes) / city.households.size
        columns = {"household": pa.array(np.arange(homes)), "linked": pa.array(~missing), "ability": pa.array(ability)}
        self.append("hardship", columns)

    def append(self, table: str, columns: dict[str, pa.Array]) -> None:
        """Add rows to one table of the truth."""
        batch = pa.table(columns)
        if table not in self._writers:
            path = self.folder / f"{table}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[table] = pq.ParquetWriter(path, batch.schema, compression="lz4")
        self._writers[table].write_table(batch)

    def close(self) -> None:
        """Finish the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()


def _none(places: Ints) -> pa.Array:
    return pa.nulls(len(places), pa.string())


def _plain(column: Column) -> pa.Array:
    if isinstance(column, Coded):
        return column.text()
    if isinstance(column, pa.Array):
        return column
    if column.dtype.kind == "M":
        return pa.array(column.astype("M8[D]"), pa.date32(), from_pandas=True)
    return pa.array(column, from_pandas=column.dtype.kind == "f")


@dataclass(frozen=True)
class Truth:
    """The truth of a made-up city, read back."""

    folder: Path

    def table(self, name: str) -> pd.DataFrame:
        """Return ``people``, ``months``, ``shocks``, ``links`` or ``facts/<feed>``."""
        frame: pd.DataFrame = pq.read_table(self.folder / f"{name}.parquet").to_pandas()
        return frame
