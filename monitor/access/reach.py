"""How far a viewer reaches: their region and everything below it, and nothing for a role without case data."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, false, select, true

from monitor.database import ADDRESSED, NOWHERE
from monitor.errors import Invalid
from monitor.tables import Alert, Referral, Region

NATION = "00"
DEPARTMENT = "department"
WITH_CASES = frozenset({"assistant", "caseworker", "reviewer", "supervisor", "service"})
Cut = TypeVar("Cut", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True)
class Viewer:
    """The worker a read is scoped to; ``region`` is an official code without its trailing zeros.

    ``scopes`` are the actions a token or an unfinished session is held to; None has all of the role's. ``session`` is
    the sign-in of a person, None for a token; ``proved_at`` when they last showed who they are. ``department`` is the
    other department that somebody answers referrals for; None for our own people.
    """

    worker: uuid.UUID
    name: str
    role: str
    region: str
    scopes: frozenset[str] | None = field(default=None, compare=False)
    session: uuid.UUID | None = field(default=None, compare=False)
    proved_at: datetime | None = field(default=None, compare=False)
    department: str | None = field(default=None, compare=False)


def shorten(region: str) -> str:
    """Return an official code without the zeros of the levels below it: 340203000000 is 340203.

    Refuses what is no code of 2, 4, 6, 9 or 12 digits.
    """
    code = region.strip()
    if not code.isascii() or not code.isdigit() or len(code) not in (2, 4, 6, 9, 12):
        raise Invalid(zh="行政区划代码须为2、4、6、9或12位数字", en="a region is a code of 2, 4, 6, 9 or 12 digits")
    for longer, shorter in ((12, 9), (9, 6), (6, 4), (4, 2)):
        if len(code) == longer and code.endswith("0" * (longer - shorter)):
            code = code[:shorter]
    return code


def scope(statement: Cut, viewer: Viewer, *, of: Any = Alert) -> Cut:
    """Return ``statement`` cut to the rows of ``of`` that ``viewer`` may see.

    The one place that decides it. ``of`` is a class with ``county``, ``town`` and ``village``: ``Alert``, ``Household``
    or another's own; what hangs on an alert or a household is joined to it first, and so is a ``Referral``, which its
    department sees too. A role without case data sees none.
    """
    return statement.where(visible(viewer, of=of))


def visible(viewer: Viewer, *, of: Any = Alert) -> ColumnElement[bool]:
    """Return the condition by which ``scope`` cuts, for an update or a delete."""
    if of is Referral:
        theirs = true() if viewer.role != DEPARTMENT else Referral.department == (viewer.department or "")
        return within(viewer.region) & theirs if viewer.role in (*WITH_CASES, DEPARTMENT) else false()
    return within(viewer.region, of=of) if viewer.role in WITH_CASES else false()


def wall(viewer: Viewer) -> str:
    """Return the region that the database is told of for ``viewer``, with their department: it shows no row beyond."""
    if viewer.role == DEPARTMENT and viewer.department:
        return f"{viewer.region}{ADDRESSED}{viewer.department}"
    return viewer.region if viewer.role in WITH_CASES else NOWHERE


def within(region: str, *, of: Any = Alert) -> ColumnElement[bool]:
    """Return the condition that a row of ``of`` lies in ``region``; a code of no level holds nothing."""
    code = region if region == NATION else shorten(region)
    if code == NATION:
        return true()
    found: ColumnElement[bool] = false()
    match len(code):
        case 2 | 4:
            found = _by_path(code, of.county)
        case 6:
            found = of.county == code
        case 9:
            found = of.town == code
        case 12:
            found = of.village == code
    return found


def _by_path(code: str, county: ColumnElement[str]) -> ColumnElement[bool]:
    """A county lies where its path says; one that the tree does not hold, where its digits say."""
    places = select(Region.code).where(Region.scheme == "official", Region.valid_to.is_(None), Region.level == "county")
    here = Region.path.contains(f"/{code}/", autoescape=True)
    gone = places.where(Region.code.startswith(code), Region.path.is_not(None), ~here)
    return (county.startswith(code) & county.not_in(gone)) | county.in_(places.where(here))
