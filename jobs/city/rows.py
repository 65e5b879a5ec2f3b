"""The rows that an agency is about to send: typed columns, one index of a person a row, nothing dirty yet."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from jobs.city.plan import Ints


@dataclass(frozen=True)
class Coded:
    """A column of a few words, kept as places in ``words``; -1 is an empty cell."""

    places: Ints
    words: tuple[str, ...]

    def text(self) -> pa.StringArray:
        """Return the words themselves."""
        return pa.array(self.words, pa.string()).take(pa.array(self.places, mask=np.asarray(self.places) < 0))


Column: TypeAlias = np.ndarray | pa.Array | Coded


@dataclass(frozen=True)
class Rows:
    """``person`` counts the city's members, then its outsiders; -1 is nobody. ``number`` makes the key of a row."""

    person: Ints
    number: Ints
    columns: dict[str, Column]

    def __len__(self) -> int:
        return len(self.person)

    def numbers(self, name: str) -> np.ndarray:
        """Return a column of numbers, dates or flags; refuses one of words."""
        column = self.columns[name]
        if not isinstance(column, np.ndarray):
            raise TypeError(f"{name} is a column of words")
        return column

    def take(self, places: Ints) -> "Rows":
        """Return the rows at ``places``, in that order."""
        columns = {name: _take(column, places) for name, column in self.columns.items()}
        return Rows(self.person[places], self.number[places], columns)

    def replace(self, **changed: Column) -> "Rows":
        """Return the rows with some columns changed."""
        return Rows(self.person, self.number, self.columns | changed)


def join(parts: list[Rows]) -> Rows:
    """Return the rows of all ``parts``, which have the same columns."""
    if len(parts) == 1:
        return parts[0]
    columns = {name: _join([part.columns[name] for part in parts]) for name in parts[0].columns}
    person = np.concatenate([part.person for part in parts])
    return Rows(person, np.concatenate([part.number for part in parts]), columns)


def _take(column: Column, places: Ints) -> Column:
    if isinstance(column, Coded):
        return Coded(column.places[places], column.words)
    return column[places] if isinstance(column, np.ndarray) else column.take(pa.array(places))


def _join(columns: list[Column]) -> Column:
    first = columns[0]
    if isinstance(first, Coded):
        return Coded(np.concatenate([column.places for column in columns if isinstance(column, Coded)]), first.words)
    if isinstance(first, np.ndarray):
        return np.concatenate([column for column in columns if isinstance(column, np.ndarray)])
    return pa.concat_arrays(columns)
