"""Where the register contradicts itself: told to whoever keeps it, and nobody is left out for it."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from monitor.feeds.checking import Checked
from monitor.matching import names
from monitor.matching.ids import Kind
from monitor.matching.numbers import NO_KEY

HEAD = "02"
RESIDENTS = (Kind.RESIDENT, Kind.EXPANDED)
Rows = npt.NDArray[np.int64]


def note_contradictions(checked: Checked) -> None:
    """Note rows whose number denies the birth date or another row's name, and households without one head."""
    usable = np.flatnonzero(checked.usable())
    keys, kinds = checked.numbers.keys[usable], checked.numbers.kinds[usable]
    rows = pd.DataFrame({"row": usable, "number": keys, "resident": np.isin(kinds, RESIDENTS)})
    _note_births(checked, rows)
    _note_names(checked, rows[rows.number != NO_KEY])
    homes, first = _households(checked, usable)
    if "relation" in checked.values:
        head = pc.fill_null(pc.equal(_taken(checked, "relation", usable), HEAD), False).to_numpy(zero_copy_only=False)
        heads = np.bincount(homes[head], minlength=len(first))
        checked.faults.note("relation", "head_absent", np.sort(usable[first[heads == 0]]))
        checked.faults.note("relation", "two_heads", usable[(heads > 1)[homes] & head])
    for column in ("category", "region"):
        if column in checked.values:
            several = _differing(_taken(checked, column, usable), homes, len(first))
            checked.faults.note(column, "household_differs", np.sort(usable[first[several]]))


def _households(checked: Checked, rows: Rows) -> tuple[Rows, Rows]:
    """Return for each of ``rows`` the place of its household, and for each household the place of its first row."""
    homes = _taken(checked, "household_id", rows).dictionary_encode().indices.to_numpy().astype(np.int64)
    first = np.zeros(int(homes.max(initial=-1)) + 1, np.int64)
    first[homes[::-1]] = np.arange(len(homes))[::-1]
    return homes, first


def _differing(said: pa.Array, homes: Rows, households: int) -> npt.NDArray[np.bool_]:
    """Return of which households two rows say different things; a row that says nothing differs from none."""
    codes = pc.fill_null(said.dictionary_encode().indices, -1).to_numpy(zero_copy_only=False)
    telling = codes >= 0
    here, codes = homes[telling], codes[telling]
    one, several = np.full(households, -1, codes.dtype), np.zeros(households, np.bool_)
    one[here] = codes
    several[here[codes != one[here]]] = True
    return several


def _taken(checked: Checked, column: str, rows: Rows) -> pa.Array:
    return checked.values[column].take(pa.array(rows))


def _note_births(checked: Checked, rows: pd.DataFrame) -> None:
    """Hold the column against the eight digits of a resident's number."""
    if "birth_on" not in checked.values:
        return
    told = rows.number.to_numpy() // 1000 % 10**8
    said = checked.values["birth_on"].take(pa.array(rows.row.to_numpy()))
    days = pd.Series(said.to_pandas(date_as_object=False))
    written = (days.dt.year * 10_000 + days.dt.month * 100 + days.dt.day).to_numpy()
    differ = rows.resident.to_numpy() & days.notna().to_numpy() & (written != told)
    checked.faults.note("birth_on", "id_birth", rows.row.to_numpy()[differ])


def _note_names(checked: Checked, rows: pd.DataFrame) -> None:
    several = rows[rows.number.duplicated(keep=False)]
    cells = checked.cells["name"].take(pa.array(several.row.to_numpy())).to_pylist()
    folded = pd.Series([names.fold(cell) for cell in cells], index=several.index, dtype=object)
    differ = folded.groupby(several.number).transform("nunique") > 1
    checked.faults.note("id_no", "id_two_names", several.row[differ].to_numpy())
