"""ID numbers by the column: the same answers as ``ids.normalise``, millions of rows a second.

A clean column costs one pass of array arithmetic; what is not clean is cleaned in Arrow and tried again, and only
the odd remainder is read one by one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitor.matching import ids
from monitor.matching.ids import Kind

Keys = npt.NDArray[np.int64]
NO_KEY = -1
_ROWS = 1 << 12  # more at once, and the matrix library would share them among threads that wait at full speed
_NOISE = f"[{ids.SPACES}{ids.QUOTES}]"
_HIGH = [10.0**power for power in range(8, -1, -1)]
_LOW = [10.0**power for power in range(7, -1, -1)]
# One multiplication gives a row's checksum and its seventeen digits in two halves that a double holds exactly.
_FACTORS = np.array([ids.WEIGHTS, _HIGH + [0.0] * 8, [0.0] * 9 + _LOW]).T
_CHECKS = np.frombuffer(ids.CHECKS.encode(), np.uint8)
_ZERO, _NINE = 48, 9


@dataclass(frozen=True)
class Numbers:
    """A column read: each row's kind, and its number as its first seventeen digits (``NO_KEY``: it has none).

    The check character follows from the seventeen digits. Usable numbers of another form stand in
    ``others`` by row.
    """

    kinds: npt.NDArray[np.int8]
    keys: Keys
    others: dict[int, str]

    def text(self, row: int) -> str | None:
        """Return the canonical number of a row; None if it may not be matched."""
        return self.others.get(row) if self.keys[row] == NO_KEY else text_of(int(self.keys[row]))


def text_of(key: int) -> str:
    """Return the 18-digit number whose first seventeen digits are ``key``."""
    digits = f"{key:017d}"
    return digits + ids.check_digit(digits)


def key_of(number: str) -> int:
    """Return the key of a canonical number; ``NO_KEY`` for one without eighteen checked digits."""
    return int(number[:17]) if ids.checksum_ok(number) else NO_KEY


def normalise(column: pa.Array | pa.ChunkedArray) -> Numbers:
    """Read a text column (dictionary-encoded or not); row by row the answer is that of ``ids.normalise``."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    column = column.cast(pa.large_string())
    kinds = np.full(len(column), Kind.MISSING, np.int8)
    keys = np.full(len(column), NO_KEY, np.int64)
    read = Numbers(kinds, keys, {})
    rest = _read_18(column, np.arange(len(column)), read)
    if len(rest):
        _read_rest(column.take(pa.array(rest)), rest, read)
    return read


def _read_rest(column: pa.Array, rows: Keys, into: Numbers) -> None:
    cleaned = pc.ascii_upper(pc.replace_substring_regex(column, _NOISE, ""))
    odd = _read_18(cleaned, rows, into)
    at = np.searchsorted(rows, odd)
    odd = _read_15(cleaned.take(pa.array(at)), odd, into)
    for row, text in zip(odd.tolist(), column.take(pa.array(np.searchsorted(rows, odd))).to_pylist(), strict=True):
        one = ids.normalise(text)
        into.kinds[row] = one.kind
        if one.number is not None:
            into.keys[row] = key_of(one.number)
            if into.keys[row] == NO_KEY:
                into.others[row] = one.number


def _read_18(column: pa.Array, rows: Keys, into: Numbers) -> Keys:
    """Read the valid 18-digit numbers of ``column`` into their ``rows`` and return the rows left over."""
    starts, data, lengths = _parts(column)
    left = lengths != 18
    for at in np.array_split(np.flatnonzero(~left), max(1, len(column) // _ROWS)):
        characters = data[starts[at][:, None] + np.arange(18)]
        digits = characters[:, :17] - _ZERO
        sums, keys = _sums(digits)
        good = (digits <= _NINE).all(axis=1) & (_CHECKS[sums % 11] == characters[:, 17])
        left[at[~good]] = True
        into.keys[rows[at[good]]] = keys[good]
        into.kinds[rows[at[good]]] = _kinds_of(keys[good])
    rest: Keys = rows[left]
    return rest


def _read_15(column: pa.Array, rows: Keys, into: Numbers) -> Keys:
    """Read the 15-digit numbers of ``column``, century 19, and return the rows left over."""
    starts, data, lengths = _parts(column)
    left = lengths != 15
    at = np.flatnonzero(~left)
    digits = np.empty((len(at), 17), np.uint8)
    characters = data[starts[at][:, None] + np.arange(15)] - _ZERO
    digits[:, :6], digits[:, 6:8], digits[:, 8:] = characters[:, :6], (1, 9), characters[:, 6:]
    good = (digits <= _NINE).all(axis=1)
    left[at[~good]] = True
    into.keys[rows[at[good]]] = _sums(digits[good])[1]
    into.kinds[rows[at[good]]] = Kind.EXPANDED
    rest: Keys = rows[left]
    return rest


def _sums(digits: npt.NDArray[np.uint8]) -> tuple[Keys, Keys]:
    sums = (digits.astype(np.float64) @ _FACTORS).astype(np.int64)
    return sums[:, 0], sums[:, 1] * 10**8 + sums[:, 2]


def _kinds_of(keys: Keys) -> npt.NDArray[np.int8]:
    """The first two digits of a valid number tell its kind."""
    first = keys // 10**15
    kinds = np.full(len(keys), Kind.RESIDENT, np.int8)
    kinds[(first >= 81) & (first <= 83)] = Kind.PERMIT
    kinds[first >= 90] = Kind.FOREIGNER
    return kinds


def _parts(column: pa.Array) -> tuple[Keys, npt.NDArray[np.uint8], Keys]:
    """Return where each text starts, the bytes, and each length (0 for null) without copying a text."""
    _, offsets, data = column.buffers()
    at = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    lengths = np.diff(at)
    if column.null_count:
        lengths = np.where(column.is_null().to_numpy(zero_copy_only=False), 0, lengths)
    return at[:-1], np.frombuffer(data or b"", np.uint8), lengths
