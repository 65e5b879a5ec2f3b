"""Where the register contradicts itself: told to whoever keeps it, and nobody is left out for it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from monitor.feeds.checking import Checked
from monitor.matching import names
from monitor.matching.ids import Kind
from monitor.matching.numbers import NO_KEY

HEAD = "02"
RESIDENTS = (Kind.RESIDENT, Kind.EXPANDED)


def note_contradictions(checked: Checked) -> None:
    """Note rows whose number denies the birth date or another row's name, and households without one head."""
    usable = np.flatnonzero(checked.usable())
    keys, kinds = checked.numbers.keys[usable], checked.numbers.kinds[usable]
    rows = pd.DataFrame({"row": usable, "number": keys, "resident": np.isin(kinds, RESIDENTS)})
    rows["household"] = checked.values["household_id"].take(pa.array(usable)).to_pandas()
    _note_births(checked, rows)
    _note_names(checked, rows[rows.number != NO_KEY])
    if "relation" in checked.values:
        rows["head"] = np.array([one == HEAD for one in _taken(checked, "relation", usable)], dtype=np.bool_)
        heads = rows.groupby("household")["head"].transform("sum")
        first = ~rows.household.duplicated()
        checked.faults.note("relation", "head_absent", rows.row[(heads == 0) & first].to_numpy())
        checked.faults.note("relation", "two_heads", rows.row[(heads > 1) & rows["head"]].to_numpy())
    for column in ("category", "region"):
        if column in checked.values:
            rows["said"] = _taken(checked, column, usable)
            several = rows.groupby("household")["said"].transform("nunique") > 1
            first = ~rows.household.duplicated()
            checked.faults.note(column, "household_differs", rows.row[several & first].to_numpy())


def _taken(checked: Checked, column: str, rows: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Sequence[str | None]:
    taken: list[str | None] = checked.values[column].take(pa.array(rows)).to_pylist()
    return taken


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
