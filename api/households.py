"""One household: why it is alerted on a date, and why not."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.deps import ByLaw, Reading, Serving, Viewing, asked_date, may
from api.errands import Errand
from api.overseeing import overseeing
from api.problems import RESPONSES
from api.written import Day
from monitor.alerts import explaining, people
from monitor.cases import chain
from monitor.lake import Lake
from monitor.policy.explaining import Pin
from monitor.service import judgeable, today

router = APIRouter(prefix="/api/v1/households", tags=["households"], responses=RESPONSES, route_class=Errand)
HouseholdNo = Annotated[str, Path(max_length=64, pattern=r"^[\w-]+$", description="户编号 / the register's number")]


class QuietOut(BaseModel):
    """A rule that a person's finding keeps quiet for the household."""

    rule: str
    since_on: date
    until_on: date = Field(description="最后静默日 / the last quiet day")
    why: str = Field(description="原因代码 / reason code")


class StepOut(BaseModel):
    """One condition that must turn for the verdict to be another."""

    zh: str
    en: str
    observed: float | None
    limit: float | None
    distance: float | None


class AnswerOut(BaseModel):
    """What one rule says of the household."""

    rule: str
    zh: str = Field(description="规则名称 / the rule's name")
    en: str
    verdict: Literal["fires", "silent", "unknown"]
    level: str
    direction: str
    sentence_zh: str
    sentence_en: str
    observed: float | None
    limit: float | None
    unit: str
    status: str = Field(description="sourced, or sample: a limit nobody has approved yet")
    parameters: list[dict[str, Any]]
    reference: dict[str, Any]
    unknown: list[str] = Field(description="缺少的指标 / indicators that are unknown")
    nearest: list[StepOut] = Field(description="最近的改变 / the nearest way to another verdict")
    evidence: list[dict[str, Any]] = Field(
        description="feed, delivery, row, member (place in the household), on, amount"
    )
    quiet: QuietOut | None


class AccountOut(BaseModel):
    """Everything the rules say of one household as of one date."""

    household_no: str
    name: str = Field(description="户主姓名（隐去）/ the head's masked name")
    as_of: date
    region: str
    region_name: str
    category: str | None
    alert: str | None = Field(description="未办结预警 / the open alert's id")
    stale_feeds: list[str]
    answers: list[AnswerOut]


class EntryOut(BaseModel):
    """One thing that happened to the household."""

    kind: str = Field(description="alert.*, case.*, visit, referral, measure, benefit")
    on: date
    at: datetime | None = Field(description="登记时刻；补贴发放为空 / when it was written down; null for benefits")
    subject: str
    zh: str
    en: str
    by: str | None
    member: int | None = Field(description="成员在户中的次序 / place in the household, where it is one member's")
    detail: dict[str, Any]


class ChainOut(BaseModel):
    """一户一条救助链: everything on record of one household, the newest first."""

    household_no: str
    name: str = Field(description="户主姓名（隐去）/ the head's masked name")
    as_of: date
    entries: list[EntryOut]


@router.get(
    "/{household_no}/timeline", dependencies=[may("household.read")], summary="一户一条救助链 / One household's story"
)
def timeline(
    household_no: HouseholdNo,
    service: Serving,
    viewer: Viewing,
    session: Reading,
    laws: ByLaw,
    as_of: Annotated[Day | None, Query(description="截至，默认今天 / up to; default: today")] = None,
) -> ChainOut:
    """Return alerts, visits, referrals, measures, the case's steps and benefits received, in one line."""
    day = judgeable(as_of) if as_of else today()
    household = chain.household_for(session, household_no, viewer)
    lake = Lake.of(service.settings)
    entries = chain.chain(session, household, lake=lake, policy=laws.on(day), as_of=day)
    shown = people.members(session, household.id, as_of=day, keyring=service.keyring)
    places = people.places(shown)
    return ChainOut(
        household_no=household_no, name=people.title(shown), as_of=day,
        entries=[
            EntryOut(
                kind=one.kind, on=one.on, at=one.at, subject=one.subject, zh=one.zh, en=one.en, by=one.by,
                member=places.get(one.person) if one.person is not None else None, detail=one.detail or {},
            )
            for one in entries
        ],
    )  # fmt: skip


@router.get(
    "/{household_no}/explanation",
    summary="为什么预警、为什么没有 / Why, and why not",
    dependencies=[may("household.why")],
)
def explain(
    household_no: HouseholdNo,
    service: Serving,
    viewer: Viewing,
    session: Reading,
    laws: ByLaw,
    as_of: Annotated[Day | None, Query(description="截止日，默认最近一次扫描 / default: the newest scan's")] = None,
) -> AccountOut:
    """Return every rule's verdict by the deliveries known on ``as_of``: what fires first, then the nearest to it.

    An auditor is told so of any household, without its name, and it is noted in the audit.
    """
    day = asked_date(session, as_of)
    lake = Lake.of(service.settings)
    with overseeing(session, viewer, action="household.why", subject=household_no) as (seer, outside):
        found = explaining.account(session, lake, laws.on(day), household_no, as_of=day, viewer=seer)
        shown = people.members(session, found.household.id, as_of=as_of or today(), keyring=service.keyring)
        places = people.places(shown)
        return AccountOut(
            household_no=household_no, name="—" if outside else people.title(shown), as_of=day, region=found.region,
            region_name=laws.tree.full_name(found.region, day), category=found.category,
            alert=str(found.alert.id) if found.alert else None,
            stale_feeds=sorted(name for name, state in found.states.items() if not state.fresh),
            answers=[_answer(answer, places) for answer in found.answers],
        )  # fmt: skip


def by_place(evidence: Any, places: dict[int, int]) -> list[dict[str, Any]]:
    """Return evidence rows that name a person by place in the household (null: no longer in it)."""
    return [
        {key: value for key, value in row.items() if key != "person"} | {"member": places.get(row["person"])}
        for row in evidence
    ]


def _answer(answer: explaining.Answer, places: dict[int, int]) -> AnswerOut:
    said, quiet = answer.explanation, answer.quiet
    steps = zip(said.gap, said.gap_sentences, strict=True)
    return AnswerOut(
        rule=said.rule.name, zh=said.rule.description.zh, en=said.rule.description.en, level=said.rule.level,
        verdict=_verdict(said.verdict), direction=said.rule.direction,
        sentence_zh=said.sentence.zh, sentence_en=said.sentence.en, observed=said.observed, limit=said.limit,
        unit=said.unit, status=said.status, parameters=[_pin(pin) for pin in said.parameters],
        reference=dict(said.reference.as_json()), unknown=list(said.unknown),
        evidence=by_place(answer.evidence, places),
        nearest=[
            StepOut(zh=words.zh, en=words.en, observed=step.observed, limit=step.limit, distance=step.distance)
            for step, words in steps
        ],
        quiet=QuietOut.model_validate(quiet, from_attributes=True) if quiet else None,
    )  # fmt: skip


def _verdict(said: str) -> Literal["fires", "silent", "unknown"]:
    return "fires" if said == "fires" else "silent" if said == "silent" else "unknown"


def _pin(pin: Pin) -> dict[str, Any]:
    return dict(pin.as_json())
