"""Alerts as lines of a queue: who, how urgent, why, whose, what was last noted; as many queries for any page."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.deps import Laws
from monitor.alerts import people
from monitor.policy.days import Calendar
from monitor.service import Service, today
from monitor.tables import Alert, Reason
from monitor.work import calendar, deadlines, notes
from monitor.work.deadlines import NEVER, Spans

Level = Literal["red", "orange", "yellow", "blue"]
Status = Literal[
    "open", "assigned", "visited", "snoozed", "referred", "suspended", "town_review", "county_review", "returned",
    "transferred", "reopened", "closed", "annulled",
]  # fmt: skip
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
        self.spans: Spans = deadlines.spans(session, law, today=self.today)

    def briefs(self, alerts: Sequence[Alert]) -> list[AlertBrief]:
        """Return each alert as a line of the queue."""
        names = people.titles(
            self.session, [alert.household_id for alert in alerts], keyring=self.service.keyring
        )  # fmt: skip
        said = notes.latest(self.session, [alert.id for alert in alerts], keyring=self.service.keyring)
        owners = notes.names(self.session, {alert.owner_id for alert in alerts if alert.owner_id})
        return [AlertBrief(**self.brief(alert, names, said, owners)) for alert in alerts]

    def brief(
        self,
        alert: Alert,
        names: Mapping[int, str],
        said: Mapping[UUID, notes.Said],
        owners: Mapping[UUID, str],
    ) -> dict[str, Any]:
        """Return the columns of one line."""
        return _what(alert, names, self.laws) | self._when(alert) | {
            "owner": alert.owner_id, "owner_name": owners.get(alert.owner_id) if alert.owner_id else None,
            "paused_until": alert.paused_until, "note": _note(said.get(alert.id)),
        }  # fmt: skip

    def _when(self, alert: Alert) -> dict[str, Any]:
        if alert.closed_at is not None:
            return {"due_on": None, "days_left": None, "urgency": None}
        due_on = None if alert.due_on == NEVER else alert.due_on
        left = None if due_on is None else self.days.between(self.today, due_on)
        return {"due_on": due_on, "days_left": left, "urgency": self.spans.group(alert.due_on)}


def _what(alert: Alert, names: Mapping[int, str], laws: Laws) -> dict[str, Any]:
    standing = [reason for reason in alert.reasons if reason.status in ("active", "unknown")]
    first: Sequence[Reason] = standing or alert.reasons
    return {
        "id": alert.id, "version": alert.version, "household_no": alert.household.household_no,
        "name": names.get(alert.household_id, "—"), "level": alert.level, "status": alert.status,
        "category": alert.category, "region": alert.region,
        "region_name": laws.tree.full_name(alert.region, alert.seen_on), "opened_on": alert.opened_on,
        "seen_on": alert.seen_on, "cleared_on": alert.cleared_on, "recurring": alert.previous_id is not None,
        "rules": [reason.rule for reason in standing], "sentence_zh": first[0].sentence_zh if first else "",
        "sentence_en": first[0].sentence_en if first else "", "unseen": len(alert.unseen),
    }  # fmt: skip


def _note(said: notes.Said | None) -> LatestNote | None:
    return None if said is None else LatestNote(by=said.by, on=said.on, text=said.text)
