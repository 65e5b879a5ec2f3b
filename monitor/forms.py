"""What is printed for a visit: whose door, why, and by whom; each print numbered, counted, written down first.

Paper carries the householder's whole name, or nobody could knock at the door; the ID number stays masked. So a print is
audited before it is shown, limited a day, and can be opened by whoever asked for it, for half an hour.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from monitor import anchors, audit
from monitor.access import Viewer, scope
from monitor.alerts.people import HEAD
from monitor.errors import FormsSpent, NotFound
from monitor.privacy import Keyring, mask_id
from monitor.service import CITY_TIME, Service, midnight, until_midnight
from monitor.tables import Alert, FormPrint, Member, Person, utc_now

MOST = 50
OPEN_FOR = timedelta(minutes=30)
STANDING = ("active", "unknown")


@dataclass(frozen=True)
class Wanted:
    """Which alerts, as one page each (``check``) or as a list of doors (``round``), in which order and language."""

    alerts: tuple[uuid.UUID, ...]
    kind: str = "check"
    order: str = "village"
    language: str = "zh"


@dataclass(frozen=True)
class Householder:
    """Whose door it is: the whole name, the masked number, how many live there; blank where nobody is known."""

    name: str
    id_no: str
    members: int


@dataclass(frozen=True)
class Form:
    """One household of a print: its number, the alert, and who lives there."""

    number: str
    alert: Alert
    who: Householder


def make(session: Session, service: Service, wanted: Wanted, *, by: Viewer) -> tuple[FormPrint, list[uuid.UUID]]:
    """Return a new print of the alerts that ``by`` may see, and the ids that were left out because they may not.

    Refuses when none is left, and more forms than the day allows. It is audited in this transaction.
    """
    anchors.require(service)
    seen = select(Alert.id, Alert.region).where(Alert.id.in_(wanted.alerts))
    places = {row.id: row.region for row in session.execute(scope(seen, by))}
    chosen = [one for one in dict.fromkeys(wanted.alerts) if one in places]
    if not chosen:
        raise NotFound(zh="没有可打印的预警，或不在您的管辖范围", en="none of these alerts lies in your region")
    if wanted.order == "village":
        chosen.sort(key=lambda one: places[one])
    made = FormPrint(
        id=uuid.uuid4(), kind=wanted.kind, language=wanted.language, forms=len(chosen), made_by=by.worker,
        alerts=[str(one) for one in chosen], made_at=utc_now(),
    )  # fmt: skip
    detail = {"kind": made.kind, "forms": made.forms, "alerts": made.alerts}
    audit.record(session, by=str(by.worker), action="forms.printed", subject=str(made.id), detail=detail)
    _number(session, made)  # and counted under the lock that the audit took
    if _today(session, by) > service.settings.forms_a_day:
        raise FormsSpent(seconds=until_midnight(), most=service.settings.forms_a_day)
    left_out = set(wanted.alerts) - set(chosen)
    return made, sorted(left_out)


def opened(session: Session, print_id: uuid.UUID, *, by: Viewer) -> FormPrint:
    """Return a print of the last half hour that ``by`` asked for; another's and an older one are not found."""
    made = session.get(FormPrint, print_id)
    if made is None or made.made_by != by.worker or utc_now() - made.made_at > OPEN_FOR:
        raise NotFound(
            zh="没有这份打印，或已过半小时：请在系统中重新打印",
            en="there is no such print, or it is more than half an hour old: print it anew",
        )
    return made


def forms(session: Session, made: FormPrint, *, viewer: Viewer, keyring: Keyring, as_of: date) -> list[Form]:
    """Return the forms of a print in its order, less those that left the viewer's region meanwhile."""
    loads = (selectinload(Alert.reasons), selectinload(Alert.household))
    ids = [uuid.UUID(one) for one in made.alerts]
    seen = scope(select(Alert).where(Alert.id.in_(ids)), viewer).options(*loads)
    found = {one.id: one for one in session.scalars(seen)}
    living = householders(session, [one.household_id for one in found.values()], keyring=keyring, as_of=as_of)
    nobody = Householder("", "", 0)
    return [
        Form(f"{number(made)}-{place:02d}", found[one], living.get(found[one].household_id, nobody))
        for place, one in enumerate(ids, start=1)
        if one in found
    ]


def number(made: FormPrint) -> str:
    """Return a print's number as it stands on paper: 2026-000017."""
    return f"{made.year}-{made.number:06d}"


def householders(
    session: Session, households: Sequence[int], *, keyring: Keyring, as_of: date
) -> dict[int, Householder]:
    """Return who heads each of ``households`` on a day, in one query however many they are."""
    chosen = (
        select(Member.household_id, Member.relation, Member.id, Person.name, Person.id_no)
        .join(Person, Person.id == Member.person_id)
        .where(Member.household_id.in_(households), Member.from_on <= as_of)
        .where(or_(Member.until_on.is_(None), Member.until_on > as_of))
    )
    rows = sorted(session.execute(chosen).all(), key=lambda row: (row.relation != HEAD, row.id))
    found: dict[int, Householder] = {}
    for home in dict.fromkeys(row.household_id for row in rows):
        living = [row for row in rows if row.household_id == home]
        head = living[0]
        name = keyring.decrypt(head.name, about="people.name") if head.name is not None else ""
        id_no = keyring.decrypt(head.id_no, about="people.id_no") if head.id_no is not None else ""
        found[home] = Householder(name, mask_id(id_no), len(living))
    return found


def _number(session: Session, made: FormPrint) -> None:
    made.year = made.made_at.astimezone(CITY_TIME).year
    last = session.scalar(select(func.max(FormPrint.number)).where(FormPrint.year == made.year))
    made.number = (last or 0) + 1
    session.add(made)
    session.flush()


def _today(session: Session, by: Viewer) -> int:
    mine = select(func.sum(FormPrint.forms)).where(FormPrint.made_by == by.worker)
    return session.scalar(mine.where(FormPrint.made_at >= midnight())) or 0
