"""A case as it is shown: whose it is, its plan, its checks, its life in words, and what may be done about it now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.deps import Laws
from monitor.access import Viewer
from monitor.alerts import people
from monitor.cases import plans, removal
from monitor.cases.chain import names_of, told_of
from monitor.cases.codes import CASE_WHYS, REASON_CODES
from monitor.lifecycle import CASE
from monitor.lifecycle import may as edges_of
from monitor.privacy import Keyring
from monitor.service import today
from monitor.tables import Alert, Case, CaseEvent, FollowUp, Measure

CaseStatus = Literal[
    "planning", "notice", "helping", "removal", "removal_notice", "removed", "questioned", "ended", "annulled"
]


class MeasureOut(BaseModel):
    """One measure of the plan."""

    id: UUID
    code: str
    status: Literal["planned", "done", "dropped"]
    responsible: str
    due_on: date | None
    done_on: date | None
    amount_yuan: float | None
    note: str | None
    version: int = Field(description="个案的版本 / the version of its case, by which it is changed")


class LaterCheckOut(BaseModel):
    """A check owed, or made, after the risk was removed."""

    model_config = ConfigDict(from_attributes=True)
    months: int
    due_on: date
    done_on: date | None
    found: Literal["holds", "back", "void"] | None = Field(description="holds 稳定; back 返困; void 不再需要")


class StepOut(BaseModel):
    """One step of the case's life."""

    at: datetime
    as_of: date | None
    kind: str
    zh: str = Field(description="操作与原因 / what was done and why, in Chinese")
    en: str
    by: str
    role: str | None = Field(description="角色；空：系统 / the role; null: the system")
    why: str | None
    detail: dict[str, Any]


class ContradictionOut(BaseModel):
    """Something known that contradicts a proposal."""

    code: str
    zh: str
    en: str


class ChecksOut(BaseModel):
    """The checks of the standard, each as it came out."""

    income_above_line: bool = Field(description="收入高于消除线")
    guarantees_firm: bool = Field(description="各项保障落实")
    first_risk_gone: bool = Field(description="原风险消除")
    no_new_risk: bool = Field(description="无新的风险")
    consistent: bool = Field(description="情况相互一致")


class RemovalOut(BaseModel):
    """What was proposed of a risk held to be gone, and how each check of the standard came out."""

    way: Literal["helped", "natural"]
    follow_up: UUID
    income_yuan: float
    line_yuan: float | None = Field(description="当地风险消除线 / the line in force when it was proposed")
    guarantees: dict[str, bool]
    contradictions: list[ContradictionOut]
    checks: ChecksOut


class ReasonToGive(BaseModel):
    """A reason that may be given for a step."""

    code: str
    zh: str
    en: str


class CaseOut(BaseModel):
    """A case in full."""

    id: UUID
    household_no: str
    name: str = Field(description="户主姓名（隐去）/ the head's masked name", examples=["张*"])
    region: str
    region_name: str
    alert_id: UUID
    status: CaseStatus = Field(description="状态，见 decisions/0040 / a state of the table of a case's life")
    risk_factors: list[str]
    opened_on: date
    notice_from: date | None
    notice_until: date | None = Field(description="公示最后一日 / the last day of the public notice")
    removal: RemovalOut | None = Field(description="风险消除各项核对 / every check of the proposal to remove the risk")
    mine: bool = Field(description="风险消除由您提出，须由他人审批 / you proposed the removal: another approves it")
    removed_on: date | None
    closed_why: str | None
    version: int
    measures: list[MeasureOut]
    later_checks: list[LaterCheckOut]
    timeline: list[StepOut]
    may: list[str] = Field(description="您现在可做的操作 / edges open to your desk")
    whys: dict[str, list[ReasonToGive]] = Field(
        description="其中须写原因的，可选原因 / the reasons to choose from, of those edges that need one"
    )


class GroundOut(BaseModel):
    """A visit that the case may rest on."""

    id: UUID
    visited_on: date
    way: str
    finding: str
    reason_code: str | None
    by: str = Field(description="登记人 / who recorded it")


class GroundsOut(BaseModel):
    """The visits that a proposal or a later check may name, the newest first."""

    items: list[GroundOut]
    alert_id: UUID = Field(
        description="在此预警登记下一次核查：未办结的，没有则为建档的 / where the next visit is recorded"
    )
    ended: bool = Field(description="该预警已办结：核查保留为补充记录 / it ended: the visit is kept for the record")


@dataclass(frozen=True)
class Casefile:
    """What cases are shown with: to whom, with which keys, under which laws."""

    session: Session
    viewer: Viewer
    keyring: Keyring
    laws: Laws

    def case(self, one: Case) -> CaseOut:
        """Return a case in full, as it stands."""
        session, home, version = self.session, one.household, one.version
        may = edges_of(one, self.viewer)
        names = people.titles(session, [one.household_id], keyring=self.keyring)
        return CaseOut(
            id=one.id, household_no=home.household_no, name=names.get(one.household_id, "—"), region=home.region,
            region_name=self.laws.tree.full_name(home.region, today()), alert_id=one.alert_id,
            status=one.status,  # type: ignore[arg-type]
            risk_factors=one.risk_factors, opened_on=one.opened_on, notice_from=one.notice_from,
            notice_until=one.notice_until, removed_on=one.removed_on, closed_why=one.closed_why, version=version,
            removal=None if one.removal is None else RemovalOut.model_validate(one.removal),
            mine=one.proposed_by == self.viewer.worker,
            measures=[self.measure(each, version=version) for each in plans.measures(session, one)],
            later_checks=[LaterCheckOut.model_validate(each) for each in removal.checks(session, one)],
            timeline=[_step(each) for each in plans.timeline(session, one)],
            may=may, whys={edge: [*_reasons(edge)] for edge in may if CASE.edge(edge).needs_why},
        )  # fmt: skip

    def measure(self, one: Measure, *, version: int) -> MeasureOut:
        """Return a measure, its note opened; ``version`` is its case's."""
        note = None if one.note is None else self.keyring.decrypt(one.note, about=plans.NOTE)
        return MeasureOut(
            id=one.id, code=one.code, status=one.status, responsible=one.responsible,  # type: ignore[arg-type]
            due_on=one.due_on, done_on=one.done_on, amount_yuan=one.amount_yuan, note=note, version=version,
        )  # fmt: skip

    def grounds(self, case: Case) -> GroundsOut:
        """Return the visits that the case may rest on today, and where the next one is recorded."""
        found = removal.grounds(self.session, case)
        names = names_of(self.session, (one.recorded_by for one in found))
        living = select(Alert.id).where(Alert.household_id == case.household_id, Alert.closed_at.is_(None))
        alert = self.session.scalar(living.limit(1))
        items = [_ground(one, names.get(one.recorded_by, one.recorded_by)) for one in found]
        return GroundsOut(items=items, alert_id=alert or case.alert_id, ended=alert is None)


def _step(one: CaseEvent) -> StepOut:
    zh, en = told_of(one, "case")
    return StepOut(
        at=one.at, as_of=one.as_of, kind=one.kind, zh=zh, en=en, by=one.by, role=one.role, why=one.why,
        detail=one.detail,
    )  # fmt: skip


def _reasons(edge: str) -> Iterator[ReasonToGive]:
    """Those of the catalogue that the edge is held to, or those that go with it."""
    held = {code: REASON_CODES[code] for code in sorted(CASE.edge(edge).codes)}
    for code, (zh, en) in (held or CASE_WHYS.get(edge, {})).items():
        yield ReasonToGive(code=code, zh=zh, en=en)


def _ground(one: FollowUp, by: str) -> GroundOut:
    return GroundOut(
        id=one.id, visited_on=one.visited_on, way=one.way, finding=one.finding, reason_code=one.reason_code, by=by
    )
