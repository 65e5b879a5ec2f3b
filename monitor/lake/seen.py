"""Which earlier files said a fact: every delivery asks it of all that came before, so it must cost little a file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

Keys = npt.NDArray[np.int64]
_ROOM = 16  # places in the sieve for each key asked: some six in a hundred other keys pass it


def last_seen(paths: Sequence[Path], asked: pa.Array) -> tuple[list[int], list[int]]:
    """Return which of the keys ``asked`` the files hold, and for each the last delivery that has it."""
    found = list(_met(paths, asked))
    if not found:
        return [], []
    last = pa.concat_tables(found).group_by("fact_key").aggregate([("seq", "max")])
    return last.column("fact_key").to_pylist(), last.column("seq_max").to_pylist()


def _met(paths: Sequence[Path], asked: pa.Array) -> Iterator[pa.Table]:
    """Yield each file's rows of the keys asked: sifted first by some bits of the key, then compared."""
    asked = asked.cast(pa.int64())
    wanted = asked.to_numpy(zero_copy_only=False)
    sieve = np.zeros(1 << (_ROOM * len(wanted)).bit_length(), np.bool_)
    bits = np.int64(len(sieve) - 1)
    sieve[wanted & bits] = True
    ordered = np.sort(wanted)
    for path in paths if len(wanted) else ():
        with pq.ParquetFile(path, memory_map=True) as file:
            keys = file.read(columns=["fact_key"], use_threads=False).column("fact_key").to_numpy()
            places = np.flatnonzero(sieve[keys & bits])
            nearest = np.minimum(np.searchsorted(ordered, keys[places]), len(ordered) - 1)
            hits = ordered[nearest] == keys[places]
            if hits.any():
                yield file.read(columns=["fact_key", "seq"], use_threads=False).take(pa.array(places[hits]))
