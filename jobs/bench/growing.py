"""A larger city from one that was taken in: every household several times, its copies next door in the keys."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import String, delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from monitor import database
from monitor.lake.store import ROW_GROUP
from monitor.service import Service
from monitor.tables import Household, Member

_TURN = 0x9E3779B97F4A7C15  # the copies' fact keys lie apart: the golden ratio's bits, a turn further for each


def grow(service: Service, times: int) -> int:
    """Make the installation hold its city ``times`` times and return how many facts it has then.

    A scan reads facts and households: these are multiplied. It looks neither at people's names, which stay as they are,
    nor at memberships, which go. Done once, before the first scan; nothing may be taken in afterwards.
    """
    if times > 1:
        with database.transaction(service.engine) as session:
            _copy_households(session, times)
    return sum(_copy_facts(path, times) for path in sorted(service.lake.glob("*/*.parquet")))


def _copy_households(session: Session, times: int) -> None:
    """Turn key k into k x times, and add the copies right above it."""
    away = times * ((session.scalar(select(func.max(Household.id))) or 0) + 1)
    session.execute(delete(Member))
    for shift in (Household.id + away, (Household.id - away) * times):
        session.execute(update(Household).values(id=shift), execution_options={"synchronize_session": False})
    same = ["category", "region", "county", "town", "village", "registered"]
    for copy in range(1, times):
        number = Household.household_no + literal(f"-{copy}", String)
        rows = select(Household.id + copy, number, *(getattr(Household, name) for name in same))
        originals = rows.where(Household.id % times == 0)
        session.execute(insert(Household).from_select(["id", "household_no", *same], originals))


def _copy_facts(path: Path, times: int) -> int:
    rows = pq.read_table(path)
    copies = pa.concat_tables(_renumbered(rows, copy, times) for copy in range(times))
    if "person_key" in copies.column_names:
        copies = copies.take(pc.sort_indices(copies, sort_keys=[("person_key", "ascending"), ("row_no", "ascending")]))
    pq.write_table(copies, path, compression="zstd", row_group_size=ROW_GROUP)
    return 0 if path.name.endswith(".gone.parquet") else copies.num_rows


def _renumbered(rows: pa.Table, copy: int, times: int) -> pa.Table:
    for place, name in enumerate(rows.column_names):
        keys = rows.column(name)
        if name == "fact_key":
            rows = rows.set_column(
                place, name, pa.array(keys.to_numpy() ^ np.uint64(_TURN * copy % 2**64).view(np.int64))
            )
        elif name in ("person_key", "household_key"):
            rows = rows.set_column(place, name, pc.add(pc.multiply(keys, times), copy))
    return rows
