"""The rows that reports count, brought up to the alerts every few minutes and after each scan."""

from datetime import date
from typing import Any

from monitor import database, reports
from monitor.service import Service

EVERY_MINUTES = 10


def follow(service: Service, as_of: date) -> dict[str, Any]:
    """Follow the alerts' events up to now; a second call looks at the newest alerts again and changes nothing.

    ``as_of`` is the logical date only. Returns how many alerts were looked at, for the ledger.
    """
    del as_of
    with database.transaction(service.engine) as session:
        return {"alerts": reports.follow(session)}
