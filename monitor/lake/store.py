"""The folder of committed facts: what is written whole, once, and read by nobody else's name."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from monitor.lake.duck import DuckEngine
from monitor.lake.engine import Engine
from monitor.lake.manifest import Manifest, standing
from monitor.lake.seen import Read, last_seen
from monitor.lake.sql import named
from monitor.lake.view import View
from monitor.settings import Settings

FACT = {"fact_key": "BIGINT", "person_key": "BIGINT", "row_no": "INTEGER", "seq": "BIGINT"}
GONE = {"fact_key": "BIGINT", "seq": "BIGINT"}
ROW_GROUP = 131_072
KEY = "fact_key"
UNLIKE = (KEY, "person_key", "row_no")  # columns of hardly a value twice: a dictionary of them costs and saves nothing


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
        self._read = Read()

    @classmethod
    def of(cls, settings: Settings) -> "Lake":
        """Return the lake of an installation, read with the memory and the threads that its settings allow."""
        return cls(settings.lake, memory_limit=settings.memory_limit, threads=settings.threads)

    def facts_path(self, feed: str, seq: int) -> Path:
        return self.root / feed / f"{seq}.parquet"

    def gone_path(self, feed: str, seq: int) -> Path:
        return self.root / feed / f"{seq}.gone.parquet"

    def write(
        self, feed: str, seq: int, facts: pa.Table | None, gone: pa.Table | None = None, kept: pa.Table | None = None
    ) -> Written:
        """Store the facts of delivery ``seq`` and the keys of earlier facts that it ends.

        ``kept`` are earlier facts that a delivery which replaces everything lets stand: they keep the number of
        the delivery that said them. Each file appears whole or not at all (written aside, synced, renamed); what an
        earlier, broken attempt left under the same number is replaced. Empty tables leave no file. Facts lie in the
        order of their people: a third less to store, and a group by person finds its rows side by side.
        """
        named(feed)
        (self.root / feed).mkdir(parents=True, exist_ok=True)
        digest, paths = hashlib.sha256(), []
        tables = (_together(facts, seq, kept), _numbered(gone, seq))
        for path, rows in zip((self.facts_path(feed, seq), self.gone_path(feed, seq)), tables, strict=True):
            self._remove(path)
            if rows is not None and rows.num_rows:
                _write_whole(path, _clustered(rows))
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
                paths.append(path)
        _sync_folder(self.root / feed)
        return Written(tuple(paths), digest.hexdigest())

    def discard(self, feed: str, seq: int) -> None:
        """Remove what an abandoned delivery wrote; nothing there is no error."""
        self._remove(self.facts_path(feed, seq))
        self._remove(self.gone_path(feed, seq))

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._read.forget(path)

    def gone_keys(self, feed: str, manifest: Manifest, keys: pa.ChunkedArray | pa.Array) -> pa.Table:
        """Return, as column ``fact_key`` in order, those of ``keys`` that stand for live facts of ``feed``."""
        asked = keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys
        earlier = standing(manifest, feed)
        facts = [self.facts_path(feed, d.seq) for d in earlier if d.has_facts]
        gone = [self.gone_path(feed, d.seq) for d in earlier[1:] if d.has_gone]
        last = last_seen(facts, asked, self._read)
        ended = dict(zip(*last_seen(gone, pa.array(last[0], pa.int64()), self._read), strict=True)) if gone else {}
        live = [key for key, seq in zip(*last, strict=True) if ended.get(key, seq) <= seq]
        return pa.table({"fact_key": pa.array(sorted(live), pa.int64())})

    def live_keys(self, feed: str, manifest: Manifest) -> pa.Array:
        """Return the keys of all live facts of ``feed``, each once."""
        paths = [self.facts_path(feed, d.seq) for d in standing(manifest, feed) if d.has_facts]
        if not paths:
            return pa.array([], pa.int64())
        keys = pc.unique(pa.chunked_array([pa.array(self._read.keys(path)) for path in paths], pa.int64()))
        if not any(d.has_gone for d in standing(manifest, feed)[1:]):
            return keys
        return self.gone_keys(feed, manifest, keys).column("fact_key").combine_chunks()

    def said_keys(self, feed: str, deliveries: Manifest, keys: pa.Array) -> pa.Table:
        """Return as ``fact_key`` those of ``keys`` whose live facts ``deliveries`` said themselves, not only kept."""
        live = self.gone_keys(feed, deliveries, keys).column("fact_key").combine_chunks()
        facts = [self.facts_path(feed, d.seq) for d in standing(deliveries, feed) if d.has_facts]
        own = {d.seq for d in deliveries}
        said = [key for key, seq in zip(*last_seen(facts, live, self._read), strict=True) if seq in own]
        return pa.table({"fact_key": pa.array(sorted(said), pa.int64())})

    def live_facts(self, feed: str, manifest: Manifest, *, but: pa.Array) -> pa.Table | None:
        """Return the live facts of ``feed`` but for the keys in ``but``, each with its own ``seq``; None: none."""
        keys = self.live_keys(feed, manifest)
        keys = keys.filter(pc.invert(pc.is_in(keys, value_set=but)))
        paths = [self.facts_path(feed, d.seq) for d in standing(manifest, feed) if d.has_facts]
        found = [pq.ParquetFile(path).read() for path in paths] if len(keys) else []
        rows = [table.filter(pc.is_in(table.column("fact_key"), value_set=keys)) for table in found]
        return _newest(pa.concat_tables(rows, promote_options="permissive")) if rows else None

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


def _newest(rows: pa.Table) -> pa.Table:
    last = rows.select(["fact_key", "seq"]).group_by("fact_key").aggregate([("seq", "max")])
    latest = dict(zip(last.column("fact_key").to_pylist(), last.column("seq_max").to_pylist(), strict=True))
    said = zip(rows.column("fact_key").to_pylist(), rows.column("seq").to_pylist(), strict=True)
    return rows.filter(pa.array([latest[key] == seq for key, seq in said]))


def _together(facts: pa.Table | None, seq: int, kept: pa.Table | None) -> pa.Table | None:
    tables = [rows for rows in (_numbered(facts, seq), kept) if rows is not None]
    return pa.concat_tables(tables, promote_options="permissive") if tables else None


def _numbered(rows: pa.Table | None, seq: int) -> pa.Table | None:
    if rows is None:
        return None
    return rows.append_column("seq", pa.repeat(pa.scalar(seq, pa.int64()), rows.num_rows))


def _clustered(rows: pa.Table) -> pa.Table:
    if "person_key" not in rows.column_names:
        return rows
    people, numbers = (rows.column(name).to_numpy() for name in ("person_key", "row_no"))
    if (numbers[1:] >= numbers[:-1]).all():
        return rows.take(pa.array(np.argsort(people, kind="stable")))
    return rows.take(pa.array(np.lexsort((numbers, people))))


def _write_whole(path: Path, rows: pa.Table) -> None:
    aside = path.with_suffix(".writing")
    try:
        # Keys are random: nothing packs them, and they are read again whenever a delivery of the feed comes.
        packed = {name: "none" if name == KEY else "zstd" for name in rows.column_names}
        told = [name for name in rows.column_names if name not in UNLIKE]
        pq.write_table(rows, aside, compression=packed, use_dictionary=told, row_group_size=ROW_GROUP)
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
