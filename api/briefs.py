"""Alerts as lines of a queue: who, how urgent, why, whose, what was last noted; as many queries for any page."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.deps import Laws
from monitor.alerts import people
from monitor.alerts.people import NOBODY, Head
from monitor.policy.days import Calendar
from monitor.service import Service, today
from monitor.work import calendar, deadlines, notes
from monitor.work.deadlines import NEVER, Spans
from monitor.work.lines import Line, lines

Level = Literal["red", "orange", "yellow", "blue"]
Status = Literal[
    "open", "assigned", "visited", "snoozed", "referred", "suspended", "town_review", "county_review", "returned",
    "transferred", "reopened", "closed", "annulled",
]  # fmt: skip
_ENDED = {"due_on": None, "days_left": None, "urgency": None}
Urgency = Literal["long_overdue", "overdue", "soon", "later"]


class LatestNote(BaseModel):
    """What was last noted on an alert."""

    by: str
    on: date
    text: str


class AlertBrief(BaseModel):
    """An alert as a line of the queue; ``version`` is its ETag."""

    id: UUID
    version: int
    household_no: str
    name: str = Field(description="户主姓名（隐去）/ the head's masked name", examples=["张*"])
    id_masked: str = Field(
        description="户主证件号（隐去）；未知为空 / the head's masked ID number; empty: not known",
        examples=["340299********1234"],
    )
    level: Level
    status: Status
    category: str | None
    region: str
    region_name: str
    opened_on: date
    seen_on: date = Field(description="最近一次判定的截止日 / last judged as of")
    cleared_on: date | None = Field(description="全部原因消除之日，待人工办结 / every reason cleared: to be closed")
    recurring: bool = Field(description="复发 / not the household's first episode")
    rules: list[str] = Field(description="现存原因，最重的在前 / standing reasons, the weightiest first")
    sentence_zh: str
    sentence_en: str
    unseen: int = Field(description="未能判断的规则数 / rules that could not be judged")
    due_on: date | None = Field(description="下一步的最后期限（当日有效）/ last day for what is due next; null: none")
    days_left: int | None = Field(description="剩余工作日，负数为逾期 / working days left; below 0: overdue")
    urgency: Urgency | None = Field(description="紧急程度；已办结为空 / null once it has ended")
    owner: UUID | None
    owner_name: str | None = Field(description="经办人 / whose it is")
    paused_until: date | None = Field(description="稍后处理至 / put off until")
    note: LatestNote | None = Field(description="最近备注 / the latest note")


class Desk:
    """What a page of alerts is shown by: the day, the calendar, the groups of the queue."""

    def __init__(self, session: Session, service: Service, laws: Laws) -> None:
        self.session, self.service, self.laws, self.today = session, service, laws, today()
        law = laws.on(self.today)
        self.days: Calendar = calendar.calendar(session, law)
        self.spans: Spans = deadlines.parted(self.days, law, today=self.today)

    def briefs(self, alerts: Sequence[UUID]) -> list[AlertBrief]:
        """Return each alert that the viewer was found to see as a line of the queue, in the order given."""
        return self.shown(lines(self.session, alerts))

    def shown(self, found: Sequence[Line]) -> list[AlertBrief]:
        """Return lines as they are shown."""
        return [AlertBrief(**one) for one in self.told(found)]

    def told(self, found: Sequence[Line]) -> list[dict[str, Any]]:
        """Return the parts of an ``AlertBrief`` for each of ``found``, by their names."""
        keyring = self.service.keyring
        who = people.heads(self.session, [line.household_id for line in found], keyring=keyring)
        said = notes.latest(self.session, [line.id for line in found], keyring=keyring)
        places = cache(self.laws.tree.full_name)
        when = cache(self._when)  # a page is due on a few days
        return [
            {
                **_what(line, who.get(line.household_id, NOBODY), places, _note(said.get(line.id))),
                **(_ENDED if line.closed_at is not None else when(line.due_on)),
            }
            for line in found
        ]

    def _when(self, due: date) -> dict[str, Any]:
        due_on = None if due == NEVER else due
        days_left = None if due_on is None else self.days.between(self.today, due_on)
        return {"due_on": due_on, "days_left": days_left, "urgency": self.spans.group(due)}


def _what(line: Line, head: Head, places: Callable[[str, date], str], note: LatestNote | None) -> dict[str, Any]:
    return {
        "id": line.id, "version": line.version, "household_no": line.household_no,
        "name": head.name, "id_masked": head.id_masked, "level": line.level, "status": line.status,
        "category": line.category, "region": line.region, "region_name": places(line.region, line.seen_on),
        "opened_on": line.opened_on, "seen_on": line.seen_on, "cleared_on": line.cleared_on,
        "recurring": line.previous_id is not None, "rules": line.rules, "sentence_zh": line.sentence_zh,
        "sentence_en": line.sentence_en, "unseen": line.unseen,
        "owner": line.owner_id, "owner_name": line.owner_name, "paused_until": line.paused_until, "note": note,
    }  # fmt: skip


def _note(said: notes.Said | None) -> LatestNote | None:
    return None if said is None else LatestNote(by=said.by, on=said.on, text=said.text)
