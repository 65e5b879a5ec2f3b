"""家庭档案: a household as it stands on a day: who belongs to it, what is known and what is not, what came of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor.access import Viewer, scope
from monitor.alerts import people
from monitor.cases.chain import household_for
from monitor.indicators import FeedState, compute, feeds_of, freshness, manifest, opened
from monitor.lake import Lake
from monitor.policy import Policy
from monitor.policy.reading import Words
from monitor.privacy import Keyring
from monitor.service import Service
from monitor.tables import Alert, Case, Household, Member
from monitor.work import searching

MOST_FOUND = 50


@dataclass(frozen=True)
class Found:
    """A household that a search means: its head's masked name, how many belong to it today, its open alert."""

    household: Household
    name: str
    members: int
    alert: Alert | None


@dataclass(frozen=True)
class Known:
    """What one indicator says of the household; ``value`` None is unknown, never no.

    ``feeds`` are those it rests on, ``stale`` those of them that were not heard of in time, ``heard_on`` the day on
    which the one silent longest was last heard of (None: one of them never was).
    """

    indicator: str
    description: Words
    unit: str
    value: float | bool | str | None
    feeds: Sequence[str]
    stale: Sequence[str]
    heard_on: date | None


@dataclass(frozen=True)
class Dossier:
    """A household and what came of it; what indicators say of it ``known_of`` computes."""

    household: Household
    alerts: Sequence[Alert]
    cases: Sequence[Case]


def find(session: Session, text: str, *, viewer: Viewer, keyring: Keyring) -> list[Found]:
    """Return up to 50 households of the viewer's region of whoever ``text`` may mean, alerted or not.

    Refuses a text too short to seek by; nothing of what was typed is kept.
    """
    meant = searching.people(session, text, viewer=viewer, keyring=keyring)
    chosen = select(Household).where(
        Household.id.in_(select(Member.household_id).where(Member.person_id.in_(meant), Member.until_on.is_(None)))
    )
    homes = session.scalars(scope(chosen, viewer, of=Household).order_by(Household.id).limit(MOST_FOUND)).all()
    ids = [home.id for home in homes]
    names, sizes = people.titles(session, ids, keyring=keyring), _sizes(session, ids)
    open_alerts = select(Alert).where(Alert.household_id.in_(ids), Alert.closed_at.is_(None))
    alerts = {alert.household_id: alert for alert in session.scalars(open_alerts)}
    return [Found(home, names.get(home.id, "—"), sizes[home.id], alerts.get(home.id)) for home in homes]


def dossier(session: Session, household_no: str, *, viewer: Viewer) -> Dossier:
    """Return the household as the register has it; absent and not the viewer's are the same refusal."""
    home = household_for(session, household_no, viewer)
    of_home = select(Alert).where(Alert.household_id == home.id).order_by(Alert.opened_on.desc(), Alert.id)
    cases = select(Case).where(Case.household_id == home.id).order_by(Case.opened_on.desc(), Case.id)
    return Dossier(home, session.scalars(of_home).all(), session.scalars(cases).all())


def _sizes(session: Session, households: Sequence[int]) -> Counter[int]:
    chosen = (
        select(Member.household_id, func.count())
        .where(Member.household_id.in_(households), Member.until_on.is_(None))
        .group_by(Member.household_id)
    )
    return Counter({row[0]: row[1] for row in session.execute(chosen)})


def known_of(
    session: Session, service: Service, policy: Policy, homes: Sequence[int], *, as_of: date
) -> dict[int, list[Known]]:
    """Return what each indicator says of each household by the deliveries known on ``as_of``, computed once for all.

    Of one never judged, nothing.
    """
    came = manifest(session, as_of=as_of)
    states = freshness(came, policy, as_of=as_of)
    lake = Lake.of(service.settings)
    with opened(lake, policy, came) as view:
        table = compute(view, policy, as_of=as_of, households=list(homes))
    rows = table.astype(object).where(table.notna(), None)
    return {int(str(home)): _known(row, policy, states) for home, row in rows.iterrows()}


def _known(row: Any, policy: Policy, states: Mapping[str, FeedState]) -> list[Known]:
    found = []
    for name, page in policy.indicators.items():
        feeds = sorted(feeds_of(policy, name))
        heard = [states[feed].last_known_on for feed in feeds]
        stale = [feed for feed in feeds if not states[feed].fresh]
        oldest = None if None in heard else min((day for day in heard if day), default=None)
        found.append(Known(name, page.description, page.unit, row[name], feeds, stale, oldest))
    return found
