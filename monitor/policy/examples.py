"""Run the examples that stand on a rule's own page."""

from collections.abc import Iterator, Mapping
from datetime import date

import pandas as pd

from monitor.policy.judging import CODE_OF_TRUTH, FIRES, SILENT, UNKNOWN, prepared
from monitor.policy.language import PolicyError, truth
from monitor.policy.reading import Scalar
from monitor.policy.rule_pages import Example, Rule
from monitor.policy.thresholds import Parameter, Resolved

ANYWHERE = "000000000000"
WORDS = {FIRES: "fires", SILENT: "silent", UNKNOWN: "unknown"}


def disagreements(rule: Rule, parameters: Mapping[str, Parameter]) -> Iterator[PolicyError]:
    """Yield an error for each example that the rule judges otherwise, or that leaves out what the rule reads.

    An example without a region stands nowhere in particular: the nation's values hold for it.
    """
    used = [parameters[name] for name in sorted(rule.parameters)]
    for example in rule.examples:
        if lacking := sorted(_read(rule, used) - set(example.given)):
            yield PolicyError(example.place, zh=f"例子缺少:{lacking}", en=f"the example leaves out {lacking}")
            continue
        resolved = Resolved(used, example.on or date.max, example.known_on or date.max)
        verdict = judge_one(rule, resolved, example.given)
        if verdict != example.verdict:
            yield _otherwise(rule, example, verdict)


def judge_one(rule: Rule, resolved: Resolved, given: Mapping[str, Scalar]) -> str:
    """Judge one household by one rule; what ``given`` does not say is unknown."""
    row = {**dict.fromkeys(rule.needs), "region": ANYWHERE, "category": None, **given}
    columns = prepared([rule], resolved, pd.DataFrame([row]))
    return WORDS[int(CODE_OF_TRUTH[truth(rule.when, columns).item()])]


def _read(rule: Rule, used: list[Parameter]) -> set[str]:
    """What an example must say: every name in the condition, and the category where a value depends on it."""
    return set(rule.when.names) | ({"category"} if any(parameter.by_category for parameter in used) else set())


def _otherwise(rule: Rule, example: Example, verdict: str) -> PolicyError:
    return PolicyError(
        example.place,
        zh=f"例子应为 {example.verdict},规则 {rule.name} 判为 {verdict}",
        en=f"the example says {example.verdict}, rule {rule.name} says {verdict}",
    )
