"""Rules as people read them: what, why by law, in the caseworker's own sentence, with its examples and its values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from monitor.policy.examples import ANYWHERE
from monitor.policy.indicator_pages import IndicatorPage, Window
from monitor.policy.language import Expression
from monitor.policy.pack import Policy
from monitor.policy.reading import Words
from monitor.policy.rule_pages import Example, Rule
from monitor.policy.sentences import show
from monitor.policy.thresholds import Parameter, Value, level_of
from monitor.policy.vocabulary import CATEGORIES, REGISTER, RISK_FACTORS, UNITS

State = Literal["in_force", "to_come", "replaced"]


@dataclass(frozen=True)
class Named:
    """Something that a rule reads: its name in the pack, what it is called, its unit in words."""

    name: str
    called: Words
    unit: Words


@dataclass(frozen=True)
class Shown:
    """A household as an officer would put it, what the rule says of it, and in which sentence when it fires."""

    verdict: str
    given: tuple[tuple[Words, Words], ...]
    on: date | None
    sentence: Words | None


@dataclass(frozen=True)
class Card:
    """One rule on one page, as it stands on the policy's day."""

    rule: Rule
    factor: Words
    sample: bool
    preview: Words


@dataclass(frozen=True)
class Page:
    """A card with everything behind it."""

    card: Card
    condition: Words
    limit: Words | None
    reads: tuple[Named, ...]
    feeds: tuple[tuple[str, Words], ...]
    examples: tuple[Shown, ...]
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True)
class Standing:
    """One value of a parameter: whether it is in force on the policy's day, to come, or has been replaced."""

    value: Value
    where: Words
    amounts: tuple[tuple[Words | None, float], ...]
    state: State


@dataclass(frozen=True)
class Made:
    """What an indicator is made from: over which time, from which others by which reckoning."""

    window: Words
    computed: Words | None
    reads: tuple[Named, ...]


def card(policy: Policy, rule: Rule) -> Card:
    """Return a rule as a line of the list; its sentence is filled with the first example that fires."""
    firing = next(example for example in rule.examples if example.verdict == "fires")
    return Card(rule, RISK_FACTORS[rule.risk_factor], _sample(policy, rule), _sentence(policy, rule, firing))


def page(policy: Policy, rule: Rule) -> Page:
    """Return a rule with its condition in words, what it reads, its examples and the values that it goes by."""
    return Page(
        card=card(policy, rule),
        condition=_said(policy, rule.when),
        limit=_said(policy, rule.limit) if rule.limit else None,
        reads=tuple(_named(policy, name) for name in sorted(rule.needs)),
        feeds=tuple((feed, policy.feeds[feed].description) for feed in sorted(policy.feeds_of(rule.name))),
        examples=tuple(_example(policy, rule, one) for one in rule.examples),
        parameters=tuple(policy.parameters[name] for name in sorted(rule.parameters)),
    )


def indicator(policy: Policy, one: IndicatorPage) -> Made:
    """Return what an indicator is made from, in words."""
    computed = _said(policy, one.compute) if one.compute else None
    return Made(_window(one.window), computed, tuple(_named(policy, name) for name in sorted(one.names)))


def standings(policy: Policy, parameter: Parameter) -> Iterator[Standing]:
    """Yield every value of a parameter, the newest first, each with how it stands on the policy's day."""
    in_force = parameter.in_force(policy.as_of, policy.known_on)
    for value in reversed(parameter.values):
        state: State = "in_force" if in_force.get(value.region) is value else _otherwise(policy, value)
        amounts = value.amounts or {}
        told = tuple((CATEGORIES[key] if key else None, amount) for key, amount in amounts.items())
        yield Standing(value, level_of(value.region), told, state)


def _otherwise(policy: Policy, value: Value) -> State:
    to_come = value.effective_from > policy.as_of or value.known_on > policy.known_on
    return "to_come" if to_come else "replaced"


def _sample(policy: Policy, rule: Rule) -> bool:
    """Whether anything that the rule rests on today is only a sample, in whatever region."""
    values = [value for name in rule.parameters for value in policy.resolved.in_force[name].values()]
    return "sample" in (rule.status, *(value.status for value in values))


def _example(policy: Policy, rule: Rule, example: Example) -> Shown:
    given = tuple(_given(policy, name, value) for name, value in example.given.items())
    sentence = _sentence(policy, rule, example) if example.verdict == "fires" else None
    return Shown(example.verdict, given, example.on, sentence)


def _given(policy: Policy, name: str, value: object) -> tuple[Words, Words]:
    named, unit = _named(policy, name), _unit(policy, name)
    return named.called, Words(show(value, unit, "zh"), show(value, unit, "en"))


def _sentence(policy: Policy, rule: Rule, example: Example) -> Words:
    nothing: Mapping[str, object] = dict.fromkeys(rule.needs)
    row = {**nothing, "region": ANYWHERE, "category": None, **example.given}
    return policy.explain(rule.name, row).sentence


def _said(policy: Policy, expression: Expression) -> Words:
    return Words(policy.explainer.say(expression, "zh"), policy.explainer.say(expression, "en"))


def _named(policy: Policy, name: str) -> Named:
    names = policy.explainer.names
    called = Words(names["zh"].get(name, name), names["en"].get(name, name))
    return Named(name, called, UNITS.get(_unit(policy, name), Words("", "")))


def _unit(policy: Policy, name: str) -> str:
    return policy.indicators[name].unit if name in policy.indicators else REGISTER[name][2]


def _window(window: Window | None) -> Words:
    if window is None:
        return Words("不限时间", "at any time")
    first, last = window.first, window.last
    match window.kind:
        case "months":
            return Words(f"近{first}个月", f"the last {first} months")
        case "days":
            return Words(f"近{first}天", f"the last {first} days")
        case "next_days":
            return Words(f"今后{first}天", f"the next {first} days")
    return Words(
        f"最近第{first + 1}至第{last + 1}个整月", f"full months {first + 1} to {last + 1}, counted back from the last"
    )
