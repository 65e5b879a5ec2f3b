"""One state of knowledge, open for questions."""

from collections.abc import Mapping
from datetime import date
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from monitor.lake.engine import Engine
from monitor.lake.manifest import DeliveryRef, Manifest, standing
from monitor.lake.sql import nothing, standing_facts

if TYPE_CHECKING:
    from monitor.lake.store import Lake

GONE = {"fact_key": "BIGINT", "seq": "BIGINT"}


class View:
    """The facts that hold under one manifest, each feed a relation made on first use."""

    def __init__(
        self, lake: "Lake", engine: Engine, manifest: Manifest, columns: Mapping[str, Mapping[str, str]]
    ) -> None:
        self.engine = engine
        self.manifest = manifest
        self.columns = columns
        self._lake = lake
        self.settled: tuple[date, str, tuple[int, ...] | None, tuple[int, ...]] | None = None
        self.near: npt.NDArray[np.int64] | None = None
        self._relations: dict[str, str] = {}

    def facts(self, feed: str) -> str:
        """Return the name of the relation of the standing facts of ``feed``; never delivered: no rows."""
        if feed not in self._relations:
            self._relations[feed] = self._relate(feed)
        return self._relations[feed]

    def arrived(self, feed: str) -> tuple[str, str]:
        """Return the relations of all facts of ``feed`` that ever arrived, and of all keys that were ended."""
        deliveries = [d for d in self.manifest if d.feed == feed]
        facts = [self._lake.facts_path(feed, d.seq) for d in deliveries if d.has_facts]
        gone = [self._lake.gone_path(feed, d.seq) for d in deliveries if d.has_gone]
        self.engine.files(f"ever_{feed}", facts, self.columns[feed])
        self.engine.files(f"ended_{feed}", gone, GONE)
        return f"ever_{feed}", f"ended_{feed}"

    def query(self, statement: str) -> pa.Table:
        """Return the rows of ``statement``, in DuckDB's dialect, over relations that ``facts`` named."""
        return self.engine.query(statement)

    def close(self) -> None:
        """Release the engine; a second call changes nothing."""
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _relate(self, feed: str) -> str:
        deliveries = standing(self.manifest, feed)
        name, raw = f"known_{feed}", f"arrived_{feed}"
        facts = [self._lake.facts_path(feed, d.seq) for d in deliveries if d.has_facts]
        if not facts:
            self.engine.define(name, nothing(self.columns[feed]))
            return name
        self.engine.files(raw, facts, self.columns[feed])
        self.engine.define(name, standing_facts(raw, self._relate_gone(feed, deliveries)))
        return name

    def _relate_gone(self, feed: str, deliveries: Manifest) -> str | None:
        """Keys ended by the very delivery that starts the state end nothing in it."""
        later: list[DeliveryRef] = [d for d in deliveries[1:] if d.has_gone]
        if not later:
            return None
        self.engine.files(f"gone_{feed}", [self._lake.gone_path(feed, d.seq) for d in later], GONE)
        return f"gone_{feed}"
