"""What a scan makes of one household's alert: rows to write, nothing written yet."""

import uuid
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from monitor.alerts import levels
from monitor.alerts.judged import Judged
from monitor.lifecycle import MACHINE

Values = dict[str, Any]
LIVE = ("active", "unknown")


@dataclass(slots=True)
class Change:
    """The rows of one household, in ``region``, to be written together; ``place`` is its place in the scan's order."""

    place: int
    household: int
    alert: Values | None = None
    alert_update: Values | None = None
    reasons: list[Values] = field(default_factory=list)
    reason_updates: list[Values] = field(default_factory=list)
    quiets_ended: list[Values] = field(default_factory=list)
    events: list[Values] = field(default_factory=list)
    outbox: list[Values] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    region: str = ""

    def count(self, what: str, times: int = 1) -> None:
        """Add to what a scan says it did."""
        if times:
            self.counts[what] = self.counts.get(what, 0) + times

    def tell(self, alert: uuid.UUID, kind: str, *, as_of: date, detail: Values, outside: bool = False) -> None:
        """Put a step on the alert's timeline, and in the outbox when others must hear of it."""
        step: Values = {"alert_id": alert, "as_of": as_of, "kind": kind, "by": "system", "detail": detail}
        step.update(edge=None, role=None, version=None, why=None)
        self.events.append(step)
        self.count(kind)
        if outside:
            payload = {"as_of": as_of.isoformat(), "household": self.household, **detail}
            self.outbox.append({"kind": f"alert_{kind}", "subject": str(alert), "payload": payload})

    def told_edge(self, edge: str, version: int) -> None:
        """Say of the step told last that it was an edge of the alert's life, and the version it led to."""
        self.events[-1] |= {"edge": edge, "role": MACHINE, "version": version}


def where(judged: Judged, place: int) -> Values:
    """Return the region columns of the household at ``place``."""
    region = judged.places["region"][place] or ""
    return {
        "region": region,
        "county": judged.places["county"][place] or region[:6],
        "town": judged.places["town"][place],
        "village": region if len(region) == 12 and region[9:] != "000" else None,
    }


def ordered(reasons: list[Values]) -> list[Values]:
    """Return reasons as they are read: live ones first, then by level, by excess and by name."""
    return sorted(
        reasons,
        key=lambda said: (
            said["status"] not in LIVE,
            levels.severity(said["level"]),
            -(1.0 if said["excess"] is None else said["excess"]),
            said["rule"],
        ),
    )


def excess_at(level: str, reasons: list[Values]) -> float:
    """Return by how much the furthest live reason of ``level`` is over its limit; 0 when none is live."""
    found = [said for said in reasons if said["status"] in LIVE and said["level"] == level]
    return max((1.0 if said["excess"] is None else said["excess"] for said in found), default=0.0)
