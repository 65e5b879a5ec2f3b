"""What a worker needs of one household at its door: who lives there, why it is visited, what to confirm or mend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import leads
from monitor.alerts import people
from monitor.alerts.people import Shown
from monitor.dossiers import Known, known_of
from monitor.policy import Policy
from monitor.privacy import Keyring, mask_id, mask_phone
from monitor.service import Service, today
from monitor.tables import Alert, FollowUp, Person

_STANDING = ("active", "unknown")
_VISITS = 3


@dataclass(frozen=True)
class Packed:
    """A member as a pack shows them: as ``Shown``, with ID number and phone masked."""

    shown: Shown
    id_masked: str
    phone_masked: str


@dataclass(frozen=True)
class Sheet:
    """One household to visit; ``known`` is what its standing reasons rest on, a value None being unknown."""

    alert: Alert
    members: Sequence[Packed]
    known: Sequence[Known]
    visits: Sequence[FollowUp]
    heard: Sequence[leads.Told]


def sheets(session: Session, service: Service, policy: Policy, alerts: Sequence[Alert], *, as_of: date) -> list[Sheet]:
    """Return the sheet of each alert, in their order; what is known on ``as_of`` is computed once for all of them.

    Members are those of the city's today: who was registered since the newest scan belongs to the household too.
    """
    if not alerts:
        return []
    known = known_of(session, service, policy, [alert.household_id for alert in alerts], as_of=as_of)
    heard = leads.of_alerts(session, [alert.id for alert in alerts])
    return [
        Sheet(
            alert,
            members(session, alert.household_id, as_of=today(), keyring=service.keyring),
            [one for one in known.get(alert.household_id, []) if one.indicator in _asked(alert, policy)],
            _visits(session, alert),
            heard.get(alert.id, []),
        )
        for alert in alerts
    ]


def members(session: Session, household: int, *, as_of: date, keyring: Keyring) -> list[Packed]:
    """Return the members of a household on ``as_of`` with their numbers masked, its head first."""
    shown = people.members(session, household, as_of=as_of, keyring=keyring)
    chosen = select(Person.id, Person.id_no, Person.phone).where(Person.id.in_([one.person for one in shown]))
    cells = {row.id: row for row in session.execute(chosen)}
    return [
        Packed(
            one,
            mask_id(_plain(cells[one.person].id_no, keyring, "people.id_no")),
            mask_phone(_plain(cells[one.person].phone, keyring, "people.phone")),
        )
        for one in shown
    ]


def _plain(cell: bytes | None, keyring: Keyring, about: str) -> str:
    return "" if cell is None else keyring.decrypt(cell, about=about)


def _asked(alert: Alert, policy: Policy) -> frozenset[str]:
    rules: Mapping[str, object] = policy.rules
    standing = [one.rule for one in alert.reasons if one.status in _STANDING and one.rule in rules]
    return frozenset(name for rule in standing for name in policy.rules[rule].needs)


def _visits(session: Session, alert: Alert) -> Sequence[FollowUp]:
    chosen = select(FollowUp).where(FollowUp.alert_id == alert.id, FollowUp.undone_at.is_(None))
    return session.scalars(chosen.order_by(FollowUp.recorded_at.desc(), FollowUp.id).limit(_VISITS)).all()
