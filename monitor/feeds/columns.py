"""Whole columns: each distinct text is read once, plain numbers are cast, and every fault keeps its rows."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitor.feeds.problems import LISTED, Places, shape
from monitor.feeds.values import Reader, is_null, reader
from monitor.policy.feed_pages import Column

TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "secret": pa.string(),
    "id": pa.string(),
    "name": pa.string(),
    "phone": pa.string(),
    "address": pa.string(),
    "region": pa.string(),
    "code": pa.string(),
    "term": pa.string(),
    "date": pa.date32(),
    "month": pa.date32(),
    "money": pa.decimal128(14, 2),
    "number": pa.float64(),
    "integer": pa.int32(),
    "flag": pa.bool_(),
}
NOTED = frozenset({"date_sentinel"})
ALWAYS_NOTED = frozenset({"region"})
PLAIN_AMOUNT = r"^-?[0-9]{1,11}(\.[0-9]{1,2})?$"
PLAIN_DAY = r"^(19[1-9]|20[0-9])[0-9]-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$"
PLAIN_WORD = r"^[A-Za-z]{0,8}[0-9]{2,50}$"
_NOTHING = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Read:
    """A column as typed values, null where the cell was empty or wrong, and the rows of each fault.

    ``noted`` are rows whose value was set aside but which may be used.
    """

    values: pa.Array
    wrong: dict[str, Places] = field(default_factory=dict)
    shapes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    noted: dict[str, Places] = field(default_factory=dict)


def read_column(column: Column, cells: pa.Array, *, received_on: date, spreadsheet: bool = False) -> Read:
    """Read the cells of one column. A required cell must have a value; a date in the future is noted."""
    read = reader(column, spreadsheet=spreadsheet)
    plain = _plain(column, spreadsheet)
    if column.type == "date":
        values, codes, names = _by_day(column, cells, read)
    else:
        values, codes, names = _quick(column, cells, read, *plain) if plain else _by_word(column, cells, read)
    faults = {name: np.flatnonzero(codes == place + 1) for place, name in enumerate(names)}
    forgiven = ALWAYS_NOTED if column.required else NOTED | ALWAYS_NOTED
    noted = {name: rows for name, rows in faults.items() if name in forgiven}
    wrong = {name: rows for name, rows in faults.items() if name not in noted}
    if column.required:
        empty = np.flatnonzero(pc.is_null(values).to_numpy(zero_copy_only=False) & (codes == 0))
        wrong |= {"missing": empty} if len(empty) else {}
    if column.default is not None and column.type in ("flag", "code"):
        values = pc.fill_null(values, pa.scalar(column.default, TYPES[column.type]))
    if column.type in ("date", "month") and not column.future:
        late = np.flatnonzero(pc.fill_null(pc.greater(values, pa.scalar(received_on)), False))
        noted |= {"date_future": late} if len(late) else {}
    return Read(values, wrong, {name: _shapes(cells, rows) for name, rows in wrong.items()}, noted)


def _plain(column: Column, spreadsheet: bool) -> tuple[str, pa.DataType] | None:
    """The pattern of cells that need no reading one by one, and what to cast them to."""
    if column.type == "money":
        return PLAIN_AMOUNT, TYPES["money"]
    return (PLAIN_WORD, pa.string()) if column.type == "secret" and not spreadsheet else None


def _quick(
    column: Column, cells: pa.Array, read: Reader, pattern: str, kind: pa.DataType
) -> tuple[pa.Array, npt.NDArray[np.uint8], list[str]]:
    fits = pc.match_substring_regex(cells, pattern)
    values = pc.cast(pc.if_else(fits, cells, None), kind)
    if column.low is not None or column.high is not None:
        fits = pc.and_kleene(fits, _within(values, column))
    rest = pc.and_(pc.is_valid(cells), pc.invert(pc.fill_null(fits, True)))
    rows = np.flatnonzero(rest)
    codes = np.zeros(len(cells), dtype=np.uint8)
    if not len(rows):
        return values, codes, []
    others, codes[rows], names = _by_word(column, cells.take(pa.array(rows)), read)
    return pc.replace_with_mask(values, rest, others), codes, names


def _within(values: pa.Array, column: Column) -> pa.Array:
    numbers = pc.cast(values, pa.float64())
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    return pc.and_(pc.greater_equal(numbers, low), pc.less_equal(numbers, high))


def _by_day(column: Column, cells: pa.Array, read: Reader) -> tuple[pa.Array, npt.NDArray[np.uint8], list[str]]:
    encoded = cells.dictionary_encode()
    days, faults, names = _quick(column, encoded.dictionary, read, PLAIN_DAY, TYPES["date"])
    return days.take(encoded.indices), _spread(faults, encoded.indices), names


def _by_word(column: Column, cells: pa.Array, read: Reader) -> tuple[pa.Array, npt.NDArray[np.uint8], list[str]]:
    encoded = cells.dictionary_encode()
    names: list[str] = []
    found, faults = [], []
    for word in encoded.dictionary.to_pylist():
        value, fault = read(word) if column.type == "code" or not is_null(word.strip()) else (None, None)
        if fault and fault not in names:
            names.append(fault)
        found.append(value)
        faults.append(names.index(fault) + 1 if fault else 0)
    values = pa.array(found, TYPES[column.type]).take(encoded.indices)
    return values, _spread(np.array(faults, np.uint8), encoded.indices), names


def _spread(faults: npt.NDArray[np.uint8], words: pa.Array) -> npt.NDArray[np.uint8]:
    """Return the fault of each cell from that of its word; an empty cell has none."""
    places = pc.fill_null(words, len(faults)) if words.null_count else words
    spread: npt.NDArray[np.uint8] = np.append(faults, np.uint8(0))[places.to_numpy()]
    return spread


def _shapes(cells: pa.Array, rows: Places) -> tuple[str, ...]:
    return tuple(shape(cell) for cell in cells.take(pa.array(rows[:LISTED])).to_pylist())
