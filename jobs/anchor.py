"""The anchor of the audit chain, written every few minutes, after each scan and after each backup."""

import logging
from datetime import date
from typing import Any

from monitor import anchors
from monitor.service import Service

EVERY_MINUTES = 10
_log = logging.getLogger(__name__)


def anchor(service: Service, as_of: date, *, why: str = "clock") -> dict[str, Any]:
    """Sign the head of the chain into the file outside the database; a second call with nothing new adds no line.

    ``as_of`` is the logical date only. Returns the entry anchored, None when nothing was new, for the ledger.
    """
    line = anchors.write(service, why=f"{why} {as_of.isoformat()}")
    return {"entry": None if line is None else line["id"]}


def after(service: Service, as_of: date, *, why: str) -> None:
    """Anchor what a job has just done; a file that cannot be written is logged and costs the job nothing.

    What was done stands in the database and is anchored by the next call; until then the chain is not anchored.
    """
    try:
        anchor(service, as_of, why=why)
    except OSError as error:
        _log.error("the audit chain could not be anchored", extra={"job": why, "error": type(error).__name__})
