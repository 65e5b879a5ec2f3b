"""Which earlier files said a fact: every delivery asks it of all that came before, so it must cost little a file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

Keys = npt.NDArray[np.int64]
_ROOM = 8  # places in a sieve for each key at least: of others six to twelve in a hundred pass it
_OTHER_BITS = 32
_MOST_KEPT = 1 << 25


class Read:
    """The keys of files, each read once in the life of a lake: a file that a delivery names never changes.

    Beyond some thirty millions nothing more is kept. Who writes or removes a file has it forgotten.
    """

    def __init__(self) -> None:
        self._keys: dict[Path, Keys] = {}
        self._room = _MOST_KEPT

    def keys(self, path: Path) -> Keys:
        """Return the keys of the facts in a file, in its order."""
        found = self._keys.get(path)
        if found is None:
            with pq.ParquetFile(path) as file:
                found = file.read(columns=["fact_key"], use_threads=False).column("fact_key").to_numpy()
            if len(found) <= self._room:
                self._keys[path] = found
                self._room -= len(found)
        return found

    def forget(self, path: Path) -> None:
        """Read the file anew when it is asked for again."""
        self._room += len(self._keys.pop(path, ()))


def last_seen(paths: Sequence[Path], asked: pa.Array, read: Read) -> tuple[list[int], list[int]]:
    """Return which of the keys ``asked`` the files hold, and for each the last delivery that has it."""
    found = list(_met(paths, asked.cast(pa.int64()).to_numpy(zero_copy_only=False), read))
    if not found:
        return [], []
    last = pa.concat_tables(found).group_by("fact_key").aggregate([("seq", "max")])
    return last.column("fact_key").to_pylist(), last.column("seq_max").to_pylist()


def _met(paths: Sequence[Path], asked: Keys, read: Read) -> Iterator[pa.Table]:
    """Yield the rows of the keys asked, file by file: sifted by some bits of the key, by others, and then compared."""
    coarse, fine = _Sieve(asked), _Sieve(asked >> _OTHER_BITS)
    likely = []
    for path in paths if len(asked) else ():
        keys = read.keys(path)
        places = coarse.passing(keys)
        places = places[fine.passing(keys[places] >> _OTHER_BITS)]
        if len(places):
            likely.append((path, places, keys[places]))
    if not likely:
        return
    seen = np.concatenate([keys for _, _, keys in likely])
    hits = np.isin(seen, asked[_Sieve(seen).passing(asked)])
    ends = np.cumsum([len(keys) for _, _, keys in likely])
    for (path, places, _), mine in zip(likely, np.split(hits, ends[:-1]), strict=True):
        if mine.any():
            with pq.ParquetFile(path, memory_map=True) as file:
                yield file.read(columns=["fact_key", "seq"], use_threads=False).take(pa.array(places[mine]))


class _Sieve:
    """Some keys by a few of their bits: of all others few pass."""

    def __init__(self, keys: Keys) -> None:
        self._marked = np.zeros(1 << (_ROOM * len(keys)).bit_length(), np.bool_)
        self._bits = np.int64(len(self._marked) - 1)
        self._marked[keys & self._bits] = True

    def passing(self, keys: Keys) -> Keys:
        """Return the places of the keys that may be among those; of those it was made of, all."""
        return np.flatnonzero(self._marked.take(keys & self._bits, mode="clip"))
