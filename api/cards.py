"""Pages of policy as they are told: schemas of rules, values and indicators, and how each is filled."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from monitor.policy import Parameter, Policy, Reference, cards
from monitor.policy.cards import Card, Named, Page, Shown, Standing
from monitor.policy.indicator_pages import IndicatorPage
from monitor.policy.reading import Words
from monitor.policy.thresholds import NATION
from monitor.policy.vocabulary import ELSEWHERE, LIMIT_UNITS, UNITS
from monitor.regions import Tree

Direction = Literal["help", "leave", "check"]
Level = Literal["red", "orange", "yellow", "blue"]
Verdict = Literal["fires", "silent", "unknown"]


class BothOut(BaseModel):
    """One thing in both languages."""

    zh: str
    en: str


class ReferenceOut(BaseModel):
    """The document that something rests on."""

    title: str
    article: str
    quote: str = Field(description="原文 / its own words")
    says: str = Field(description="大意 / what it says, in ours")
    href: str


class RuleBrief(BaseModel):
    """One rule as a line of the list."""

    name: str
    code: str
    called: BothOut
    factor: str = Field(description="致贫返贫风险因素 / risk factor")
    factor_called: BothOut
    direction: Direction
    level: Level
    sample: bool = Field(description="所依标准为样例，待核定 / rests on a sample that nobody has approved")
    preview: BothOut = Field(description="经办人所见的句子（以例子填写）/ the sentence as caseworkers see it")
    reference: ReferenceOut
    version: str


class NamedOut(BaseModel):
    """Something that a rule reads."""

    name: str
    called: BothOut
    unit: BothOut
    page: bool = Field(description="有指标页 / has a page of its own; no: a column of the register")


class FeedNamedOut(BaseModel):
    """A feed that a rule rests on."""

    name: str
    called: BothOut


class GivenOut(BaseModel):
    """One fact of an example, in words."""

    called: BothOut
    value: BothOut


class ExampleOut(BaseModel):
    """A household as an officer would put it, and what the rule says of it."""

    verdict: Verdict
    given: list[GivenOut]
    on: date | None = Field(description="按哪天的标准；空为最新 / values of that day; null: the newest")
    sentence: BothOut | None = Field(description="触发时的句子 / the sentence when it fires")


class AmountOut(BaseModel):
    """One amount; ``category`` is null where one holds for all."""

    category: BothOut | None
    amount: float


class ValueOut(BaseModel):
    """One value of one region, from one day on."""

    region: str
    where: BothOut = Field(description="哪一级 / which level")
    place: str = Field(description="区划名称 / the region's name")
    effective_from: date
    known_on: date = Field(description="公布日 / published on")
    state: Literal["in_force", "to_come", "replaced"]
    status: Literal["sourced", "sample"] = Field(description="sample：样例，待核定 / nobody has approved it")
    confirmed_by: str
    reference: ReferenceOut
    amounts: list[AmountOut] = Field(description="空：自此随上级 / empty: from here on as the region above")


class ParameterBrief(BaseModel):
    """One parameter as a line of the list."""

    name: str
    called: BothOut
    unit: BothOut
    by_category: bool
    values: int
    now: float | None = Field(description="对所有家庭相同的现行值 / the value in force, where it is one for everybody")
    sample: bool = Field(description="现行值中有样例 / a value in force is a sample")
    rules: list[str] = Field(description="哪些规则依它 / the rules that go by it")


class ParameterOut(ParameterBrief):
    """One parameter with all its values, the newest first."""

    standing: list[ValueOut]


class RuleOut(RuleBrief):
    """One rule with everything behind it."""

    condition: BothOut
    limit: BothOut | None
    reads: list[NamedOut]
    feeds: list[FeedNamedOut]
    cooldown_days: int = Field(description="降级前的冷静期 / days before its alert falls to a lower level")
    quiet_days: int = Field(description="核实无需帮扶后静默天数 / days of silence after a verified no need")
    quiet_worse: float = Field(description="恶化多少即解除静默 / share by which worse facts end the silence")
    examples: list[ExampleOut]
    parameters: list[ParameterOut]


class IndicatorOut(BaseModel):
    """One indicator: what is said of a household, from which feed, over which time."""

    name: str
    code: str | None
    called: BothOut
    unit: BothOut
    level: Literal["member", "household"]
    feed: FeedNamedOut | None
    window: BothOut
    computed: BothOut | None = Field(description="由其他指标算出 / computed from others")
    reads: list[NamedOut]
    rules: list[str]


def said(words: Words) -> BothOut:
    """Return one thing in both languages."""
    return BothOut(zh=words.zh, en=words.en)


def rule_brief(card: Card) -> RuleBrief:
    """Return a rule as a line of the list."""
    rule = card.rule
    return RuleBrief(
        name=rule.name, code=rule.code, called=said(rule.description), factor=rule.risk_factor,
        factor_called=said(card.factor), direction=rule.direction, level=rule.level, sample=card.sample,
        preview=said(card.preview), reference=_reference(rule.reference), version=rule.version,
    )  # fmt: skip


def rule_out(policy: Policy, page: Page, tree: Tree) -> RuleOut:
    """Return a rule with everything behind it."""
    rule = page.card.rule
    return RuleOut(
        **rule_brief(page.card).model_dump(),
        condition=said(page.condition), limit=said(page.limit) if page.limit else None,
        reads=[_named(policy, one) for one in page.reads],
        feeds=[FeedNamedOut(name=name, called=said(called)) for name, called in page.feeds],
        cooldown_days=rule.cooldown_days, quiet_days=rule.quiet.days, quiet_worse=rule.quiet.worse,
        examples=[_example(one) for one in page.examples],
        parameters=[parameter_out(policy, one, tree) for one in page.parameters],
    )  # fmt: skip


def parameter_brief(policy: Policy, parameter: Parameter) -> ParameterBrief:
    """Return a parameter as a line of the list."""
    in_force = policy.resolved.in_force[parameter.name]
    alike = set(in_force) == {NATION} and not parameter.by_category
    return ParameterBrief(
        name=parameter.name, called=said(parameter.description), unit=said(LIMIT_UNITS[parameter.unit]),
        by_category=parameter.by_category, values=len(parameter.values),
        now=policy.resolved.amount(parameter.name, None, None) if alike else None,
        sample=any(value.status == "sample" for value in in_force.values()),
        rules=sorted(rule.name for rule in policy.rules.values() if parameter.name in rule.parameters),
    )  # fmt: skip


def parameter_out(policy: Policy, parameter: Parameter, tree: Tree) -> ParameterOut:
    """Return a parameter with all its values, the newest first."""
    standing = [_value(policy, one, tree) for one in cards.standings(policy, parameter)]
    return ParameterOut(**parameter_brief(policy, parameter).model_dump(), standing=standing)


def indicator_out(policy: Policy, page: IndicatorPage) -> IndicatorOut:
    """Return an indicator with what it is made from and the rules that read it."""
    shown = cards.indicator(policy, page)
    feed = None if page.feed is None else FeedNamedOut(name=page.feed, called=said(policy.feeds[page.feed].description))
    return IndicatorOut(
        name=page.name, code=page.code, called=said(page.description), unit=_unit(page.unit), level=page.level,
        feed=feed, window=said(shown.window), computed=said(shown.computed) if shown.computed else None,
        reads=[_named(policy, one) for one in shown.reads],
        rules=sorted(rule.name for rule in policy.rules.values() if page.name in rule.needs),
    )  # fmt: skip


def _named(policy: Policy, one: Named) -> NamedOut:
    return NamedOut(name=one.name, called=said(one.called), unit=said(one.unit), page=one.name in policy.indicators)


def _example(one: Shown) -> ExampleOut:
    given = [GivenOut(called=said(called), value=said(value)) for called, value in one.given]
    verdict: Verdict = "fires" if one.verdict == "fires" else "silent" if one.verdict == "silent" else "unknown"
    return ExampleOut(verdict=verdict, given=given, on=one.on, sentence=said(one.sentence) if one.sentence else None)


def _value(policy: Policy, one: Standing, tree: Tree) -> ValueOut:
    value = one.value
    return ValueOut(
        region=value.region, where=said(one.where), place=_place(value.region, tree, policy.as_of),
        effective_from=value.effective_from, known_on=value.known_on, state=one.state, status=value.status,
        confirmed_by=value.confirmed_by, reference=_reference(value.reference),
        amounts=[AmountOut(category=said(who) if who else None, amount=amount) for who, amount in one.amounts],
    )  # fmt: skip


def _place(code: str, tree: Tree, on: date) -> str:
    return ELSEWHERE.get(code) or tree.full_name(code, on)


def _reference(one: Reference) -> ReferenceOut:
    return ReferenceOut(title=one.title, article=one.article, quote=one.quote, says=one.says, href=one.href)


def _unit(unit: str) -> BothOut:
    return said(UNITS.get(unit, Words(unit, unit)))
