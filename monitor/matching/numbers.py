"""ID numbers by the column: the same answers as ``ids.normalise``, millions of rows a second.

A clean column costs one pass of array arithmetic; what is not clean is cleaned in Arrow and tried again, and only
the odd remainder is read one by one.
"""

from collections.abc import Sequence
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
SIGNS = 18
"""The characters of a whole number, its check among them."""
_ZERO, _NINE = 48, 9
_X = ord("X") - _ZERO
_MOST = np.array([_NINE] * 17 + [10])
# For the sieve of slips: each place's weight modulo 11, what undoes it, and what a place is worth in a key.
_WEIGHED = np.array([*ids.WEIGHTS, 1])
_UNDOES = np.array([pow(weight, -1, 11) for weight in (*ids.WEIGHTS, 1)])
_WORTH = np.array([*(10**power for power in range(16, -1, -1)), 0])


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


@dataclass(frozen=True)
class Near:
    """The keys of the numbers one slip from some texts, in the order of ``ids.candidates``: the text of each, its slip.

    ``slips`` below ``SIGNS`` are the place of a wrong sign, those from there on the first of two swapped places. Birth
    dates are not looked at. In ``unsought`` texts a sign is no digit of its place; nothing is sought near them here.
    """

    keys: Keys
    texts: Keys
    slips: Keys
    unsought: Keys


def near(damaged: Sequence[str]) -> Near:
    """Return which numbers lie one slip from texts of eighteen characters."""
    values = np.array(damaged, "<U18").view(np.uint32).reshape(len(damaged), 18).astype(np.int64) - _ZERO
    values[:, 17][values[:, 17] == _X] = 10
    plain = ((values >= 0) & (values <= _MOST)).all(axis=1)
    rows, values = np.flatnonzero(plain), values[plain]
    excess, keys = values @ _WEIGHED - 1, (values @ _WORTH)[:, None]
    right, gained = (values - excess[:, None] * _UNDOES) % 11, np.diff(values)
    found = np.hstack([keys + (right - values) * _WORTH, keys - gained * np.diff(_WORTH)])
    swapped = (excess[:, None] - np.diff(_WEIGHED) * gained) % 11 == 0
    swapped[:, -1] &= values[:, -1] <= _NINE
    told, slips = np.nonzero(np.hstack([right <= _MOST, swapped]))
    return Near(found[told, slips], rows[told], slips, np.flatnonzero(~plain))


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
