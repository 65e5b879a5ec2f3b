"""Saved views: ways of narrowing the queue that a worker keeps, or shares with everybody in a region."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from monitor import audit
from monitor.access import NATION, Viewer, shorten
from monitor.errors import Conflict, Forbidden, NotFound, Stale
from monitor.tables import View

MOST = 50
_LENGTHS = (2, 4, 6, 9, 12)


@dataclass(frozen=True)
class Kept:
    """What a view is to be: its name, what it narrows the queue to, and the region that shares it, if any."""

    name: str
    filters: Mapping[str, Any]
    shared_in: str | None = None


def views(session: Session, *, viewer: Viewer) -> Sequence[View]:
    """Return the viewer's own views and those shared in the regions that theirs lies in, by name."""
    chosen = select(View).where(or_(View.owner_id == viewer.worker, View.shared_in.in_(_around(viewer.region))))
    return session.scalars(chosen.order_by(View.name, View.id).limit(200)).all()


def keep(session: Session, kept: Kept, *, by: Viewer) -> View:
    """Keep a new view; refuses a name that the worker has already, and more than fifty."""
    mine = session.scalars(select(View.name).where(View.owner_id == by.worker)).all()
    if kept.name in mine:
        raise Conflict(zh="已有同名视图", en="there is a view of that name")
    if len(mine) >= MOST:
        raise Conflict(zh=f"最多保存{MOST}个视图，请先删除不用的", en=f"at most {MOST} views: delete one first")
    view = View(owner_id=by.worker, name=kept.name, filters=dict(kept.filters), shared_in=_shared(kept, by))
    session.add(view)
    session.flush()
    _note(session, view, "kept", by)
    return view


def change(session: Session, view: uuid.UUID, kept: Kept, *, by: Viewer, expected: int) -> View:
    """Change a view of one's own, shared or not."""
    found = _own(session, view, by, expected)
    taken = select(View.id).where(View.owner_id == by.worker, View.name == kept.name, View.id != view)
    if session.scalar(taken) is not None:
        raise Conflict(zh="已有同名视图", en="there is a view of that name")
    found.name, found.filters, found.shared_in = kept.name, dict(kept.filters), _shared(kept, by)
    found.version += 1
    session.flush()
    _note(session, found, "changed", by)
    return found


def drop(session: Session, view: uuid.UUID, *, by: Viewer, expected: int) -> None:
    """Delete a view of one's own."""
    found = _own(session, view, by, expected)
    _note(session, found, "dropped", by)
    session.delete(found)
    session.flush()


def _own(session: Session, view: uuid.UUID, by: Viewer, expected: int) -> View:
    found = session.scalar(select(View).where(View.id == view, View.owner_id == by.worker).with_for_update())
    if found is None:
        raise NotFound(zh="没有这个视图，或不是您保存的", en="there is no such view of yours")
    if found.version != expected:
        raise Stale(found.version)
    return found


def _shared(kept: Kept, by: Viewer) -> str | None:
    """A view is shared within the sharer's own region, or a part of it."""
    if kept.shared_in is None:
        return None
    code = kept.shared_in if kept.shared_in == NATION else shorten(kept.shared_in)
    if by.region != NATION and not code.startswith(by.region):
        raise Forbidden(zh="只能在本人管辖范围内共享", en="share within your own region")
    return code


def _around(region: str) -> list[str]:
    return [NATION, *(region[:length] for length in _LENGTHS if length <= len(region))]


def _note(session: Session, view: View, what: str, by: Viewer) -> None:
    detail = {"shared": view.shared_in}
    audit.record(session, by=str(by.worker), action=f"view.{what}", subject=str(view.id), detail=detail)
