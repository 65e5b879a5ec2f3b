"""Many alerts at once: assigned or put off together, each looked at for itself. There is no closing of many."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from api.briefs import Desk
from api.deps import may
from api.errands import Errand
from api.once import ONCE
from api.problems import RESPONSES, status_of
from api.queue import Narrow, narrowed
from api.taking import Change, PutOffWhy, Strict
from api.written import Truth
from monitor.errors import Invalid
from monitor.service import today
from monitor.work import queue, taking, together
from monitor.work.together import MOST, Outcome, Target

router = APIRouter(prefix="/api/v1/alerts/bulk", tags=["desk"], responses=RESPONSES, route_class=Errand)


class One(Strict):
    """One of many; with a version it is changed only as it was seen."""

    id: UUID
    version: int | None = Field(None, ge=1)


class Many(Strict):
    """Which alerts: those listed, or all that the queue shows when narrowed so, at most ten thousand."""

    alerts: list[One] | None = Field(None, max_length=MOST)
    all_of: Narrow | None = None


class AssignMany(Many):
    """Whom they go to."""

    to: UUID


class PutOffMany(Many):
    """How long they are put off, at the longest, and why."""

    until: date
    why: PutOffWhy
    wakes_on_worse: Truth = True


class Listed(Strict):
    """Which alerts, each named."""

    alerts: list[One] = Field(min_length=1, max_length=200)


class Undone(Strict):
    """Which alerts: those that an act of many was just done to."""

    alerts: list[One] = Field(min_length=1, max_length=MOST)


class ByVillage(Strict):
    """Which of the alerts that nobody has."""

    all_of: Narrow = Narrow()


class NotDone(BaseModel):
    """One that was not done, and why."""

    id: UUID
    status: int = Field(description="如单独操作时的状态码 / the status it would have had alone", examples=[409])
    zh: str
    en: str


class Done(BaseModel):
    """What became of many."""

    done: int
    not_done: int
    ids: list[UUID] = Field(description="已完成 / those done")
    refused: list[NotDone] = Field(description="未完成及原因 / those not done, each with its reason")


Changing = Annotated[Change, Depends(Change)]


@router.post(
    "/assign", summary="批量分派 / Assign many",
    dependencies=[may("alert.assign")], responses=ONCE, response_model=Done,
)  # fmt: skip
def assign_many(sent: AssignMany, change: Changing) -> Response:
    """Give many alerts to one worker, all in one transaction; each that cannot be is named and left as it was."""
    session = change.once.session

    def work() -> Done:
        targets = _targets(sent, change)
        return _told(together.assign_all(session, targets, sent.to, by=change.viewer, on=today()))

    return change.once.answer(work)


@router.post(
    "/snooze", summary="批量稍后处理 / Put many off",
    dependencies=[may("alert.work")], responses=ONCE, response_model=Done,
)  # fmt: skip
def put_many_off(sent: PutOffMany, change: Changing) -> Response:
    """Put many alerts off; each that cannot be is named and left as it was."""
    session, pause = change.once.session, taking.Pause(sent.until, sent.why, sent.wakes_on_worse)

    def work() -> Done:
        return _told(together.put_off_all(session, _targets(sent, change), pause, by=change.viewer, on=today()))

    return change.once.answer(work)


@router.post(
    "/claim", summary="批量认领 / Claim many",
    dependencies=[may("alert.work")], responses=ONCE, response_model=Done,
)  # fmt: skip
def claim_many(sent: Listed, change: Changing) -> Response:
    """Take those of many alerts that nobody has; each that somebody has stays theirs and is named."""
    return _gone(sent, "claim", change)


@router.post(
    "/release", summary="批量放回 / Release many",
    dependencies=[may("alert.work")], responses=ONCE, response_model=Done,
)  # fmt: skip
def release_many(sent: Listed, change: Changing) -> Response:
    """Put many alerts back for anybody to take; each that cannot be is named and left as it was."""
    return _gone(sent, "release", change)


@router.post(
    "/undo", summary="批量撤销 / Take many back",
    dependencies=[may("alert.undo")], responses=ONCE, response_model=Done,
)  # fmt: skip
def undo_many(sent: Undone, change: Changing) -> Response:
    """Take back one's own claiming, giving, releasing or putting off of many, within thirty seconds, row by row.

    Both acts stay on every alert's timeline; what somebody changed since, or did themselves, stays and is named.
    """
    return change.once.answer(
        lambda: _told(together.undo_all(change.once.session, _listed(sent.alerts), by=change.viewer))
    )


@router.post(
    "/assign-by-village", summary="按村自动分派 / Assign by village",
    dependencies=[may("alert.assign")], responses=ONCE, response_model=Done,
)  # fmt: skip
def assign_by_village(sent: ByVillage, change: Changing) -> Response:
    """Give what nobody has to who cares for its village and has least to do; what is in nobody's care is named."""
    session = change.once.session

    def work() -> Done:
        desk = Desk(session, change.service, change.laws)
        filters = narrowed(sent.all_of, session, change.laws, change.viewer)
        return _told(together.assign_by_village(session, filters, by=change.viewer, spans=desk.spans))

    return change.once.answer(work)


def _gone(sent: Listed, edge: str, change: Change) -> Response:
    session, targets = change.once.session, _listed(sent.alerts)
    return change.once.answer(lambda: _told(together.go_all(session, targets, edge, by=change.viewer, on=today())))


def _listed(alerts: Sequence[One]) -> list[Target]:
    return [Target(one.id, one.version) for one in alerts]


def _targets(sent: Many, change: Change) -> list[Target]:
    if (sent.alerts is None) == (sent.all_of is None):
        raise Invalid(zh="alerts 与 all_of 请二选一", en="send alerts or all_of, one of the two")
    if sent.alerts is not None:
        return _listed(sent.alerts)
    session = change.once.session
    desk = Desk(session, change.service, change.laws)
    filters = narrowed(sent.all_of or Narrow(), session, change.laws, change.viewer)
    return [Target(key.id) for key in queue.first(session, filters, viewer=change.viewer, spans=desk.spans, most=MOST)]


def _told(outcome: Outcome) -> Done:
    refused = [
        NotDone(id=id_, status=status_of(refusal), zh=refusal.zh, en=refusal.en) for id_, refusal in outcome.refused
    ]
    return Done(done=len(outcome.done), not_done=len(refused), ids=outcome.done, refused=refused)
