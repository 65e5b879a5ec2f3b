"""The lives of an alert and a case in plain Python, read from the page of decision 40 and not from the code."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "monitor" / "decisions" / "0040-the-life-of-an-alert.md"
DESKS = {"assistant": "village", "caseworker": "township", "reviewer": "county", "supervisor": "city"}
WORKED = ("open", "assigned", "visited", "returned", "reopened")


@dataclass(frozen=True)
class Way:
    """One row of a table: an edge."""

    moves: Mapping[str, str]
    who: frozenset[str]
    reason: str
    undo: bool
    sets: tuple[str, ...]


def read(title: str) -> dict[str, Way]:
    """Return the edges of the table under ``title`` ("An alert", "A case")."""
    part = PAGE.read_text(encoding="utf-8").split(f"/ {title}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| `") and "→" in line]
    return {cells[0].strip("`"): _way([*(cell.strip(" |") for cell in cells), *[""] * 8]) for cells in rows}


def _way(cells: list[str]) -> Way:
    moves = {}
    for move in cells[2].split("; "):
        sources, target = move.split(" → ")
        moves.update({"" if one == "new" else one: target for one in sources.split(", ")})
    sets = re.findall(r"(?:^|; )sets ([a-z_]+(?:, [a-z_]+)*)$", cells[5])
    return Way(
        moves,
        frozenset(cells[3].split(", ")),
        cells[4],
        "30 s" in cells[6:],
        tuple(sets[0].split(", ")) if sets else (),
    )


@dataclass
class Try:
    """Somebody tries an edge: who and at which desk (None: the machine), the reason, what they set, what they saw."""

    edge: str
    role: str | None
    worker: uuid.UUID | None
    why: str | None
    values: dict[str, Any]
    today: date
    stale: bool = False


@dataclass
class AlertLife:
    """One alert as the page has it; ``said`` are the columns that a step may change."""

    table: Mapping[str, Way]
    said: dict[str, Any]
    authors: Mapping[uuid.UUID, uuid.UUID]
    version: int = 1
    steps: list[tuple[str, uuid.UUID | None, dict[str, Any]]] = field(default_factory=list)

    def attempt(self, one: Try, *, other_open: bool) -> bool:
        """Go the way if the page allows it, and tell whether it does; a refusal changes nothing."""
        after = self._undone(one) if one.edge == "undo" else self._after(one)
        if after is None or one.stale or (other_open and self.said["closed"] and not after["closed"]):
            return False
        self.steps.append((one.edge, one.worker, self.said))
        self.said, self.version = after, self.version + 1
        return True

    def _undone(self, one: Try) -> dict[str, Any] | None:
        if not self.steps or one.role is None:
            return None
        edge, worker, before = self.steps[-1]
        desk = DESKS.get(one.role, "none")
        return (
            dict(before) if self.table[edge].undo and worker == one.worker and desk in self.table["undo"].who else None
        )

    def _after(self, one: Try) -> dict[str, Any] | None:
        way, status = self.table[one.edge], self.said["status"]
        desk = "machine" if one.role is None else DESKS.get(one.role, "none")
        if status not in way.moves or desk not in way.who or not _reasoned(way, one.why):
            return None
        after = self.said | {"status": way.moves[status]}
        if after["status"] == "as it stands":
            after["status"] = status
        rule = getattr(self, f"_{one.edge}", None)
        if rule is not None and not rule(after, one):
            return None
        after["closed"] = after["status"] in ("closed", "annulled")
        after["closed_why"] = (
            (one.why if not self.said["closed"] else self.said["closed_why"]) if after["closed"] else None
        )
        return after

    def _assign(self, after: dict[str, Any], one: Try) -> bool:
        after["owner_id"] = one.values.get("owner_id")
        return after["owner_id"] is not None

    def _claim(self, after: dict[str, Any], one: Try) -> bool:
        free = self.said["owner_id"] in (None, one.worker)
        after["owner_id"] = one.worker
        return free

    def _release(self, after: dict[str, Any], _: Try) -> bool:
        after["owner_id"] = None
        return True

    def _snooze(self, after: dict[str, Any], one: Try) -> bool:
        until = one.values.get("paused_until")
        after |= {"paused_from": self.said["status"], **one.values}
        return until is not None and one.today < until <= one.today + timedelta(days=180)

    _suspend = _snooze

    def _resume(self, after: dict[str, Any], _: Try) -> bool:
        after["status"] = self.said["paused_from"] or "open"
        if after["status"] == "open" and self.said["owner_id"] is not None:
            after["status"] = "assigned"
        return self._awake(after)

    _settle = _resume

    def _refer(self, after: dict[str, Any], _: Try) -> bool:
        if self.said["status"] != "referred":
            after["paused_from"] = self.said["status"]
        return True

    def _hand_over(self, after: dict[str, Any], one: Try) -> bool:
        region = one.values.get("region")
        after |= {"region": region, "handed_from": self.said["region"], "owner_id": None}
        return region not in (None, self.said["region"])

    def _take_over(self, after: dict[str, Any], _: Try) -> bool:
        after["owner_id"] = None
        return True

    def _decline(self, after: dict[str, Any], _: Try) -> bool:
        after |= {"region": self.said["handed_from"], "handed_from": None}
        return True

    def _awake(self, after: dict[str, Any]) -> bool:
        after |= {"paused_from": None, "paused_until": None, "wakes_on_worse": False}
        return True

    def _visit(self, after: dict[str, Any], one: Try) -> bool:
        after |= one.values
        return self._awake(after)

    _close = _visit

    def _miss(self, after: dict[str, Any], one: Try) -> bool:
        after |= one.values
        return True

    def _submit(self, after: dict[str, Any], one: Try) -> bool:
        after |= one.values
        return self._awake(after) and one.values.get("review_of") is not None

    def _approve(self, _: dict[str, Any], one: Try) -> bool:
        return self.authors.get(self.said["review_of"]) != one.worker

    _approve_county = _pass_up = _approve

    def _annul(self, after: dict[str, Any], _: Try) -> bool:
        return self._awake(after)


@dataclass
class CaseLife:
    """One case as the page has it, with what its guards ask about: measures, notices, the proposal, later checks."""

    table: Mapping[str, Way]
    said: dict[str, Any]
    measures: int = 0
    owed: int = 0
    version: int = 1

    def attempt(self, one: Try) -> bool:
        """Go the way if the page allows it, and tell whether it does."""
        way, status = self.table[one.edge], self.said["status"]
        desk = "machine" if one.role is None else DESKS.get(one.role, "none")
        if one.stale or status not in way.moves or desk not in way.who or not _reasoned(way, one.why):
            return False
        after = self.said | one.values | {"status": way.moves[status]}
        if after["status"] == "as it stands":
            after["status"] = status
        if not self._holds(one, after):
            return False
        after["closed"] = after["status"] in ("ended", "annulled")
        self.said, self.version = after, self.version + 1
        return True

    def _holds(self, one: Try, after: dict[str, Any]) -> bool:
        over = self.said["notice_until"] is not None and one.today > self.said["notice_until"]
        match one.edge:
            case "adopt":
                return self.measures > 0 and (self.said["status"] != "notice" or over)
            case "publish" | "appraise":
                return after["notice_until"] >= after["notice_from"]
            case "propose":
                after["proposed_by"] = one.worker
                return all(one.values["removal"]["checks"].values())
            case "remove":
                return over and self.said["proposed_by"] != one.worker
            case "finish":
                return self.owed == 0
            case "question":
                after["paused_from"] = self.said["status"]
            case "uphold":
                after |= {"status": self.said["paused_from"], "paused_from": None}
        return True


def _reasoned(way: Way, why: str | None) -> bool:
    if not way.reason:
        return True
    return why is not None if way.reason == "required" else why in way.reason.split(", ")
