"""The night's erasure: what has reached its term in the data register goes, and files nobody needs any more."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from jobs import anchor
from monitor import database, erasure
from monitor.service import CITY_TIME, Service
from monitor.tables import utc_now

FILES_DAYS = {"received": 30, "verdicts": 400}


def purge(service: Service, as_of: date, *, dry_run: bool = False) -> dict[str, Any]:
    """Erase what is due on ``as_of``: rows in one transaction with its audit entry, then old by-products of deliveries.

    A second call for the date erases nothing more. With ``dry_run`` only the counts are returned.
    """
    if dry_run:
        with database.reading(service.engine) as session:
            rows = erasure.due(session, as_of)
        return {"rows": rows, "files": len(_old(service, as_of)), "erased": False}
    with database.transaction(service.engine) as session:
        rows = erasure.erase(session, as_of)
    old = _old(service, as_of)
    for path in old:
        path.unlink(missing_ok=True)
    anchor.after(service, as_of, why="purge")
    return {"rows": rows, "files": len(old), "erased": True}


def _old(service: Service, as_of: date) -> list[Path]:
    now = utc_now().astimezone(CITY_TIME).date()
    found = []
    for folder, days in FILES_DAYS.items():
        before = (min(as_of, now) - timedelta(days=days)).toordinal()
        for path in sorted((service.settings.home / folder).glob("*")):
            if path.is_file() and date.fromtimestamp(path.stat().st_mtime).toordinal() < before:  # noqa: DTZ012
                found.append(path)
    return found
