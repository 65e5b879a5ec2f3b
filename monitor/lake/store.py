"""The folder of committed facts: what is written whole, once, and read by nobody else's name."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from monitor.lake.duck import DuckEngine
from monitor.lake.engine import Engine
from monitor.lake.manifest import Manifest
from monitor.lake.sql import keys_among, named
from monitor.lake.view import View

FACT = {"fact_key": "BIGINT", "person_key": "BIGINT", "row_no": "INTEGER", "seq": "BIGINT"}
GONE = {"fact_key": "BIGINT", "seq": "BIGINT"}
ROW_GROUP = 131_072


@dataclass(frozen=True)
class Written:
    """What one delivery left in the lake: the files, and one SHA-256 over their bytes."""

    paths: tuple[Path, ...]
    sha256: str


class Lake:
    """The facts under ``root``; the operational database says which of its files exist."""

    def __init__(self, root: Path, *, memory_limit: str = "2GB", threads: int = 2) -> None:
        self.root = root
        self.memory_limit = memory_limit
        self.threads = threads

    def facts_path(self, feed: str, seq: int) -> Path:
        return self.root / feed / f"{seq}.parquet"

    def gone_path(self, feed: str, seq: int) -> Path:
        return self.root / feed / f"{seq}.gone.parquet"

    def write(self, feed: str, seq: int, facts: pa.Table | None, gone: pa.Table | None = None) -> Written:
        """Store the facts of delivery ``seq`` and the keys of earlier facts that it ends.

        Each file appears whole or not at all (written aside, synced, renamed); what an earlier, broken
        attempt left under the same number is replaced. Empty tables leave no file.
        """
        named(feed)
        (self.root / feed).mkdir(parents=True, exist_ok=True)
        digest, paths = hashlib.sha256(), []
        for path, rows in ((self.facts_path(feed, seq), facts), (self.gone_path(feed, seq), gone)):
            path.unlink(missing_ok=True)
            if rows is not None and rows.num_rows:
                _write_whole(path, _numbered(rows, seq))
                digest.update(path.read_bytes())
                paths.append(path)
        _sync_folder(self.root / feed)
        return Written(tuple(paths), digest.hexdigest())

    def discard(self, feed: str, seq: int) -> None:
        """Remove what an abandoned delivery wrote; nothing there is no error."""
        self.facts_path(feed, seq).unlink(missing_ok=True)
        self.gone_path(feed, seq).unlink(missing_ok=True)

    def gone_keys(
        self, feed: str, manifest: Manifest, keys: pa.ChunkedArray | pa.Array, *, engine: Engine | None = None
    ) -> pa.Table:
        """Return, as column ``fact_key`` in order, those of ``keys`` that stand for live facts of ``feed``.

        A run over many deliveries gives the ``engine`` that it keeps open: starting one takes longer than asking.
        """
        view = View(self, engine or self.engine(), manifest, {feed: FACT})
        try:
            view.engine.put("asked", pa.table({"fact_key": keys}))
            return view.engine.query(keys_among(view.facts(feed), "asked"))
        finally:
            if engine is None:
                view.close()

    def known(self, manifest: Manifest, columns: Mapping[str, Mapping[str, str]]) -> View:
        """Open the state of knowledge that ``manifest`` describes; to be closed, best by ``with``.

        ``columns`` gives for each feed its own columns and their SQL types: the relations have exactly
        these and the lake's own, whatever older files hold.
        """
        schemas = {feed: FACT | dict(own) for feed, own in columns.items()}
        return View(self, self.engine(), manifest, schemas)

    def engine(self) -> Engine:
        """Start an engine over this folder."""
        self.root.mkdir(parents=True, exist_ok=True)
        return DuckEngine(self.root, memory_limit=self.memory_limit, threads=self.threads)


def _numbered(rows: pa.Table, seq: int) -> pa.Table:
    return rows.append_column("seq", pa.repeat(pa.scalar(seq, pa.int64()), rows.num_rows))


def _write_whole(path: Path, rows: pa.Table) -> None:
    aside = path.with_suffix(".writing")
    pq.write_table(rows, aside, compression="zstd", row_group_size=ROW_GROUP)
    with aside.open("rb+") as file:
        os.fsync(file.fileno())
    aside.replace(path)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
