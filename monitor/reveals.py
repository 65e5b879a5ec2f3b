"""One personal field of one person in the clear, for a reason, a few times a day, written down before it is told."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor import anchors, audit
from monitor.access import Viewer, scope
from monitor.alerts import people
from monitor.errors import Invalid, NotFound, QuotaSpent
from monitor.service import CITY_TIME, Service
from monitor.tables import Household, Person, Reveal, utc_now

SHOWN_FOR = timedelta(minutes=5)
_ABOUT_WHY = "reveals.why"
REASONS: Mapping[str, tuple[str, str]] = {
    "CONTACT": ("联系入户核查", "to arrange a visit"),
    "IDENTITY": ("核对身份", "to make sure of an identity"),
    "REFERRAL": ("转办材料需要", "for the papers of a referral"),
    "PAYMENT": ("核对发放信息", "to check a payment"),
    "COMPLAINT": ("处理信访投诉", "to answer a complaint"),
    "INSPECTION": ("审计检查要求", "asked for by an inspection"),
}
FIELDS: Mapping[str, str] = {"id_no": "people.id_no", "name": "people.name", "phone": "people.phone"}


@dataclass(frozen=True)
class Wanted:
    """What somebody asks to see: the member by place in the household (1: its head), the field, and why."""

    household_no: str
    place: int
    field: str
    reason_code: str
    why: str


@dataclass(frozen=True)
class Revealed:
    """The value in the clear, until when a screen may show it, and how many more today."""

    id: uuid.UUID
    value: str
    until: datetime
    left_today: int


def reveal(session: Session, service: Service, wanted: Wanted, *, by: Viewer, as_of: date) -> Revealed:
    """Return one field of one member of a household in the viewer's region; the audit says so in this transaction.

    Refuses a reason without words, a day's quota that is spent, and everything while the audit cannot be anchored.
    Asking again is another reveal and counts.
    """
    if wanted.reason_code not in REASONS or len(wanted.why.strip()) < 4:
        raise Invalid(
            zh="请选择原因并写明用途（至少4个字）", en="choose a reason and say what for, in four letters or more"
        )
    anchors.require(service)
    home, person = _person(session, service, wanted, by=by, as_of=as_of)
    cell = getattr(person, wanted.field)
    if cell is None:
        raise NotFound(zh="该成员没有登记此项信息", en="nothing is registered in that field of that member")
    row = _noted(session, service, wanted, (home.id, person.id), by=by)
    left = _left(session, service, by)
    value = service.keyring.decrypt(cell, about=FIELDS[wanted.field])
    return Revealed(row.id, value, utc_now() + SHOWN_FOR, left)


def phones(session: Session, service: Service, heads: Mapping[int, int], *, by: Viewer) -> dict[int, str]:
    """Return the phone of the head of each household, by household key: ``heads`` says whose; who has none is left out.

    Each is a reveal of its own, for arranging a visit, and counts; refuses all of them when the day's quota is passed.
    """
    anchors.require(service)
    wanted = Wanted("", 1, "phone", "CONTACT", "走访包：联系入户核查")
    chosen = select(Person.id, Person.phone).where(Person.id.in_(list(heads.values())), Person.phone.is_not(None))
    cells = {row.id: row.phone for row in session.execute(chosen)}
    for home, person in heads.items():
        if person in cells:
            _noted(session, service, wanted, (home, person), by=by)
    _left(session, service, by)
    plain = {person: service.keyring.decrypt(cell, about=FIELDS["phone"]) for person, cell in cells.items()}
    return {home: plain[person] for home, person in heads.items() if person in plain}


def _noted(session: Session, service: Service, wanted: Wanted, whose: tuple[int, int], *, by: Viewer) -> Reveal:
    home, person = whose
    row = Reveal(
        id=uuid.uuid4(), worker_id=by.worker, person_id=person, household_id=home, field=wanted.field,
        reason_code=wanted.reason_code, why=service.keyring.encrypt(wanted.why.strip(), about=_ABOUT_WHY),
    )  # fmt: skip
    detail = {"field": wanted.field, "reason": wanted.reason_code, "person": person, "household": home}
    detail["county"] = session.scalar(select(Household.county).where(Household.id == home))
    audit.record(session, by=str(by.worker), action="person.revealed", subject=str(row.id), detail=detail)
    session.add(row)
    session.flush()
    return row


def _left(session: Session, service: Service, by: Viewer) -> int:
    """How many more today, counted under the lock that the audit took."""
    left = service.settings.reveals_a_day - _today(session, by)
    if left < 0:
        raise QuotaSpent(seconds=_until_midnight())
    return left


def _person(session: Session, service: Service, wanted: Wanted, *, by: Viewer, as_of: date) -> tuple[Household, Person]:
    found = scope(select(Household).where(Household.household_no == wanted.household_no), by, of=Household)
    home = session.scalar(found)
    shown = [] if home is None else people.members(session, home.id, as_of=as_of, keyring=service.keyring)
    chosen = next((one for one in shown if one.place == wanted.place), None)
    if home is None or chosen is None:
        raise NotFound(
            zh="没有这一户或这位成员，或不在您的管辖范围", en="there is no such household or member in your region"
        )
    return home, session.get_one(Person, chosen.person)


def _today(session: Session, by: Viewer) -> int:
    since = datetime.combine(datetime.now(CITY_TIME).date(), time(), CITY_TIME).astimezone(UTC)
    counted = select(func.count()).where(Reveal.worker_id == by.worker, Reveal.at >= since)
    return session.scalar(counted) or 0


def _until_midnight() -> int:
    now = datetime.now(CITY_TIME)
    return int((datetime.combine(now.date() + timedelta(days=1), time(), CITY_TIME) - now).total_seconds()) + 1
