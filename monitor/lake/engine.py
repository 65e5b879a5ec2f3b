"""The face that every engine shows: DuckDB is the first, a second needs no change to a definition.

Statements arrive in DuckDB's dialect, kept to constructs proven equal on Spark; an engine with another
dialect carries them over (``sql.carried``) and nothing else.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa


class Engine(Protocol):
    """Runs generated statements over named relations; closing it leaves nothing behind."""

    def files(self, name: str, paths: Sequence[Path], columns: Mapping[str, str]) -> None:
        """Name the rows of ``paths`` as a relation with exactly ``columns`` (name: SQL type).

        A column that a file lacks is NULL there; no files at all give an empty relation.
        """

    def define(self, name: str, statement: str) -> None:
        """Name the result of ``statement`` without computing it."""

    def keep(self, name: str, statement: str) -> None:
        """Compute ``statement`` once and name its rows, in memory or spilled; the same name replaces."""

    def put(self, name: str, rows: pa.Table) -> None:
        """Name rows that come from outside."""

    def drop(self, name: str) -> None:
        """Forget kept or put rows; forgetting twice is allowed."""

    def query(self, statement: str) -> pa.Table:
        """Return the rows of ``statement``."""

    def close(self) -> None:
        """Release memory and spilled files; a closed engine refuses further work."""
