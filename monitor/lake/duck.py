"""DuckDB behind the engine's face: one machine, two cores, a memory limit, a folder to spill into."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from monitor.lake.spill import Spill
from monitor.lake.sql import named, text

# Of the machine, not of a row: no memory, no disk, told to stop, or broken for every further statement.
UNABLE = (
    duckdb.OutOfMemoryException, duckdb.IOException, duckdb.InterruptException, duckdb.FatalException,
    duckdb.InternalException, duckdb.ConnectionException,
)  # fmt: skip


class DuckEngine:
    """An engine of its own, in memory, that may read ``root`` and write only its spill folder."""

    def __init__(self, root: Path, *, memory_limit: str, threads: int) -> None:
        self._spill = Spill(root)
        self._connection = duckdb.connect(":memory:", config={"memory_limit": memory_limit, "threads": threads})
        for setting, value in (
            ("temp_directory", text(str(self._spill.folder))),
            ("preserve_insertion_order", "false"),
            ("enable_progress_bar", "false"),
            ("autoinstall_known_extensions", "false"),
            ("autoload_known_extensions", "false"),
            ("allowed_directories", f"[{text(str(root))}]"),
            ("enable_external_access", "false"),
            ("lock_configuration", "true"),
        ):
            self._connection.execute(f"SET {setting} = {value}")

    def files(self, name: str, paths: Sequence[Path], columns: Mapping[str, str]) -> None:
        """Name the rows of ``paths``; see ``Engine.files``."""
        listed = ", ".join(text(str(path)) for path in paths)
        source = f"read_parquet([{listed}], union_by_name = true)"
        found = {row[0] for row in self._rows(f"DESCRIBE SELECT * FROM {source}")} if paths else set()
        terms = ", ".join(
            f"CAST({named(column) if column in found else 'NULL'} AS {kind}) AS {named(column)}"
            for column, kind in columns.items()
        )
        self.define(name, f"SELECT {terms} FROM {source}" if paths else f"SELECT {terms} WHERE FALSE")

    def define(self, name: str, statement: str) -> None:
        """Name the result of ``statement``; see ``Engine.define``."""
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {named(name)} AS {statement}")

    def keep(self, name: str, statement: str) -> None:
        """Compute ``statement`` once; see ``Engine.keep``."""
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {named(name)} AS {statement}")

    def put(self, name: str, rows: pa.Table) -> None:
        """Name rows that come from outside; see ``Engine.put``."""
        self._connection.register("arriving", rows)
        self.keep(name, "SELECT * FROM arriving")
        self._connection.unregister("arriving")

    def drop(self, name: str) -> None:
        """Forget kept or put rows; see ``Engine.drop``."""
        self._connection.execute(f"DROP TABLE IF EXISTS {named(name)}")

    def query(self, statement: str) -> pa.Table:
        """Return the rows of ``statement``; see ``Engine.query``."""
        return self._connection.sql(statement).to_arrow_table()

    def close(self) -> None:
        """Release memory and spilled files; see ``Engine.close``."""
        self._connection.close()
        self._spill.close()

    def _rows(self, statement: str) -> list[tuple[str, ...]]:
        return self._connection.execute(statement).fetchall()
