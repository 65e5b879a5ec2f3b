"""Lays the oracle's deliveries into a lake, as the feeds would: keys hashed, people numbered, ended keys named."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
from oracle import Delivery, Row

from monitor.indicators.knowledge import columns
from monitor.lake import DeliveryRef, Lake, Manifest
from monitor.policy.feed_pages import FeedPage

ARROW = {
    "VARCHAR": pa.string(),
    "DATE": pa.date32(),
    "DECIMAL(14, 2)": pa.decimal128(14, 2),
    "DOUBLE": pa.float64(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
}


@dataclass
class WorldLake:
    """A lake that grows delivery by delivery, and the numbers it gave to people and households."""

    lake: Lake
    feeds: Mapping[str, FeedPage]
    people: dict[str, int] = field(default_factory=dict)
    households: dict[str, int] = field(default_factory=dict)
    manifest: Manifest = ()

    def extend(self, deliveries: Iterable[Delivery]) -> "WorldLake":
        for delivery in deliveries:
            self.add(delivery)
        return self

    def add(self, delivery: Delivery) -> None:
        seq = len(self.manifest) + 1
        last = {self._key(delivery.feed, row): (number, row) for number, row in enumerate(delivery.rows)}
        if delivery.feed == "household_register" and delivery.mode != "withdraw":
            for _, row in last.values():
                self.people.setdefault(row["id_no"], len(self.people) + 1)
                self.households.setdefault(row["household_id"], len(self.households) + 1)
        kept = {} if delivery.mode == "withdraw" else {k: v for k, v in last.items() if v[1]["id_no"] in self.people}
        gone = None
        if delivery.mode != "full" and last:
            gone = self.lake.gone_keys(delivery.feed, self.manifest, pa.array(sorted(last), pa.int64()))
        facts = self._facts(delivery.feed, kept)
        self.lake.write(delivery.feed, seq, facts, gone)
        ref = DeliveryRef(
            delivery.feed,
            seq,
            delivery.mode,
            delivery.received_on,
            has_facts=facts.num_rows > 0,
            has_gone=gone is not None and gone.num_rows > 0,
        )
        self.manifest = (*self.manifest, ref)

    def known(self, as_of: date) -> Manifest:
        return tuple(ref for ref in self.manifest if ref.known_on <= as_of)

    def _key(self, feed: str, row: Row) -> int:
        return hashed("\x1f".join([feed, *(str(row[column]) for column in self.feeds[feed].key)]))

    def _facts(self, feed: str, kept: Mapping[int, tuple[int, Row]]) -> pa.Table:
        rows = [row for _, row in kept.values()]
        table = {
            "fact_key": pa.array(list(kept), pa.int64()),
            "person_key": pa.array([self.people[row["id_no"]] for row in rows], pa.int64()),
            "row_no": pa.array([number for number, _ in kept.values()], pa.int32()),
        }
        for name, kind in columns(self.feeds[feed]).items():
            values = [self._cell(name, kind, row) for row in rows]
            table[name] = pa.array(values, ARROW[kind])
        return pa.table(table)

    def _cell(self, name: str, kind: str, row: Row) -> Any:
        if name == "household_key":
            return self.households[row["household_id"]]
        value = row.get(name)
        if value is None:
            return None
        if kind == "DECIMAL(14, 2)":
            return Decimal(value).quantize(Decimal("0.01"))
        return str(value) if kind == "VARCHAR" else float(value) if kind == "DOUBLE" else value


def hashed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)
