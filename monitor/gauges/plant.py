"""The plant itself: room on the disk, what waits to be sent, the length of the audit chain."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor.gauges.families import family
from monitor.tables import AuditEntry, Outbox, utc_now


def plant(session: Session, home: Path) -> Iterator[Metric]:
    """Yield the room left where ``home`` lies, the outbox that waits, and the audit entries made so far."""
    room = shutil.disk_usage(home)
    yield _gauge("disk_free_bytes", "Room left on the disk of the installation", room.free)
    yield _gauge("disk_size_bytes", "Size of that disk", room.total)
    yield from _log(session)
    waiting, since = session.execute(
        select(func.count(), func.min(Outbox.made_at)).where(Outbox.sent_at.is_(None))
    ).one()  # fmt: skip
    yield _gauge("outbox_waiting", "Messages not yet sent", waiting)
    age = (utc_now() - since).total_seconds() if since is not None else 0.0
    yield _gauge("outbox_oldest_age_seconds", "How long the oldest of them has waited", age)
    entries = family(CounterMetricFamily, "audit_entries", "Entries of the audit chain")
    entries.add_metric([], session.scalar(select(func.max(AuditEntry.id))) or 0)
    yield entries


def _log(session: Session) -> Iterator[Metric]:
    """SQLite's log grows while somebody reads on; PostgreSQL looks after its own."""
    engine = session.get_bind()
    if engine.dialect.name == "sqlite":
        log = Path(f"{engine.engine.url.database}-wal")
        yield _gauge("database_log_bytes", "Size of the write-ahead log", log.stat().st_size if log.exists() else 0)


def _gauge(name: str, said: str, value: float) -> Metric:
    made = family(GaugeMetricFamily, name, said)
    made.add_metric([], value)
    return made
