"""The story that is tortured: nights and the visits between them. Every step may be begun again until it is done."""

import uuid
from collections.abc import Callable, Mapping
from datetime import date, timedelta

from sqlalchemy import select
from torture_city import NIGHTS

from jobs import scan as scanning
from monitor import cases, database
from monitor.access import Viewer
from monitor.cases import Visit
from monitor.service import Service
from monitor.tables import Alert, Household, Worker

Step = Callable[[Service], None]
ROWS, BATCH = 100, 5
_FINDINGS = (("unreachable", None), ("helped", "LS_J"), ("no_need", "NE_INC"), ("confirmed", None))


def small_pieces() -> None:
    """Cut the work so finely that a scan of a small city has dozens of commits."""
    scanning.ROWS, scanning._BATCH = ROWS, BATCH


def night(as_of: date) -> Step:
    def scanned(service: Service) -> None:
        scanning.scan(service, as_of)

    return scanned


def visits(on: date) -> Step:
    """Follow up every third alert; the ids are the device's own, so a repetition is the same visit."""

    def visited(service: Service) -> None:
        with database.reading(service.engine) as session:
            worker = session.scalars(select(Worker)).one()
            viewer = Viewer(worker.id, worker.name, worker.role, worker.region)
            asked = select(Alert.id, Household.household_no).join(Household, Alert.household_id == Household.id)
            alerts = session.execute(asked.order_by(Household.household_no, Alert.episode)).all()
        for number, (alert, household) in enumerate(alerts):
            if number % 3 == 0:
                _visit(service, viewer, alert, _found(household, number, on))

    return visited


def _found(household: str, number: int, on: date) -> Visit:
    finding, code = _FINDINGS[number // 3 % len(_FINDINGS)]
    made = uuid.uuid5(uuid.NAMESPACE_OID, f"{household} {on}")
    return Visit(made, on, "home", finding, reason_code=code)


def _visit(service: Service, viewer: Viewer, alert: uuid.UUID, visit: Visit) -> None:
    with database.transaction(service.engine) as session:
        cases.record_follow_up(session, alert, visit, by=viewer, keyring=service.keyring, today=visit.visited_on)


STORY: Mapping[str, Step] = {
    "night 1": night(NIGHTS[0]),
    "visits": visits(NIGHTS[0] + timedelta(days=3)),
    "night 2": night(NIGHTS[1]),
    "night 3": night(NIGHTS[2]),
}
