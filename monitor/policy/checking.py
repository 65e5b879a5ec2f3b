"""Check the whole pack: every page, every example, every boundary, and whether every threshold matters."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby, product
from pathlib import Path

import pandas as pd

from monitor.policy.cases import Case, Maker
from monitor.policy.examples import judge_plainly
from monitor.policy.judging import CODE_OF_TRUTH, VERDICTS, prepared
from monitor.policy.language import Place, PolicyError, truth
from monitor.policy.language.tree import (
    Among,
    Arithmetic,
    Between,
    Comparison,
    Extreme,
    Joined,
    Known,
    Negative,
    Node,
    Not,
    Number,
    walk,
)
from monitor.policy.pack import HERE, Pack, survey
from monitor.policy.rule_pages import Rule
from monitor.policy.thresholds import Parameter, Resolved, Value, nearest

SHIFT = 0.3
LEAST, MOST = 0.3, 3.0


@dataclass(frozen=True)
class Report:
    """What the check of a pack found; the pack stands when there are no problems."""

    problems: tuple[PolicyError, ...]
    cases: Mapping[str, int]
    mutants: int

    @property
    def stands(self) -> bool:
        return not self.problems


def check(root: Path = HERE) -> Report:
    """Check the pack below ``root`` and report every problem, each with its file, line and column.

    Reads every page; runs each rule's examples and the cases made from it (just below, at and just above each
    threshold, the day before and of each date, each thing missing, each feed stale) and holds the verdicts
    against a plain reading of the rule; moves each threshold by one unit and asks that some case notice;
    asks for a confirmation of values that jump.
    """
    pack, problems = survey(root)
    if problems:
        return Report(tuple(problems), {}, 0)
    checker = _Checker(pack)
    for rule in pack.rules.values():
        checker.run(rule)
    checker.move_values()
    return Report((*checker.problems, *implausible(pack.parameters)), dict(checker.count), checker.mutants)


class _Checker:
    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self.problems: list[PolicyError] = []
        self.count: Counter[str] = Counter()
        self.mutants = 0
        self.cases: dict[str, list[Case]] = {}

    def run(self, rule: Rule) -> None:
        """Run every case of one rule both ways, then move each number in its condition."""
        cases = list(Maker(rule, self.pack.parameters, self.pack.indicators).cases())
        self.cases[rule.name] = cases
        self.count.update(case.sort for case in cases)
        for case, verdict in zip(cases, self.judged(rule, cases), strict=True):
            expected = self.plain(rule.when.root, case, self.pack.parameters)
            if verdict != expected:
                self.problems.append(_two_readings(rule, case, verdict, expected))
        for node in walk(rule.when.root):
            if isinstance(node, Number):
                for step in (-1.0, 1.0):
                    moved = _with(rule.when.root, node, Number(node.value + step, node.at))
                    if not self.noticed(rule, cases, moved, self.pack.parameters):
                        self.problems.append(_unnoticed(rule.when.place.at(node.at), f"{node.value:g}", rule.name))

    def judged(self, rule: Rule, cases: list[Case]) -> list[str]:
        """The verdicts of the engine, one table for all cases of one moment."""
        verdicts: dict[int, str] = {}
        order = sorted(range(len(cases)), key=lambda at: (cases[at].as_of, cases[at].known_on))
        for moment, group in groupby(order, key=lambda at: (cases[at].as_of, cases[at].known_on)):
            members = list(group)
            resolved = Resolved([self.pack.parameters[name] for name in rule.parameters], *moment)
            rows = [{**dict.fromkeys(rule.needs), **cases[at].given} for at in members]
            codes = CODE_OF_TRUTH[truth(rule.when, prepared([rule], resolved, pd.DataFrame(rows)))]
            verdicts.update(zip(members, (VERDICTS[int(code)] for code in codes), strict=True))
        return [verdicts[at] for at in range(len(cases))]

    def plain(self, root: Node, case: Case, parameters: Mapping[str, Parameter]) -> str:
        return judge_plainly(root, case.given, parameters, case.as_of, case.known_on)

    def noticed(self, rule: Rule, cases: Iterable[Case], root: Node, parameters: Mapping[str, Parameter]) -> bool:
        """Whether some case of ``rule`` comes out otherwise with a changed condition or changed values."""
        self.mutants += 1
        standing = self.pack.parameters
        return any(self.plain(rule.when.root, case, standing) != self.plain(root, case, parameters) for case in cases)

    def move_values(self) -> None:
        """Move each value of each parameter that rules read, one unit down and up; some case must notice."""
        for page in self.pack.parameters.values():
            rules = [rule for rule in self.pack.rules.values() if page.name in rule.parameters]
            moves = product(page.values, (-_unit(page), _unit(page))) if rules else ()
            for value, step in moves:
                for kinds in _cells(value):
                    self.move(page, value, dict.fromkeys(kinds, step), rules)

    def move(self, page: Parameter, value: Value, steps: Mapping[str, float], rules: list[Rule]) -> None:
        amounts = {kind: amount + steps.get(kind, 0.0) for kind, amount in (value.amounts or {}).items()}
        moved = replace(value, amounts=amounts)
        values = tuple(moved if other is value else other for other in page.values)
        parameters = {**self.pack.parameters, page.name: replace(page, values=values)}
        if not any(self.noticed(rule, self.near(rule, page, value), rule.when.root, parameters) for rule in rules):
            self.problems.append(_unnoticed(value.place, page.name, ", ".join(rule.name for rule in rules)))

    def near(self, rule: Rule, page: Parameter, value: Value) -> Iterator[Case]:
        """The cases of ``rule`` in which ``value`` is the one that holds."""
        in_force = cache(page.in_force)
        for case in self.cases[rule.name]:
            if nearest(in_force(case.as_of, case.known_on), str(case.given["region"])) is value:
                yield case


def _cells(value: Value) -> list[frozenset[str]]:
    """The amounts of a value that stand by themselves: each category's own, and one for all the others."""
    if value.amounts is None:
        return []
    own = [frozenset({kind}) for kind in value.amounts if kind not in value.otherwise]
    return [*own, value.otherwise & frozenset(value.amounts)] if value.otherwise & frozenset(value.amounts) else own


def _unit(page: Parameter) -> float:
    return 0.01 if page.unit in ("yuan", "yuan/month", "yuan/year", "share", "kWh", "times") else 1.0


def _with(node: Node, old: Number, new: Number) -> Node:
    """Return the tree with one number replaced, found by identity."""
    match node:
        case Number():
            return new if node is old else node
        case Known() | Negative() | Not():
            return replace(node, inner=_with(node.inner, old, new))
        case Arithmetic() | Comparison():
            return replace(node, left=_with(node.left, old, new), right=_with(node.right, old, new))
        case Extreme() | Joined():
            return replace(node, items=tuple(_with(item, old, new) for item in node.items))
        case Between():
            inner, low, high = (_with(part, old, new) for part in (node.inner, node.low, node.high))
            return replace(node, inner=inner, low=low, high=high)
        case Among():
            return replace(node, items=tuple(new if item is old else item for item in node.items))
        case _:
            return node


def _two_readings(rule: Rule, case: Case, verdict: str, expected: str) -> PolicyError:
    given = {name: case.given.get(name) for name in sorted({*rule.when.names, "region", "category"})}
    return PolicyError(
        rule.when.place,
        zh=f"规则 {rule.name} 在 {case.as_of}(知悉 {case.known_on})对 {given} 判为 {verdict},应为 {expected}",
        en=f"rule {rule.name} on {case.as_of} (known {case.known_on}) says {verdict} of {given}, not {expected}",
    )


def _unnoticed(place: Place, what: str, rules: str) -> PolicyError:
    return PolicyError(
        place,
        zh=f"把 {what} 移动一个单位,规则 {rules} 没有任何用例变化:请补例子,或删去它",
        en=f"no case of {rules} notices when {what} moves by one unit: add an example, or leave it out",
    )


def implausible(parameters: Mapping[str, Parameter]) -> Iterator[PolicyError]:
    """Yield a problem for each value that jumps, in time or against its parent, and that nobody confirmed."""
    for page in parameters.values():
        for at, value in enumerate(page.values):
            earlier = [other for other in page.values[:at] if other.region == value.region]
            around = {other.region: other for other in page.values[:at] if other.region != value.region}
            for other, low, high in (
                (earlier[-1] if earlier else None, 1 - SHIFT, 1 + SHIFT),
                (nearest(around, value.region), LEAST, MOST),
            ):
                if not value.confirmed_by and _jumps(value, other, low, high):
                    yield PolicyError(
                        value.place,
                        zh=f"参数 {page.name} 的值与前值或上级相差过大,须写 confirmed_by",
                        en=f"a value of {page.name} is far from the one before or around it; say confirmed_by whom",
                    )


def _jumps(value: Value, other: Value | None, low: float, high: float) -> bool:
    if value.amounts is None or other is None or other.amounts is None:
        return False
    return any(
        not other.amounts[kind] * low <= amount <= other.amounts[kind] * high for kind, amount in value.amounts.items()
    )
