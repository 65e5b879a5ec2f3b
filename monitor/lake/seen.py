"""Which fact keys the lake's files hold: each file read once in a run, for a file is written once and never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

REMEMBERED = 64_000_000
"""As many keys are kept in memory, eight bytes each; a file beyond them is read again whenever it is asked."""


@dataclass(frozen=True)
class Keys:
    """The keys of one file, and the delivery that said each: one for all, or one beside each key."""

    keys: pa.Array
    seq: int | pa.Array

    def of(self, rows: pa.Array) -> pa.Array:
        """Return the delivery of each of ``rows``."""
        return (
            pa.repeat(pa.scalar(self.seq, pa.int64()), len(rows)) if isinstance(self.seq, int) else self.seq.take(rows)
        )


class SeenKeys:
    """The keys of the files asked so far; one serves one run, which tells it of what it writes and removes."""

    def __init__(self) -> None:
        self._files: dict[Path, Keys] = {}
        self._kept = 0

    def forget(self, path: Path) -> None:
        """Read ``path`` anew when it is next asked; a file never read is no error."""
        gone = self._files.pop(path, None)
        self._kept -= 0 if gone is None else len(gone.keys)

    def last(self, paths: Sequence[Path], asked: pa.Array) -> tuple[list[int], list[int]]:
        """Return which of the keys ``asked`` the files hold, and for each the last delivery that has it."""
        if not paths or not len(asked):
            return [], []
        files = [self._read(path) for path in paths]
        there = pc.is_in(pa.chunked_array([file.keys for file in files], pa.int64()), value_set=asked)
        ends = np.cumsum([len(file.keys) for file in files])[:-1]
        found = [_rows(file, held) for file, held in zip(files, np.split(there.to_numpy(), ends), strict=True)]
        last = pa.concat_tables(found).group_by("fact_key").aggregate([("seq", "max")])
        return last.column("fact_key").to_pylist(), last.column("seq_max").to_pylist()

    def _read(self, path: Path) -> Keys:
        kept = self._files.get(path)
        if kept is not None:
            return kept
        rows = pq.ParquetFile(path).read(["fact_key", "seq"], use_threads=False).combine_chunks()
        keys, said = (rows.column(name).chunk(0) for name in ("fact_key", "seq"))
        least, most = pc.min_max(said).values() if len(said) else (pa.scalar(0), pa.scalar(0))
        read = Keys(keys, least.as_py() if least.equals(most) else said)
        if self._kept + len(keys) <= REMEMBERED:
            self._files[path], self._kept = read, self._kept + len(keys)
        return read


def _rows(file: Keys, held: npt.NDArray[np.bool_]) -> pa.Table:
    rows = pa.array(np.flatnonzero(held))
    return pa.table({"fact_key": file.keys.take(rows), "seq": file.of(rows)})
