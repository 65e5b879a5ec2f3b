"""Rule pages: a condition on indicators with its law, its sentence and its examples, all on one page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast

from monitor.policy.indicator_pages import read_expression
from monitor.policy.language import Expression, Place
from monitor.policy.reading import Part, Scalar, Words
from monitor.policy.sentences import Template, read_template
from monitor.policy.thresholds import Reference, Status, read_reference
from monitor.policy.vocabulary import DIRECTIONS, LEVELS, RISK_FACTORS

Direction = Literal["help", "leave", "check"]
Level = Literal["red", "orange", "yellow", "blue"]
Verdict = Literal["fires", "silent", "unknown"]
VERDICTS = ("fires", "silent", "unknown")


@dataclass(frozen=True)
class Example:
    """A household as an officer would put it, and what the rule must say of it.

    Values are those in force on ``on`` as published by ``known_on``; without ``on``, the newest of the pack.
    """

    given: Mapping[str, Scalar]
    verdict: Verdict
    on: date | None
    known_on: date | None
    place: Place


@dataclass(frozen=True)
class Quiet:
    """How long a verified "no need" keeps the rule silent, and by which share facts must worsen to end it."""

    days: int
    worse: float


@dataclass(frozen=True)
class Rule:
    """A condition on indicators, with law and examples; it fires, is silent, or cannot know."""

    name: str
    place: Place
    code: str
    description: Words
    risk_factor: str
    direction: Direction
    level: Level
    when: Expression
    limit: Expression | None
    observed: str | None
    lower_is_worse: bool
    sentence: Mapping[str, Template]
    sentence_at: Place
    reference: Reference
    status: Status
    cooldown_days: int
    quiet: Quiet
    examples: tuple[Example, ...]
    version: str

    @property
    def parameters(self) -> frozenset[str]:
        return self.when.parameters | (self.limit.parameters if self.limit else frozenset())

    @property
    def slots(self) -> frozenset[str]:
        """What the sentences show."""
        return frozenset(name for template in self.sentence.values() for name in template.names)

    @property
    def needs(self) -> frozenset[str]:
        """The indicators and register attributes that the rule reads."""
        observed = {self.observed} if self.observed else set()
        limit = self.limit.names if self.limit else frozenset()
        return frozenset(self.when.names | limit | observed | self.slots) - {"limit"}


def read_rule(name: str, page: Part, version: str) -> Rule:
    """Read one rule page; refuses one that cites no law, or that lacks an example of each verdict."""
    said = page.fields(
        required=(
            "code", "description", "risk_factor", "direction", "level", "when", "sentence", "reference", "examples",
        ),
        optional=("limit", "observed", "worse", "status", "cooldown_days", "quiet"),
    )  # fmt: skip
    sentence = said["sentence"].words()
    return Rule(
        name=name,
        place=page.place,
        code=said["code"].text(),
        description=said["description"].words(),
        risk_factor=said["risk_factor"].choice(*RISK_FACTORS),
        direction=cast(Direction, said["direction"].choice(*DIRECTIONS)),
        level=cast(Level, said["level"].choice(*LEVELS)),
        when=read_expression(said["when"]),
        limit=read_expression(said["limit"]) if "limit" in said else None,
        observed=said["observed"].text() if "observed" in said else None,
        lower_is_worse="worse" in said and said["worse"].choice("higher", "lower") == "lower",
        sentence={language: read_template(sentence[language], said["sentence"].place) for language in ("zh", "en")},
        sentence_at=said["sentence"].place,
        reference=read_reference(said["reference"]),
        status=cast(Status, said["status"].choice("sourced", "sample") if "status" in said else "sourced"),
        cooldown_days=said["cooldown_days"].whole() if "cooldown_days" in said else 30,
        quiet=_quiet(said["quiet"]) if "quiet" in said else Quiet(90, 0.3),
        examples=_examples(said["examples"]),
        version=version,
    )


def _quiet(part: Part) -> Quiet:
    said = part.fields(required=("days", "worse"))
    return Quiet(said["days"].whole(), said["worse"].number())


def _examples(part: Part) -> tuple[Example, ...]:
    examples = tuple(_example(item) for item in part.items())
    for verdict in VERDICTS:
        if all(example.verdict != verdict for example in examples):
            raise part.refuse(zh=f"缺少 {verdict} 的例子", en=f"there is no example of {verdict}")
    return examples


def _example(part: Part) -> Example:
    said = part.fields(required=("given", "verdict"), optional=("on", "known_on"))
    on = said["on"].day() if "on" in said else None
    return Example(
        given={name: value.scalar() for name, value in said["given"].entries().items()},
        verdict=cast(Verdict, said["verdict"].choice(*VERDICTS)),
        on=on,
        known_on=said["known_on"].day() if "known_on" in said else on,
        place=part.place,
    )
