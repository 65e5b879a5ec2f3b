"""What the sender is told of a delivery: taken, held, refused or known already, in numbers and in words."""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from monitor.errors import Refused
from monitor.feeds.problems import Problem
from monitor.service import Service
from monitor.tables import Delivery

LISTED = 50
COUNTS = ("rows", "good", "errors", "unmatched", "repaired", "proposed", "duplicates", "superseded", "facts", "gone")


@dataclass(frozen=True)
class Receipt:
    """The answer to one file; ``status`` is committed, held, refused, rejected or duplicate."""

    delivery_id: UUID
    feed: str
    file_name: str
    received_on: date
    known_on: date | None
    mode: str
    status: str
    rows: int = 0
    good: int = 0
    errors: int = 0
    unmatched: int = 0
    repaired: int = 0
    proposed: int = 0
    duplicates: int = 0
    superseded: int = 0
    facts: int = 0
    gone: int = 0
    problems: tuple[Problem, ...] = ()


def receipt_of(delivery: Delivery, *, status: str | None = None, problems: tuple[Problem, ...] = ()) -> Receipt:
    """Return the receipt of a stored delivery; ``status`` and ``problems`` say what is only true of this attempt."""
    return Receipt(
        delivery_id=delivery.id,
        feed=delivery.feed,
        file_name=delivery.file_name,
        received_on=delivery.received_on,
        known_on=delivery.known_on,
        mode=delivery.mode,
        status=status or delivery.status,
        problems=problems or tuple(Problem(**problem) for problem in delivery.problems),
        **{name: getattr(delivery, name) for name in COUNTS},
    )


def as_json(problems: list[Problem]) -> list[Any]:
    """Return what the database keeps of ``problems``, the heaviest first, at most fifty."""
    weights = ("refused", "held", "error", "warning")
    return [problem.as_json() for problem in sorted(problems, key=lambda one: weights.index(one.weight))[:LISTED]]


def refusal(error: Refused) -> Problem:
    """Return a refusal as a problem of the delivery."""
    return Problem("refused", error.zh, error.en, "refused")


def keep(service: Service, name: str, data: bytes) -> Path:
    """Write a by-product of a delivery whole, readable by this account alone."""
    folder = service.settings.received
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = folder / f"{name}.writing"
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return aside.replace(folder / name)


def errors_path(service: Service, delivery_id: UUID) -> Path:
    """Return where the list of a delivery's row faults lies; there is none when no row had any."""
    return service.settings.received / f"{delivery_id}.errors.csv"


def original_path(service: Service, delivery_id: UUID) -> Path:
    """Return where the encrypted original of a held delivery lies."""
    return service.settings.received / f"{delivery_id}.held"
