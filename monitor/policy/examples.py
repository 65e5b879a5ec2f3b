"""Run the examples that stand on a rule's own page.

By the plain reading of the rule, which takes a moment for a whole pack; ``checking`` runs them by the engine
too and asks that both agree.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from monitor.policy.language import PolicyError
from monitor.policy.language.tree import Node
from monitor.policy.plain import Plain, amount_of, value_of
from monitor.policy.rule_pages import Example, Rule
from monitor.policy.thresholds import Parameter

ANYWHERE = "000000000000"


def disagreements(rule: Rule, parameters: Mapping[str, Parameter]) -> Iterator[PolicyError]:
    """Yield an error for each example that the rule judges otherwise, or that leaves out what the rule reads.

    An example without a region stands nowhere in particular: the nation's values hold for it.
    """
    needed = _needed(rule, parameters)
    for example in rule.examples:
        if lacking := ", ".join(sorted(needed - set(example.given))):
            yield PolicyError(example.place, zh=f"例子缺少:{lacking}", en=f"the example leaves out {lacking}")
            continue
        row = {"region": ANYWHERE, "category": None, **example.given}
        on, known_on = example.on or date.max, example.known_on or date.max
        verdict = judge_plainly(rule.when.root, row, parameters, on, known_on)
        if verdict != example.verdict:
            yield _otherwise(rule, example, verdict)


def judge_plainly(
    condition: Node, row: Mapping[str, Plain], parameters: Mapping[str, Parameter], as_of: date, known_on: date
) -> str:
    """Judge one household by one condition under the values in force on ``as_of``, known by ``known_on``."""
    region, category = str(row["region"]), row["category"]

    def amount(name: str) -> float | None:
        kind = category if isinstance(category, str) else None
        return amount_of(parameters[name], as_of, known_on, region, kind)

    value = value_of(condition, row, amount)
    return "unknown" if value is None else "fires" if value else "silent"


def _needed(rule: Rule, parameters: Mapping[str, Parameter]) -> set[str]:
    """What an example must say: every name in the condition, and the category where a value depends on it."""
    by_category = any(parameters[name].by_category for name in rule.parameters)
    return set(rule.when.names) | ({"category"} if by_category else set())


def _otherwise(rule: Rule, example: Example, verdict: str) -> PolicyError:
    return PolicyError(
        example.place,
        zh=f"例子应为 {example.verdict},规则 {rule.name} 判为 {verdict}",
        en=f"the example says {example.verdict}, rule {rule.name} says {verdict}",
    )
