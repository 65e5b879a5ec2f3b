"""A scan's verdicts, kept whole beside the lake, and as a table that anyone can compare."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
from sqlalchemy import select

from monitor import database
from monitor.errors import Invalid
from monitor.service import Service
from monitor.tables import Household

_QUOTED = set(',"\r\n')
_SCHEMA = pa.schema(
    [
        ("household_key", pa.int64()),
        ("rule", pa.dictionary(pa.int32(), pa.string())),
        ("verdict", pa.dictionary(pa.int32(), pa.string())),
    ]
)


class Keeper:
    """Collects what fires or is unknown, chunk by chunk, in bounded memory."""

    def __init__(self, writer: pq.ParquetWriter) -> None:
        self._writer = writer
        self.rows = 0

    def keep(self, long: pd.DataFrame) -> None:
        """Add the verdicts of a chunk: household_key, rule, verdict."""
        table = pa.table(
            {
                "household_key": pa.array(long["household_key"], pa.int64()),
                "rule": pa.array(long["rule"].astype("category")).cast(_SCHEMA.field("rule").type),
                "verdict": pa.array(long["verdict"].astype("category")).cast(_SCHEMA.field("verdict").type),
            }
        )
        self.rows += table.num_rows
        self._writer.write_table(table)


@contextmanager
def keeping(path: Path) -> Iterator[Keeper]:
    """Open ``path`` for verdicts; it appears whole when the block ends well, and not at all otherwise.

    Each who keeps writes a file of their own: a worker that was overtaken and wakes must not write into the file of
    the one that took over. Whoever ends first clears away what others left; both had the same to say.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.stem}.{uuid4().hex}.writing")
    with pq.ParquetWriter(aside, _SCHEMA, compression="zstd") as writer:
        yield Keeper(writer)
    with suppress(FileNotFoundError):
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    for left in path.parent.glob(f"{path.stem}.*.writing"):
        left.unlink(missing_ok=True)


def digest(path: Path) -> str:
    """Return the SHA-256 of the file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def export(service: Service, kept: Path, to: Path, *, as_of: date) -> int:
    """Write the verdicts in ``kept`` as CSV to ``to`` and return the number of rows.

    Columns as_of, household_id, rule, verdict, without quotes unless a household number needs them; silent
    verdicts left out; sorted by household_id and rule, so
    that the same deliveries and policy give the same bytes on any machine.
    """
    table = pq.read_table(kept).unify_dictionaries().combine_chunks()
    numbers, place = _numbers(service, table["household_key"].to_numpy())
    rules = table["rule"].combine_chunks() if table.num_rows else pa.array([], _SCHEMA.field("rule").type)
    names = np.asarray(rules.dictionary.to_pylist(), dtype=object)
    order = np.lexsort((_rank(names)[rules.indices.to_numpy()], place)) if table.num_rows else np.array([], np.int64)
    said = pa.table(
        {
            "as_of": pa.repeat(as_of.isoformat(), table.num_rows),
            "household_id": pa.array(numbers, pa.string()).take(pa.array(place[order])),
            "rule": rules.take(pa.array(order)).cast(pa.string()),
            "verdict": table["verdict"].take(pa.array(order)).cast(pa.string()),
        }
    )
    plain = not any(set(number) & _QUOTED for number in numbers)
    if to.is_dir():
        raise Invalid(zh="判定结果须写入文件，这里是一个目录", en="the verdicts go into a file, and this is a folder")
    to.parent.mkdir(parents=True, exist_ok=True)
    aside = to.with_name(to.name + ".writing")
    with aside.open("wb") as file:
        file.write(b"as_of,household_id,rule,verdict\n")
        pc.write_csv(said, file, pc.WriteOptions(include_header=False, quoting_style="none" if plain else "needed"))
    aside.replace(to)
    return int(said.num_rows)


def _numbers(service: Service, keys: npt.NDArray[np.int64]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Return the household numbers in their order as text, and the place in it of each of ``keys``."""
    with database.reading(service.engine) as session:
        found = session.execute(select(Household.id, Household.household_no)).all()
    ids = np.array([id_ for id_, _ in found], dtype=np.int64)
    numbers = np.array([number for _, number in found], dtype=object)
    by_id = np.argsort(ids)
    rank = _rank(numbers)[by_id]
    place = rank[np.searchsorted(ids[by_id], keys)] if len(ids) else np.array([], np.int64)
    return sorted(numbers.tolist()), place


def _rank(texts: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
    """Return the place of each of ``texts`` in their order."""
    ranks = np.empty(len(texts), dtype=np.int64)
    ranks[np.argsort(texts, kind="stable")] = np.arange(len(texts))
    return ranks
