"""From checked and identified rows to what the lake stores: one fact a key, people by their surrogate key."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from monitor.feeds.checking import Checked
from monitor.feeds.columns import TYPES
from monitor.feeds.identity import Identified
from monitor.feeds.keys import fact_keys
from monitor.matching.exact import NO_PERSON

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Keyed:
    """The rows that have a key, in the order of the file, each key once: its last row speaks for it."""

    rows: Rows
    keys: Rows
    duplicates: int

    def only(self, kept: npt.NDArray[np.bool_]) -> "Keyed":
        """Return the same with only the ``kept`` rows."""
        return Keyed(self.rows[kept], self.keys[kept], self.duplicates)


def keyed(checked: Checked, identified: Identified, secret: bytes) -> Keyed:
    """Give every usable row its fact key; where the person is part of the key, only known people have one."""
    usable = checked.usable()
    if checked.id_column in checked.page.key:
        usable &= identified.people != NO_PERSON
    return _keyed(checked, identified, secret, np.flatnonzero(usable))


def damaged(checked: Checked, identified: Identified, secret: bytes) -> Keyed:
    """Give a fact key to every row that cannot be used but whose key can be read all the same."""
    return _keyed(checked, identified, secret, np.flatnonzero(legible(checked, identified) & ~checked.usable()))


def legible(checked: Checked, identified: Identified) -> npt.NDArray[np.bool_]:
    """Return of which whole rows the key can be read; where the person is part of it, they must be known."""
    found = np.ones(checked.whole, dtype=np.bool_)
    for name in checked.page.key:
        if checked.page.columns[name].type == "id":
            found &= identified.people != NO_PERSON
        else:
            found &= pc.is_valid(checked.values[name]).to_numpy(zero_copy_only=False)
    return found


def _keyed(checked: Checked, identified: Identified, secret: bytes, rows: Rows) -> Keyed:
    if not len(rows):  # a file without a byte has no columns either
        return Keyed(rows, np.empty(0, np.int64), 0)
    keys = fact_keys([_part(checked, identified, name, rows) for name in checked.page.key], secret)
    last = np.flatnonzero(~pd.Series(keys).duplicated(keep="last").to_numpy())
    return Keyed(rows[last], keys[last], len(rows) - len(last))


def _part(checked: Checked, identified: Identified, name: str, rows: Rows) -> pa.Array:
    if checked.page.columns[name].type == "id":
        return pa.array(identified.people[rows])
    return checked.values[name].take(pa.array(rows))


def facts(checked: Checked, identified: Identified, known: Keyed) -> pa.Table:
    """Return the lake's rows: those of people in the register, without anybody's own data."""
    mine = identified.people[known.rows] != NO_PERSON
    rows = known.rows[mine]
    columns: dict[str, pa.Array] = {
        "fact_key": pa.array(known.keys[mine]),
        "person_key": pa.array(identified.people[rows]),
        "row_no": pa.array(checked.row_no[rows]),
    }
    places = pa.array(rows)
    for name, column in checked.page.columns.items():
        if not column.personal and name in checked.values:
            columns[name] = checked.values[name].take(places).cast(TYPES[column.type])
    return pa.table(columns)
