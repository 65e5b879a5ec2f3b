"""What an installation holds, told without its chance ids and instants: two runs of one story tell the same."""

import json
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, select

from monitor import audit, database
from monitor.tables import (
    Alert,
    AlertEvent,
    AuditEntry,
    FollowUp,
    Household,
    Instant,
    Outbox,
    Quiet,
    Reason,
    Run,
    Scan,
    Worker,
)

HELD = (Alert, Reason, AlertEvent, Outbox, FollowUp, Quiet, Scan)
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(\+00:00)?")
_OWN = {"id", "hash", "previous", "digest", "run_id"}
State = Counter[tuple[str, str]]


@dataclass
class Clean:
    """How long each step takes undisturbed, how many points and pieces it has, and what it leaves."""

    seconds: dict[str, float] = field(default_factory=dict)
    points: dict[str, int] = field(default_factory=dict)
    commits: dict[str, int] = field(default_factory=dict)
    pieces: dict[str, int] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)


@dataclass
class Tally:
    """What was done to the stories, and how they bore it."""

    wanted: int
    did: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    stories: int = 0
    slowest: float = 0.0

    @property
    def left(self) -> int:
        return self.wanted - self.did.total()


def told(engine: Engine, *, days: bool = True) -> State:
    """Return every row of what a scan and its visits write, counted; equal installations return equals.

    Without ``days`` what is reckoned from the day on which it was written, the deadlines, is left out.
    """
    with database.reading(engine) as session:
        names = _names(session)
        rows: State = Counter()
        for table in HELD:
            kept = [column for column in table.__table__.columns if _says_something(column)]
            kept = [column for column in kept if days or not column.name.endswith("due_on")]
            for row in session.execute(select(*kept)).mappings():
                rows[table.__tablename__, _plain(dict(row), names)] += 1
        entries = select(AuditEntry.by, AuditEntry.action, AuditEntry.subject, AuditEntry.detail)
        for row in session.execute(entries).mappings():
            rows["audit", _plain(dict(row), names)] += 1
    return rows


def faults(engine: Engine) -> list[str]:
    """Return what must never be, whatever happened: a broken audit chain, a run without an end, two open alerts."""
    found = []
    with database.reading(engine) as session:
        broken = list(audit.broken_links(session))
        if broken:
            found.append(f"audit chain broken at {broken[:3]}")
        done = session.execute(select(Run.job, Run.as_of, Run.scope).where(Run.status == "done"))
        ended = Counter(tuple(row) for row in done)
        found += [f"done {times} times: {key}" for key, times in ended.items() if times > 1]
        left = session.scalars(select(Run.status).where(Run.status != "done")).all()
        if left:
            found.append(f"runs that did not end well: {sorted(left)}")
        open_now = Counter(session.scalars(select(Alert.household_id).where(Alert.closed_at.is_(None))))
        found += [f"two open alerts of household {key}" for key, times in open_now.items() if times > 1]
    return found


def difference(wanted: State, got: State) -> list[str]:
    """Return what was lost and what came twice, in a few lines; nothing when all is equal."""
    lost, doubled = wanted - got, got - wanted
    return [
        f"{what} {sum(rows.values())}: {dict(Counter(table for table, _ in rows.elements()))}; e.g. {_example(rows)}"
        for what, rows in (("lost", lost), ("beyond", doubled))
        if rows
    ]


def _example(rows: State) -> str:
    return max(rows)[1][:400]


def _says_something(column: Any) -> bool:
    return column.name not in _OWN and not isinstance(column.type, Instant)


def _names(session: database.Session) -> dict[str, str]:
    """Every chance id, by what it is of."""
    homes = {key: number for key, number in session.execute(select(Household.id, Household.household_no))}  # noqa: C416
    names = {
        str(key): f"alert {homes[household]}/{episode}"
        for key, household, episode in session.execute(select(Alert.id, Alert.household_id, Alert.episode))
    }
    scans = session.execute(select(Scan.id, Scan.as_of, Scan.scope, Scan.manifest))
    names |= {str(key): f"scan {on} {scope} {manifest[:8]}" for key, on, scope, manifest in scans}
    names |= {str(key): f"run {job} {on}" for key, job, on in session.execute(select(Run.id, Run.job, Run.as_of))}
    names |= {str(key): f"worker {name}" for key, name in session.execute(select(Worker.id, Worker.name))}
    return names


def _plain(row: dict[str, Any], names: dict[str, str]) -> str:
    text = json.dumps(row, default=str, sort_keys=True, ensure_ascii=False)
    return _INSTANT.sub("at", _ID.sub(lambda found: names.get(found[0], "id"), text))


def say(**said: Any) -> None:
    """Write one line for whoever reads: a person, or a test."""
    sys.stdout.write(json.dumps(said, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()
