"""How far a viewer reaches: their region and everything below it, and nothing for a role without case data."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, String, bindparam, false, literal, select, true

from monitor.database import ADDRESSED, NOWHERE
from monitor.errors import Invalid
from monitor.tables import Alert, Referral, Region

NATION = "00"
DEPARTMENT = "department"
WITH_CASES = frozenset({"assistant", "caseworker", "reviewer", "supervisor", "service"})
_ALL, _PATH, NOTHING = "all", "path", "none"
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
    return _lies(kind_of(viewer), of, lambda part: literal(values(viewer.region, "")[part]))


def wall(viewer: Viewer) -> str:
    """Return the region that the database is told of for ``viewer``, with their department: it shows no row beyond."""
    if viewer.role == DEPARTMENT and viewer.department:
        return f"{viewer.region}{ADDRESSED}{viewer.department}"
    return viewer.region if viewer.role in WITH_CASES else NOWHERE


def within(region: str, *, of: Any = Alert) -> ColumnElement[bool]:
    """Return the condition that a row of ``of`` lies in ``region``; a code of no level holds nothing."""
    given = values(region, "")
    return _lies(kind(region), of, lambda part: literal(given[part]))


def kind_of(viewer: Viewer) -> str:
    """Return what kind of reach ``viewer`` has over alerts and households, for ``of_kind``."""
    return kind(viewer.region) if viewer.role in WITH_CASES else NOTHING


def kind(region: str) -> str:
    """Return what kind of place ``region`` is: all conditions of one kind read the same."""
    code = region if region == NATION else shorten(region)
    if code == NATION:
        return _ALL
    return {2: _PATH, 4: _PATH, 6: "county", 9: "town", 12: "village"}[len(code)]


def of_kind(kind: str, of: Any, name: str) -> ColumnElement[bool]:
    """Return the condition of ``within`` for any region of ``kind``; ``values`` of the same ``name`` say which."""
    return _lies(kind, of, lambda part: bindparam(name + part, type_=String()))


def values(region: str, name: str) -> dict[str, str]:
    """Return what a condition ``of_kind`` is executed with to mean ``region``."""
    code = region if region == NATION else shorten(region)
    return {f"{name}_code": code, f"{name}_prefix": f"{code}%", f"{name}_path": f"%/{code}/%"}


def _lies(kind: str, of: Any, given: Callable[[str], Any]) -> ColumnElement[bool]:
    if kind == NOTHING:
        return false()
    if kind == _ALL:
        return true()
    if kind == _PATH:
        return _by_path(of.county, given("_prefix"), given("_path"))
    found: ColumnElement[bool] = getattr(of, kind) == given("_code")
    return found


def _by_path(county: ColumnElement[str], prefix: Any, path: Any) -> ColumnElement[bool]:
    """A county lies where its path says; one that the tree does not hold, where its digits say."""
    places = select(Region.code).where(Region.scheme == "official", Region.valid_to.is_(None), Region.level == "county")
    here = Region.path.like(path)
    gone = places.where(Region.code.like(prefix), Region.path.is_not(None), ~here)
    return (county.like(prefix) & county.not_in(gone)) | county.in_(places.where(here))
