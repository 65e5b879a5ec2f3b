"""What the made-up city's workers do: they visit whom the service names, as far as a week allows, and find the truth.

Every visit goes through the service's own casework, so labels come about as they do in an office: only of those who
were chosen, more often of those whom a cadre knows to be badly off, and with help that changes what comes after.
"""

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from jobs.city.plan import Flags, Ints, day_of
from jobs.city.world import World
from jobs.scan import scan
from monitor import database, feeds, policy, regions, sampling
from monitor.access import Viewer
from monitor.alerts.asked import AUDIT
from monitor.cases.office import Office
from monitor.cases.visits import Visit, record
from monitor.sampling.drawing import unflagged
from monitor.service import CITY_TIME, Service
from monitor.tables import Alert, FollowUp, Household, Reason

WORKER = Viewer(uuid.UUID(int=1), "虚构经办人 / made-up worker", "caseworker", "00")
EVERY = 3
"""Months between two scans of the made-up city."""
WEEKS = 4
"""Weeks of each quarter in which the sample is drawn: the city is small for the visits of seven counties."""
_OVERLOOKED, _IMAGINED, _KNOWN = 0.06, 0.002, 3.0


@dataclass
class Street:
    """The workers of one city. ``visits`` is how many alerts of rules they reach between two scans.

    ``scanned`` are the dates of the scans so far; ``begins`` the month, counted from the first, of the first one.
    """

    service: Service
    root: Path
    visits: int
    begins: int = 12
    scanned: list[date] = field(default_factory=list)
    needs: dict[date, Flags] = field(default_factory=dict)
    unflagged: dict[date, int] = field(default_factory=dict)

    def __call__(self, world: World) -> Ints:
        """Take in what has arrived, scan at a quarter's end, visit; return the households whose need was confirmed."""
        end = day_of(world.month, 31)
        self._take_in(end)
        if world.life.index < self.begins or world.life.index % EVERY:
            return np.array([], dtype=np.int64)
        scan(self.service, end)
        self.scanned.append(end)
        self.needs[end] = need(world)
        with database.transaction(self.service.engine) as session:
            numbers = households(session)
            free = [numbers[key] for key in unflagged(session, "", drawn=True)["household"]]
            self.unflagged[end] = int(self.needs[end][free].sum())
            self._draw(session, end)
            return self._visit(session, world, numbers, end)

    def _take_in(self, until: date) -> None:
        if not (self.root / "arrived").exists():
            with database.transaction(self.service.engine) as session:
                regions.load_regions(session, regions.read_places(self.root / "regions.csv"))
        waiting = [folder for folder in (self.root / "deliveries").iterdir() if folder.name <= until.isoformat()]
        lot = self.root / "arrived" / until.isoformat()
        lot.mkdir(parents=True)
        for folder in waiting:
            folder.rename(lot / folder.name)
        feeds.ingest_folder(self.service, lot)

    def _draw(self, session: Session, end: date) -> None:
        """The scan drew for its own week; the weeks up to the next scan follow here."""
        law = policy.load(end, known_on=end)
        for week in range(1, WEEKS):
            sampling.draw(session, law, as_of=end + timedelta(weeks=week), region="", scores=None)

    def _visit(self, session: Session, world: World, numbers: dict[int, int], end: date) -> Ints:
        chance, needy = world.chance("visits"), self.needs[end]
        drawn = select(Reason.alert_id).where(Reason.rule == AUDIT)
        open_ = select(Alert).where(Alert.closed_at.is_(None), Alert.visited_on.is_(None))
        audit = list(session.scalars(open_.where(Alert.id.in_(drawn)).order_by(Alert.id)))
        ruled = list(session.scalars(open_.where(Alert.id.not_in(drawn)).order_by(Alert.rank, Alert.id)))
        known = np.array([needy[numbers[alert.household_id]] for alert in ruled], dtype=bool)
        place = np.arange(len(ruled)) / max(len(ruled), 1) - chance.random(len(ruled)) * np.where(
            known, 1.0, 1 / _KNOWN
        )
        ruled = [ruled[at] for at in np.argsort(place, kind="stable")[: self.visits]]
        confirmed = []
        for alert in [*audit, *ruled]:
            home = numbers[alert.household_id]
            found = chance.random() < (1 - _OVERLOOKED if needy[home] else _IMAGINED)
            office = Office(self.service.keyring, max(end, alert.opened_on) + timedelta(days=9))
            if _record(session, alert, found, office, chance=chance):
                confirmed.append(home)
        return np.array(sorted(confirmed), dtype=np.int64)


def need(world: World) -> Flags:
    """Return which households are in need and get no dibao or tekun yet: what a visitor would see."""
    return np.asarray(world.life.poor & (world.aid.category > 1))


def households(session: Session) -> dict[int, int]:
    """Return the city's own number of each household, by the key that the service gave it."""
    return {key: int(number[1:]) - 1 for key, number in session.execute(select(Household.id, Household.household_no))}


def _record(session: Session, alert: Alert, found: bool, office: Office, *, chance: np.random.Generator) -> bool:
    """Record one visit with the time at which it would have been made; return whether need was confirmed."""
    on, ids = office.today, uuid.UUID(bytes=chance.bytes(16), version=4)
    said = ("confirmed", None) if found else ("no_need", "NE_INC")
    record(session, alert.id, Visit(ids, on, "home", *said), by=WORKER, office=office)
    at = datetime.combine(on, time(17), CITY_TIME)
    session.execute(update(FollowUp).where(FollowUp.id == ids).values(recorded_at=at))
    if alert.closed_at is not None:
        session.execute(update(Alert).where(Alert.id == alert.id).values(closed_at=at))
    return found
