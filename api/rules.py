"""The policy as it stands, to be read: rules with law, sentence and examples; values with their documents."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import select

from api.called import CalledOut, called
from api.cards import (
    IndicatorOut,
    ParameterBrief,
    ParameterOut,
    RuleBrief,
    RuleOut,
    indicator_out,
    parameter_brief,
    parameter_out,
    rule_brief,
    rule_out,
)
from api.deps import ByLaw, Reading, Serving, may
from api.errands import Errand
from api.guard import instead
from api.problems import RESPONSES
from api.written import Day
from monitor.errors import NotFound
from monitor.metrics import VERSION
from monitor.policy import Policy, cards
from monitor.service import today
from monitor.tables import Scan

T = TypeVar("T")
SEEN: dict[int | str, dict[str, Any]] = {304: {"description": "没有变化 / as the caller has it"}}
ONE: dict[int | str, dict[str, Any]] = {404: RESPONSES[404], 422: RESPONSES[422], **SEEN}
router = APIRouter(prefix="/api/v1/policy", tags=["policy"], responses={401: RESPONSES[401]}, route_class=Errand)
RuleName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$", examples=["medical_self_pay"])]
ParameterName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_.]{0,95}$", examples=["medical.self_pay_limit"])]
IndicatorName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$", examples=["medical_self_pay_12m"])]


class RulesOut(BaseModel):
    """Every rule in force, by risk factor and code."""

    version: str = Field(description="规则包版本 / digest of the pack")
    build: str
    as_of: Day
    production: bool = Field(description="生产模式不接受样例 / production refuses samples")
    rules: list[RuleBrief]


class ParametersOut(BaseModel):
    """Every parameter, by name."""

    version: str
    as_of: Day
    parameters: list[ParameterBrief]


class HitsOut(BaseModel):
    """What one rule said of the households of the newest scan."""

    rule: str
    fires: int = Field(description="触发户数 / households of which it fires")
    unknown: int = Field(description="数据不足户数 / households of which it could not say")
    lacks: list[str] = Field(description="看不到的来源 / feeds it looks at that never came or are stale")


class NewestHitsOut(BaseModel):
    """What every rule said in the newest finished scan."""

    as_of: Day | None = Field(description="空：尚未扫描 / null: none was scanned yet")
    households: int
    rules: list[HitsOut]
    called: dict[str, CalledOut] = Field(description="所缺来源的名称 / what the lacking feeds are called")


class Page:
    """The law of today, and whether the caller has the answer: the ETag is the pack's digest, the day and the build."""

    def __init__(
        self,
        request: Request,
        laws: ByLaw,
        service: Serving,
        sent: Annotated[str | None, Header(alias="If-None-Match", max_length=200)] = None,
    ) -> None:
        self.law, self.tree = laws.on(today()), laws.tree
        self.production, self._scope = service.settings.production, request.scope
        self.tag = f'"{self.law.version[:16]}-{self.law.as_of.isoformat()}-{VERSION}"'
        self.has_it = sent is not None and self.tag in sent

    def answer(self, work: Callable[[], BaseModel]) -> Response:
        """Return 304 to who has it, else what ``work`` makes, with its ETag."""
        headers = {"ETag": self.tag}
        instead(self._scope, cache_control="private, no-cache")
        if self.has_it:
            return Response(status_code=304, headers=headers)
        return Response(work().model_dump_json(), headers=headers, media_type="application/json")


Asked = Annotated[Page, Depends(Page)]


@router.get(
    "/rules", dependencies=[may("policy.read")], summary="规则 / Rules", response_model=RulesOut, responses=SEEN
)
def list_rules(page: Asked) -> Response:
    """Return every rule in force today with its law and its sentence; the same pack and day are the same ETag."""
    return page.answer(lambda: _rules(page.law, page.production))


@router.get("/rules/{rule}", dependencies=[may("policy.read")], summary="一条规则 / One rule",
            response_model=RuleOut, responses=ONE)  # fmt: skip
def get_rule(rule: RuleName, page: Asked) -> Response:
    """Return a rule with its condition in words, its examples, and the values that it goes by with their documents."""
    found = _named(page.law.rules, rule, zh="规则", en="rule")
    return page.answer(lambda: rule_out(page.law, cards.page(page.law, found), page.tree))


@router.get("/parameters", dependencies=[may("policy.read")], summary="标准 / Parameters",
            response_model=ParametersOut, responses=SEEN)  # fmt: skip
def list_parameters(page: Asked) -> Response:
    """Return every parameter with the rules that go by it."""
    law = page.law
    briefs = [parameter_brief(law, one) for one in law.parameters.values()]
    return page.answer(lambda: ParametersOut(version=law.version, as_of=law.as_of, parameters=briefs))


@router.get("/parameters/{parameter}", dependencies=[may("policy.read")], summary="一项标准 / One parameter",
            response_model=ParameterOut, responses=ONE)  # fmt: skip
def get_parameter(parameter: ParameterName, page: Asked) -> Response:
    """Return a parameter's values by region, category and day, each with its document and whether it is a sample."""
    found = _named(page.law.parameters, parameter, zh="标准", en="parameter")
    return page.answer(lambda: parameter_out(page.law, found, page.tree))


@router.get("/indicators/{indicator}", dependencies=[may("policy.read")], summary="一项监测指标 / One indicator",
            response_model=IndicatorOut, responses=ONE)  # fmt: skip
def get_indicator(indicator: IndicatorName, page: Asked) -> Response:
    """Return what an indicator says of a household, from which feed, over which time, and which rules read it."""
    found = _named(page.law.indicators, indicator, zh="指标", en="indicator")
    return page.answer(lambda: indicator_out(page.law, found))


@router.get("/hits", dependencies=[may("run.read")], summary="上次扫描各规则命中 / What each rule said last")
def newest_hits(session: Reading, laws: ByLaw) -> NewestHitsOut:
    """Return of how many households each rule fired in the newest finished scan, or could not say for want of what."""
    ended = select(Scan).where(Scan.finished_at.is_not(None)).order_by(Scan.as_of.desc(), Scan.finished_at.desc())
    scan = session.scalar(ended.limit(1))
    counts = scan.counts if scan else {}
    lacks = counts.get("dormant", {})
    told = [
        HitsOut(rule=name, fires=one["fires"], unknown=one["unknown"], lacks=lacks.get(name, []))
        for name, one in sorted(counts.get("by_rule", {}).items())
    ]
    named = called([{"feeds": sorted({feed for one in told for feed in one.lacks})}], laws)
    return NewestHitsOut(
        as_of=scan.as_of if scan else None, households=counts.get("households", 0), rules=told, called=named
    )


@lru_cache(maxsize=4)
def _rules(law: Policy, production: bool) -> RulesOut:
    shown = [cards.card(law, rule) for rule in law.rules.values()]
    shown.sort(key=lambda card: (card.rule.risk_factor, card.rule.code))
    told = [rule_brief(one) for one in shown]
    return RulesOut(version=law.version, build=VERSION, as_of=law.as_of, production=production, rules=told)


def _named(pages: Mapping[str, T], name: str, *, zh: str, en: str) -> T:
    found = pages.get(name)
    if found is None:
        raise NotFound(zh=f"没有这个{zh}", en=f"there is no such {en}")
    return found
