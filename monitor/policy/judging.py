"""Judge every household by every rule: fires, silent, or unknown, never a guess between them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitor.errors import Invalid
from monitor.policy.language import Columns, number, truth
from monitor.policy.rule_pages import Rule
from monitor.policy.thresholds import Numbers, Resolved

FIRES, SILENT, UNKNOWN = 1, 0, -1
CODE_OF_TRUTH = np.array([SILENT, UNKNOWN, FIRES], dtype=np.int8)
VERDICTS = {FIRES: "fires", SILENT: "silent", UNKNOWN: "unknown"}
WORDS = np.array([VERDICTS[code] for code in (SILENT, FIRES, UNKNOWN)], dtype=object)
MOST = 100.0
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What every rule says of every household of one table.

    ``codes`` has one row per household and one column per rule, both in order: 1 fires, 0 silent, -1 unknown.
    ``no_threshold`` counts, per rule, the households that it cannot judge because no value of one of its
    parameters is in force for them; ``regions_without`` names their regions, per parameter.
    """

    codes: pd.DataFrame
    no_threshold: Mapping[str, int]
    regions_without: Mapping[str, tuple[str, ...]]
    rules: Mapping[str, Rule]
    resolved: Resolved
    table: pd.DataFrame

    def long(self) -> pd.DataFrame:
        """Return household_key, rule, verdict for what fires or is unknown, sorted by the first two."""
        ordered = self.codes.sort_index()
        codes = ordered.to_numpy()
        row, column = np.nonzero(codes)
        return pd.DataFrame(
            {
                "household_key": ordered.index.to_numpy()[row],
                "rule": ordered.columns.to_numpy()[column],
                "verdict": WORDS[codes[row, column]],
            }
        )

    @cached_property
    def fired(self) -> pd.DataFrame:
        """The rows of the table for households that any rule fires for."""
        return self.table[_any_fires(self.codes)]

    @cached_property
    def limits(self) -> pd.DataFrame:
        """The limit of each rule for each of the ``fired`` households; NaN where the rule has none."""
        return self._per_rule(_limit)

    @cached_property
    def observed(self) -> pd.DataFrame:
        """The value that each rule compares with its limit, for each of the ``fired`` households."""
        return self._per_rule(_observed)

    @cached_property
    def excess(self) -> pd.DataFrame:
        """How many times over its limit each rule is, from 1 to 100; NaN where it does not fire.

        1 where a rule has no limit, or one that nothing can be measured against; where lower is worse, how
        many times below.
        """
        return _excess(self)

    def _per_rule(self, value: Callable[[Rule, Columns], Numbers | float]) -> pd.DataFrame:
        columns = prepared(self.rules.values(), self.resolved, self.fired)
        values = {name: np.broadcast_to(value(rule, columns), len(self.fired)) for name, rule in self.rules.items()}
        return pd.DataFrame(values, index=self.fired.index)


def _any_fires(codes: pd.DataFrame) -> Bools:
    return np.asarray((codes.to_numpy() == FIRES).any(axis=1))


def _limit(rule: Rule, columns: Columns) -> Numbers | float:
    return number(rule.limit, columns) if rule.limit else np.nan


def _observed(rule: Rule, columns: Columns) -> Numbers | float:
    return columns.numbers(rule.observed) if rule.observed else np.nan


def _excess(verdicts: Verdicts) -> pd.DataFrame:
    observed, limits = verdicts.observed.to_numpy(), verdicts.limits.to_numpy()
    lower = np.array([rule.lower_is_worse for rule in verdicts.rules.values()])
    over, under = np.where(lower, limits, observed), np.where(lower, observed, limits)
    times = np.divide(over, under, out=np.where(over > 0, MOST, 1.0), where=under > 0)
    times = np.where(np.isnan(over) | np.isnan(under), 1.0, np.clip(times, 1.0, MOST))
    codes = verdicts.codes.loc[verdicts.fired.index]
    return pd.DataFrame(np.where(codes.to_numpy() == FIRES, times, np.nan), index=codes.index, columns=codes.columns)


def judge(rules: Mapping[str, Rule], resolved: Resolved, table: pd.DataFrame) -> Verdicts:
    """Judge ``table``, one row per household, its index the household key, by ``rules``.

    Every indicator that a rule needs must be a column, and region and category too; unknown is NA. Refuses a
    table without them, and a household that stands in it twice.
    """
    _check(rules, table)
    ordered = {name: rules[name] for name in sorted(rules)}
    columns = prepared(rules.values(), resolved, table)
    truths = {name: np.broadcast_to(truth(rule.when, columns), len(table)) for name, rule in ordered.items()}
    codes = pd.DataFrame({name: CODE_OF_TRUTH[row] for name, row in truths.items()}, index=table.index)
    missing = {name: np.isnan(columns.parameter(name)) for name in sorted(_parameters(rules.values()))}
    return Verdicts(
        codes=codes,
        no_threshold=_without(ordered, codes, missing),
        regions_without={name: _regions(table, rows) for name, rows in missing.items() if rows.any()},
        rules=ordered,
        resolved=resolved,
        table=table,
    )


def prepared(rules: Iterable[Rule], resolved: Resolved, table: pd.DataFrame) -> Columns:
    """Make ``table`` ready for ``rules``, with the parameters in force for each household beside it."""
    rules = tuple(rules)
    names = {name for rule in rules for name in rule.needs}
    region, category = pd.Categorical(table["region"]), pd.Categorical(table["category"])
    return Columns(
        {name: table[name] for name in sorted({*names, "region"})},
        {name: pd.Series(resolved.take(name, region, category)) for name in sorted(_parameters(rules))},
    )


def _parameters(rules: Iterable[Rule]) -> set[str]:
    return {name for rule in rules for name in rule.parameters}


def _check(rules: Mapping[str, Rule], table: pd.DataFrame) -> None:
    needed = {"region", "category", *(name for rule in rules.values() for name in rule.needs)}
    if missing := sorted(needed - set(table.columns)):
        raise Invalid(zh=f"指标表缺少列:{missing}", en=f"the table of indicators lacks the columns {missing}")
    if not table.index.is_unique:
        raise Invalid(zh="指标表中有重复的户", en="a household stands twice in the table of indicators")


def _without(rules: Mapping[str, Rule], codes: pd.DataFrame, missing: Mapping[str, Bools]) -> dict[str, int]:
    """Count the households that a rule cannot judge and that lack a value of one of its parameters."""
    counts = {}
    for name, rule in rules.items():
        lacking = [missing[parameter] for parameter in rule.parameters]
        unknown = codes[name].to_numpy() == UNKNOWN
        if lacking and (count := int((unknown & np.logical_or.reduce(lacking)).sum())):
            counts[name] = count
    return counts


def _regions(table: pd.DataFrame, rows: Bools) -> tuple[str, ...]:
    return tuple(sorted(str(code) for code in table["region"][rows].dropna().unique()))
