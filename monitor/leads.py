"""主动发现: a household in difficulty that a worker heard of and no list has; it becomes an alert to be visited."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from monitor import audit, database
from monitor.access import Viewer, scope, within
from monitor.alerts.asked import LEAD, Asked, raise_asked
from monitor.errors import Conflict, Invalid, NotFound
from monitor.matching import finding, ids
from monitor.privacy import Keyring
from monitor.regions import Tree
from monitor.tables import Alert, AlertEvent, Choice, Household, Lead, Member, Person

HOW: Mapping[str, tuple[str, str]] = {
    "visit": ("走访发现", "seen on a visit"),
    "neighbour": ("邻里反映", "told by neighbours"),
    "grid": ("网格员上报", "told by the grid worker"),
    "hotline": ("热线来电", "told by the hotline"),
    "self": ("本人求助", "asked for help themselves"),
    "other": ("其他", "otherwise"),
}
_REFERENCE = {"title": "社会救助暂行办法", "article": "第六十条（主动发现）"}
_HEAD = "02"


@dataclass(frozen=True)
class Heard:
    """What a worker heard, as they type it; ``id`` is made by the device. ``household_no`` where a list has them."""

    id: uuid.UUID
    how: str
    heard_on: date
    said: str
    region: str | None = None
    name: str | None = None
    id_no: str | None = None
    phone: str | None = None
    household_no: str | None = None


@dataclass(frozen=True)
class Desk:
    """Where it is registered: by whom, on which day, with which keys and places."""

    by: Viewer
    keyring: Keyring
    tree: Tree
    on: date


class Told(NamedTuple):
    """What was heard as it is told later; ``said`` is encrypted, and None when its time is over."""

    how: str
    heard_on: date
    said: bytes | None


@dataclass(frozen=True)
class Registered:
    """What came of it: the alert, whether it is a new one, and whether the household was known before."""

    lead: Lead
    household_no: str
    new_alert: bool
    known: bool


def register(session: Session, heard: Heard, *, at: Desk) -> Registered:
    """Register a household in difficulty and raise an alert on it, or add to the alert that is open.

    Somebody who is in the register is found by number; who is in no list becomes a household of their own until the
    register has them. The same lead again changes nothing, sent changed it is a conflict. Refuses a day that has not
    come, a number that is none, a place beyond the viewer's region.
    """
    by, keyring = at.by, at.keyring
    digest = _digest(heard, by, keyring)
    if (before := session.get(Lead, heard.id)) is not None:
        return _again(session, before, digest, by)
    number = _check(heard, at.on)
    home, known = _home(session, heard, number, at), True
    if home is None:
        home, known = _settle(session, heard, number, at), False
    alert, new = _alert(session, home, heard, at)
    lead = Lead(
        id=heard.id, digest=digest, how=heard.how, heard_on=heard.heard_on, region=home.region, county=home.county,
        town=home.town, village=home.village, household_id=home.id, alert_id=alert, made_by=by.worker,
        id_index=keyring.blind_index(number) if number else None,
        **{name: _sealed(getattr(heard, name), keyring, name) for name in ("name", "id_no", "phone", "said")},
    )  # fmt: skip
    session.add(lead)
    detail = {"how": heard.how, "household": home.id, "alert": str(alert), "new": new}
    audit.record(session, by=str(by.worker), action="lead.registered", subject=str(heard.id), detail=detail)
    session.flush()
    return Registered(lead, home.household_no, new, known)


def of_alerts(session: Session, alerts: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Told]]:
    """Return what was heard that led to each alert or was added to it, the first heard first.

    Asked only of alerts that the viewer was found to see.
    """
    found: dict[uuid.UUID, list[Told]] = {}
    for row in database.run(session, _of_alerts, database.takes_lists(session), values={"alerts": list(alerts)}):
        found.setdefault(row.alert_id, []).append(Told(row.how, row.heard_on, row.said))
    return found


def _of_alerts(listed: bool) -> Select[*tuple[Any, ...]]:
    chosen = select(Lead.alert_id, Lead.how, Lead.heard_on, Lead.said)
    chosen = chosen.where(database.among_named(Lead.alert_id, "alerts", listed=listed))
    return chosen.order_by(Lead.heard_on, Lead.made_at, Lead.id)


def _again(session: Session, before: Lead, digest: str, by: Viewer) -> Registered:
    if before.digest != digest:
        raise Conflict(zh="同一编号的线索已登记且内容不同", en="a lead with this id exists and says something else")
    home = session.scalar(scope(select(Household).where(Household.id == before.household_id), by, of=Household))
    if home is None:
        raise _absent()
    return Registered(before, home.household_no, new_alert=False, known=True)


def _check(heard: Heard, on: date) -> str | None:
    if heard.how not in HOW:
        raise Invalid(zh=f"来源只能是 {'、'.join(HOW)}", en=f"how it was heard is one of {', '.join(HOW)}")
    if heard.heard_on > on:
        raise Invalid(zh="发现日期不能晚于今天", en="it is not heard of later than today")
    if heard.household_no is None and not (heard.name and heard.region):
        raise Invalid(zh="请填写姓名和所在村（社区）", en="say the name and the village")
    if not heard.id_no:
        return None
    said = ids.normalise(heard.id_no)
    if said.number is None or said.kind not in ids.USABLE:
        zh, en = ids.EXPLAINED[said.kind]
        raise Invalid(zh=f"{zh}；没有证件号码可以留空", en=f"{en}; leave it empty where there is none")
    return said.number


def _home(session: Session, heard: Heard, number: str | None, at: Desk) -> Household | None:
    """The household that is meant, where a list of the viewer's region has it."""
    if heard.household_no is not None:
        chosen = scope(select(Household).where(Household.household_no == heard.household_no), at.by, of=Household)
        found = session.scalar(chosen)
        if found is None:
            raise NotFound(zh="没有这户，或不在您的管辖范围", en="there is no such household in your region")
        return found
    if number is None:
        return None
    index = at.keyring.blind_index(number)
    theirs = select(Household).join(Member, Member.household_id == Household.id)
    theirs = theirs.join(Person, Person.id == Member.person_id).where(Member.until_on.is_(None))
    theirs = theirs.where(Person.id_index == index).order_by(Household.registered.desc())
    found = session.scalars(scope(theirs, at.by, of=Household).limit(1)).first()
    before = select(Household).where(Household.id.in_(select(Lead.household_id).where(Lead.id_index == index)))
    return found or session.scalars(scope(before.order_by(Household.id), at.by, of=Household).limit(1)).first()


def _settle(session: Session, heard: Heard, number: str | None, at: Desk) -> Household:
    place = at.tree.resolve(heard.region, at.on)
    home = Household(
        household_no=f"X{heard.id.hex[:16]}", category=None, region=place.region, county=place.county,
        town=place.town, village=place.village, registered=False,
    )  # fmt: skip
    with database.whole(session):  # nobody's yet, until somebody belongs to it
        session.add(home)
        session.flush()
        theirs = session.scalar(select(Household.id).where(Household.id == home.id, within(at.by.region, of=Household)))
        if theirs is None or not place.known:
            raise _absent()
        person = _person(session, heard, number, at)
        session.add(Member(household_id=home.id, person_id=person.id, relation=_HEAD, from_on=at.on))
        session.flush()
    return home


def _person(session: Session, heard: Heard, number: str | None, at: Desk) -> Person:
    """Somebody the viewer may see already, or somebody new.

    A number that the register has elsewhere makes a person without a number: who is typed in here opens nobody's data
    there. The lead keeps the number sealed, so who covers both regions can put the two together.
    """
    keyring = at.keyring
    index = keyring.blind_index(number) if number else None
    known = session.scalar(select(Person).where(Person.id_index == index)) if index else None
    if known is not None and _all_seen(session, known, at.by):
        return known
    kept = number if known is None else None
    resident = number if number and len(number) == 18 and ids.checksum_ok(number) else None
    made = Person(
        id_index=None if kept is None else index, id_no=keyring.encrypt(kept, about="people.id_no") if kept else None,
        name=keyring.encrypt(heard.name or "", about="people.name"),
        phone=keyring.encrypt(heard.phone, about="people.phone") if heard.phone else None,
        sex=ids.sex(resident) if resident else None, birth_on=ids.birth_on(resident) if resident else None,
    )  # fmt: skip
    session.add(made)
    session.flush()
    finding.index_one(session, made, keyring)
    return made


def _all_seen(session: Session, person: Person, by: Viewer) -> bool:
    """Whether the viewer may see every household that the person belongs to or belonged to, and there is one."""
    theirs = select(Member.id).join(Household, Household.id == Member.household_id)
    theirs = theirs.where(Member.person_id == person.id)
    seen = session.scalars(scope(theirs, by, of=Household)).all()
    return bool(seen) and len(seen) == len(session.scalars(theirs).all())


def _alert(session: Session, home: Household, heard: Heard, at: Desk) -> tuple[uuid.UUID, bool]:
    standing = session.scalar(select(Alert).where(Alert.household_id == home.id, Alert.closed_at.is_(None)))
    zh, en = HOW[heard.how]
    if standing is not None:
        detail = {"lead": str(heard.id), "how": heard.how}
        session.add(
            AlertEvent(
                alert_id=standing.id, kind="lead", by=at.by.name, as_of=heard.heard_on, detail=detail,
                role=at.by.role, worker=at.by.worker, version=standing.version,
            )
        )  # fmt: skip
        return standing.id, False
    asked = Asked(LEAD, "1", "help", "yellow", f"主动发现：{zh}", f"Found by a worker: {en}", reference=_REFERENCE)
    made = raise_asked(session, home, asked, as_of=at.on, scan=None)
    year, week, _ = at.on.isocalendar()
    session.add(
        Choice(
            household_id=home.id, alert_id=made, as_of=at.on, week=f"{year}-W{week:02}", propensity=1.0, capacity=0,
            reason="self" if heard.how == "self" else "referral", county=home.county, town=home.town,
            village=home.village,
        )
    )  # fmt: skip
    return made, True


def _sealed(text: str | None, keyring: Keyring, column: str) -> bytes | None:
    return keyring.encrypt(text, about=f"leads.{column}") if text else None


def _digest(heard: Heard, by: Viewer, keyring: Keyring) -> str:
    said: list[Any] = [str(by.worker), *(str(getattr(heard, name)) for name in heard.__dataclass_fields__)]
    return keyring.blind_index(json.dumps(said, ensure_ascii=False)).hex()


def _absent() -> NotFound:
    return NotFound(zh="没有这个村（社区），或不在您的管辖范围", en="there is no such village in your region")
