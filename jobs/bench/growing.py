"""A larger city from one that was taken in: the same households several times side by side, under keys of their own."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import String, func, insert, literal, select
from sqlalchemy.orm import Session

from monitor import database
from monitor.lake.store import ROW_GROUP
from monitor.service import Service
from monitor.tables import Household, Person

_TURN = 0x9E3779B97F4A7C15  # the copies' fact keys lie apart: the golden ratio's bits, a turn further for each


def grow(service: Service, times: int) -> int:
    """Make the installation hold its city ``times`` times and return how many facts it has then.

    A scan reads facts and households: these are multiplied, and neither people's names nor memberships, which it does
    not look at. Done once, before the first scan; what was taken in afterwards would speak of the first copy only.
    """
    with database.transaction(service.engine) as session:
        people = session.scalar(select(func.max(Person.id))) or 0
        households = _copy_households(session, times)
    return sum(_copy_facts(path, times, people, households) for path in sorted(service.lake.glob("*/*.parquet")))


def _copy_households(session: Session, times: int) -> int:
    """Add the copies and return by how much the keys of one lie above those of the copy before it."""
    highest = session.scalar(select(func.max(Household.id))) or 0
    same = ["category", "region", "county", "town", "village", "registered"]
    for copy in range(1, times):
        number = Household.household_no + literal(f"-{copy}", String)
        rows = select(Household.id + copy * highest, number, *(getattr(Household, name) for name in same))
        session.execute(
            insert(Household).from_select(["id", "household_no", *same], rows.where(Household.id <= highest))
        )
    return highest


def _copy_facts(path: Path, times: int, people: int, households: int) -> int:
    rows = pq.read_table(path)
    pq.write_table(
        pa.concat_tables(_shifted(rows, copy, people, households) for copy in range(times)),
        path,
        compression="zstd",
        row_group_size=ROW_GROUP,
    )
    return 0 if path.name.endswith(".gone.parquet") else rows.num_rows * times


def _shifted(rows: pa.Table, copy: int, people: int, households: int) -> pa.Table:
    above = {"person_key": copy * people, "household_key": copy * households}
    for place, name in enumerate(rows.column_names):
        keys = rows.column(name)
        if name == "fact_key":
            rows = rows.set_column(
                place, name, pa.array(keys.to_numpy() ^ np.uint64(_TURN * copy % 2**64).view(np.int64))
            )
        elif name in above:
            rows = rows.set_column(place, name, pc.add(keys, above[name]))
    return rows
