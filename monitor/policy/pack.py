"""The whole pack of policy in force on a day, checked page against page before anything is judged by it."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache, partial
from io import FileIO
from pathlib import Path
from typing import TypeVar

import pandas as pd

from monitor.policy.days import Calendar, Deadlines, read_year
from monitor.policy.examples import disagreements
from monitor.policy.explaining import Explainer, Explanation
from monitor.policy.feed_pages import FeedPage, read_feed
from monitor.policy.indicator_pages import IndicatorPage, feeds_below, read_indicator
from monitor.policy.judging import Verdicts, judge
from monitor.policy.language import PolicyError
from monitor.policy.reading import Part, pages, read_page
from monitor.policy.rule_pages import Rule, read_rule
from monitor.policy.score_pages import RISK_SCORE, ScorePage, check_score, read_score
from monitor.policy.soundness import check_indicator, check_rule
from monitor.policy.thresholds import Parameter, Resolved, read_parameter

HERE = Path(__file__).parent
_FOLDERS = ("feeds", "indicators", "parameters", "rules", "scores", "calendar")
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Pack:
    """Every page, read and checked one by one, whatever the day."""

    feeds: Mapping[str, FeedPage]
    indicators: Mapping[str, IndicatorPage]
    parameters: Mapping[str, Parameter]
    rules: Mapping[str, Rule]
    scores: Mapping[str, ScorePage]
    calendar: Calendar
    version: str


@dataclass(frozen=True, eq=False)
class Policy:
    """The policy in force on ``as_of``, as far as it was published by ``known_on``."""

    pack: Pack
    as_of: date
    known_on: date

    @property
    def feeds(self) -> Mapping[str, FeedPage]:
        return self.pack.feeds

    @property
    def indicators(self) -> Mapping[str, IndicatorPage]:
        return self.pack.indicators

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        return self.pack.parameters

    @property
    def rules(self) -> Mapping[str, Rule]:
        return self.pack.rules

    @property
    def score(self) -> ScorePage | None:
        """What the model's score may do; without a page, nothing."""
        return self.pack.scores.get(RISK_SCORE)

    @property
    def version(self) -> str:
        """The digest of all pages; comments and the order of keys do not change it."""
        return self.pack.version

    @cached_property
    def resolved(self) -> Resolved:
        return Resolved(self.parameters.values(), self.as_of, self.known_on)

    @cached_property
    def explainer(self) -> Explainer:
        return Explainer(self.rules, self.indicators, self.resolved)

    def judge(self, table: pd.DataFrame) -> Verdicts:
        """Judge every household of ``table`` by every rule; see ``judging.judge``."""
        return judge(self.rules, self.resolved, table)

    def explain(self, rule: str, row: Mapping[str, object]) -> Explanation:
        """Explain ``rule`` for the household whose indicators, region and category ``row`` holds."""
        return self.explainer.explain(rule, row)

    def reasons(self, verdicts: Verdicts) -> pd.DataFrame:
        """Say every rule that fires in ``verdicts``, many households at a time; see ``Explainer.reasons``."""
        return self.explainer.reasons(verdicts)

    def feeds_of(self, rule: str) -> frozenset[str]:
        """Return the feeds that ``rule`` reads, through every indicator below it."""
        return frozenset(feed for name in self.rules[rule].when.names for feed in feeds_below(self.indicators, name))

    def deadlines(
        self, level: str, received_on: date, *, region: str | None = None, calendar: Calendar | None = None
    ) -> Deadlines:
        """Return by when an alert of ``level``, received on a day, must be dealt with; blue sets none.

        Days are those of ``calendar``, by default the one shipped with the pack.
        """
        return (calendar or self.pack.calendar).deadlines(
            received_on,
            contact_days=self._deadline(f"deadlines.{level}_contact", region),
            visit_days=self._deadline(f"deadlines.{level}_visit", region),
            result_days=self._deadline(f"deadlines.{level}_result", region),
        )

    def _deadline(self, name: str, region: str | None) -> float | None:
        return self.resolved.amount(name, region, None) if name in self.parameters else None


def load(as_of: date, *, known_on: date | None = None, root: Path = HERE, production: bool = False) -> Policy:
    """Read the policy in force on ``as_of``, as far as it was published by ``known_on`` (``as_of`` if omitted).

    Refuses, naming file, line and column: a page that is not as pages are, a rule that cites no law, whose
    examples disagree with it, that reads what no page defines, or whose parameter has no value in force
    anywhere; and in ``production`` also a value or a rule that is only a sample.
    """
    return in_force(read_pack(root), as_of, known_on=known_on, production=production)


def in_force(pack: Pack, as_of: date, *, known_on: date | None = None, production: bool = False) -> Policy:
    """Return the policy of ``pack`` on a day; refuses what ``load`` does of a pack that is sound."""
    policy = Policy(pack, as_of, known_on or as_of)
    for rule in pack.rules.values():
        _check_in_force(rule, policy.resolved)
        if production:
            _refuse_samples(rule, policy.resolved)
    return policy


def read_pack(root: Path = HERE) -> Pack:
    """Read and check every page below ``root``, whatever the day; refuses as ``load`` does.

    While no byte of the pages changes, a second call in the same process returns the same pack.
    """
    return _sound(root, _written(root))


def _written(root: Path) -> str:
    """Return the sha256 of the pages as they are written, names included."""
    found = hashlib.sha256()
    for path in _files(root):
        with FileIO(path) as file:
            text = file.readall()
        found.update(f"{path} {len(text)}\n".encode() + text)
    return found.hexdigest()


def _files(root: Path) -> Iterator[str]:
    """Where the pages lie, by plain names: this is asked whenever policy is, and objects for paths took half of it."""
    for folder in _FOLDERS:
        for place, inner, names in os.walk(root / folder):
            inner.sort()
            yield from (f"{place}/{name}" for name in sorted(names) if name.endswith(".yaml"))


@lru_cache(maxsize=8)
def _sound(root: Path, _written: str) -> Pack:
    pack, problems = survey(root)
    for problem in problems:
        raise problem
    return pack


def survey(root: Path) -> tuple[Pack, list[PolicyError]]:
    """Read every page below ``root`` and return what can be read, with every problem found.

    Pages are held against one another only when each can be read by itself.
    """
    reader = _Surveyor(root)
    pack = reader.pack()
    if not reader.problems:
        reader.check(pack)
    return pack, reader.problems


class _Surveyor:
    """Reads page after page and collects the problems instead of stopping at the first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[PolicyError] = []
        self.said: dict[str, dict[str, object]] = {}

    def pack(self) -> Pack:
        return Pack(
            feeds=self.read("feeds", read_feed),
            indicators=self.read("indicators", read_indicator),
            parameters=self.read("parameters", read_parameter),
            rules=self.read("rules", lambda name, page: read_rule(name, page, digest(plain(page))[:16])),
            scores=self.read("scores", read_score),
            calendar=Calendar({year.year: year for year in self.read("calendar", read_year).values()}),
            version=digest(self.said),
        )

    def read(self, folder: str, read: Callable[[str, Part], T]) -> dict[str, T]:
        found: dict[str, T] = {}
        self.said[folder] = {}
        for name, path in pages(self.root, folder):
            try:
                page = read_page(path, self.root)
                found[name] = read(name, page)
                self.said[folder][name] = plain(page)
            except PolicyError as problem:
                self.problems.append(problem)
        return found

    def check(self, pack: Pack) -> None:
        for indicator in pack.indicators.values():
            self.attempt(partial(check_indicator, indicator, pack.indicators, pack.feeds))
        for rule in pack.rules.values():
            self.attempt(partial(check_rule, rule, pack.indicators, pack.parameters))
        for score in pack.scores.values():
            self.attempt(partial(check_score, score, pack.parameters))
        if not self.problems:
            for rule in pack.rules.values():
                self.problems.extend(disagreements(rule, pack.parameters))

    def attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except PolicyError as problem:
            self.problems.append(problem)


def digest(said: object) -> str:
    """Return the sha256 of what pages say, however they are laid out."""
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def plain(part: Part) -> object:
    """Return what a page says as plain lists, mappings and scalars, without its places."""
    if isinstance(part.value, dict):
        return {key: plain(inner) for key, inner in part.value.items()}
    return [plain(inner) for inner in part.value] if isinstance(part.value, list) else part.value


def _check_in_force(rule: Rule, resolved: Resolved) -> None:
    for name in sorted(rule.parameters):
        if not resolved.in_force[name]:
            raise PolicyError(
                rule.when.place,
                zh=f"参数 {name} 在该日没有任何地区的有效值",
                en=f"parameter {name} has no value in force on that day, in any region",
            )


def _refuse_samples(rule: Rule, resolved: Resolved) -> None:
    values = [value for name in sorted(rule.parameters) for value in resolved.in_force[name].values()]
    places = [rule.place] if rule.status == "sample" else []
    for place in [*places, *(value.place for value in values if value.status == "sample")]:
        raise PolicyError(
            place,
            zh=f"规则 {rule.name} 依据的标准是样例(status: sample),未经核定,生产环境不得使用",
            en=f"rule {rule.name} rests on a sample (status: sample) that nobody has approved; production refuses it",
        )
