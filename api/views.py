"""Saved views of the queue: one's own, and those shared in one's region."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.deps import Reading, Viewing, may
from api.errands import Errand
from api.once import CHANGES, ONCE, Doing, Expected
from api.problems import RESPONSES
from api.queue import Narrow
from api.taking import Strict
from monitor import access
from monitor.access import Viewer
from monitor.tables import View
from monitor.work import views
from monitor.work.views import Kept

router = APIRouter(prefix="/api/v1/views", tags=["desk"], responses=RESPONSES, route_class=Errand)


class ViewIn(Strict):
    """A view to be kept; it narrows the queue, and never by a name."""

    name: str = Field(min_length=1, max_length=64, examples=["我的待办"])
    narrow: Narrow
    shared_in: str | None = Field(None, pattern=r"^[0-9]{2,12}$", description="共享给该地区 / shared with this region")


class ViewOut(BaseModel):
    """A view as it is kept."""

    id: UUID
    name: str
    narrow: Narrow
    shared_in: str | None
    mine: bool
    version: int


@router.get("", summary="视图 / Views", dependencies=[may("view.own")])
def list_views(viewer: Viewing, session: Reading) -> list[ViewOut]:
    """Return my views and those shared in my region, by name."""
    return [_shown(one, viewer) for one in views.views(session, viewer=viewer)]


@router.post(
    "", status_code=201, summary="保存视图 / Keep a view", dependencies=[may("view.own")], responses=ONCE,
    response_model=ViewOut,
)  # fmt: skip
def keep_view(sent: ViewIn, viewer: Viewing, once: Doing) -> Response:
    """Keep a view, for me or for everybody in a region within mine."""
    return once.answer(lambda: _shown(views.keep(once.session, _kept(sent, viewer), by=viewer), viewer), status=201)


@router.put(
    "/{view}", summary="修改视图 / Change a view", dependencies=[may("view.own")], responses=CHANGES,
    response_model=ViewOut,
)  # fmt: skip
def change_view(view: UUID, sent: ViewIn, viewer: Viewing, expected: Expected, once: Doing) -> Response:
    """Change a view of mine."""
    session = once.session
    return once.answer(
        lambda: _shown(views.change(session, view, _kept(sent, viewer), by=viewer, expected=expected), viewer)
    )


@router.delete(
    "/{view}", status_code=204, summary="删除视图 / Delete a view", dependencies=[may("view.own")], responses=CHANGES
)
def drop_view(view: UUID, viewer: Viewing, expected: Expected, once: Doing) -> None:
    """Delete a view of mine."""
    views.drop(once.session, view, by=viewer, expected=expected)


def _kept(sent: ViewIn, viewer: Viewer) -> Kept:
    if sent.shared_in is not None:
        access.require(viewer, "view.share")
    return Kept(sent.name, sent.narrow.model_dump(mode="json", exclude_none=True), sent.shared_in)


def _shown(view: View, viewer: Viewer) -> ViewOut:
    return ViewOut(
        id=view.id, name=view.name, narrow=Narrow(**view.filters), shared_in=view.shared_in,
        mine=view.owner_id == viewer.worker, version=view.version,
    )  # fmt: skip
