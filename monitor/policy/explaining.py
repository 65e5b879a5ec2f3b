"""Say why a rule fires for a household, or why not: sentence, limit, where it comes from, what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import isnan

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitor.policy.gaps import Step, first_name, nearest, unknown_names
from monitor.policy.indicator_pages import IndicatorPage
from monitor.policy.judging import CODE_OF_TRUTH, FIRES, VERDICTS, Verdicts, prepared
from monitor.policy.language import Expression, Language, number, say, truth
from monitor.policy.reading import Words
from monitor.policy.rule_pages import Rule
from monitor.policy.sentences import show
from monitor.policy.thresholds import Numbers, Reference, Resolved, Status, level_of
from monitor.policy.vocabulary import CATEGORIES, COUNTED, REGISTER

SAMPLE = Words("(标准为样例,待核定)", " (the limit is a sample, to be confirmed)")

STEP: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "holds": "须“{}”", "ends": "须不再“{}”", "far": ":现为{},相差{}", "at": ":现为{},正好在限值上",
        "unknown": ":缺少 {} 的数据",
    },
    "en": {
        "holds": "needs: {}", "ends": "must no longer hold: {}",
        "far": "; now {}, {} away", "at": "; now {}, exactly at the limit", "unknown": "; no data on {}",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Pin:
    """One parameter value as it was used: enough to find the document and to judge again for ever."""

    name: str
    value: float | None
    unit: str
    region: str
    region_level: Words
    effective_from: date
    known_on: date
    status: Status
    reference: Reference

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "region": self.region,
            "region_level": {"zh": self.region_level.zh, "en": self.region_level.en},
            "effective_from": self.effective_from.isoformat(),
            "known_on": self.known_on.isoformat(),
            "status": self.status,
            "reference": self.reference.as_json(),
        }


@dataclass(frozen=True)
class Explanation:
    """What a rule says of one household and why.

    ``gap`` holds the nearest steps after which the verdict would be another: to fire, for a rule that is
    silent or unknown; to fall silent, for one that fires. ``unknown`` names what it could not see.
    """

    rule: Rule
    verdict: str
    sentence: Words
    condition: Words
    observed: float | None
    limit: float | None
    unit: str
    parameters: tuple[Pin, ...]
    reference: Reference
    status: Status
    unknown: tuple[str, ...]
    gap: tuple[Step, ...]
    gap_sentences: tuple[Words, ...]


@dataclass(frozen=True)
class Told:
    """What one rule says of many households, list by list in their order; parameters are shared between rows."""

    sentence_zh: list[str]
    sentence_en: list[str]
    parameters: list[list[dict[str, object]]]
    unseen: list[list[str]]


class Explainer:
    """Explains the verdicts of one set of rules under the values in force on one day."""

    def __init__(self, rules: Mapping[str, Rule], indicators: Mapping[str, IndicatorPage], resolved: Resolved) -> None:
        self.rules = rules
        self.indicators = indicators
        self.resolved = resolved
        self.pin = cache(self._pin)
        self.as_json = cache(Pin.as_json)
        self.names = {"zh": self._names("zh"), "en": self._names("en")}
        self.counted = {name for name, page in indicators.items() if page.unit in COUNTED}

    def explain(self, rule: str, row: Mapping[str, object]) -> Explanation:
        """Explain ``rule`` for the household whose indicators, region and category ``row`` holds."""
        page = self.rules[rule]
        table = pd.DataFrame([{name: row[name] for name in {*page.needs, "region", "category"}}])
        columns = prepared([page], self.resolved, table)
        verdict = int(CODE_OF_TRUTH[truth(page.when, columns).item()])
        steps = nearest(page.when, columns, holds=verdict != FIRES, counted=self.counted)
        pins = self.pins(rule, _text(row["region"]), _text(row["category"]))
        limit = _known(number(page.limit, columns)) if page.limit else None
        return Explanation(
            rule=page,
            verdict=VERDICTS[verdict],
            sentence=self.sentence(page, {**row, "limit": limit}, pins),
            condition=Words(self.say(page.when, "zh"), self.say(page.when, "en")),
            observed=_known(columns.numbers(page.observed)) if page.observed else None,
            limit=limit,
            unit=self.unit(page),
            parameters=pins,
            reference=page.reference,
            status=_status(page, pins),
            unknown=unknown_names(page.when, columns),
            gap=steps,
            gap_sentences=tuple(self.step(step) for step in steps),
        )

    def reasons(self, verdicts: Verdicts) -> pd.DataFrame:
        """Return one row per rule that fires, ordered by household and rule.

        Columns: household_key, rule, observed, limit, excess, sentence_zh, sentence_en, parameters (the pins, as
        JSON; shared between rows) and unseen (the names that the rule could not see).
        """
        parts = [self._reasons(verdicts, name) for name in verdicts.codes.columns]
        found = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
        return found.sort_values(["household_key", "rule"], ignore_index=True)

    def _reasons(self, verdicts: Verdicts, name: str) -> pd.DataFrame:
        keys = verdicts.codes.index[verdicts.codes[name] == FIRES]
        limits = verdicts.limits.loc[keys, name]
        told = self.tell(name, verdicts.table.loc[keys].assign(limit=limits))
        return pd.DataFrame(
            {
                "household_key": keys,
                "rule": name,
                "observed": verdicts.observed.loc[keys, name].to_numpy(),
                "limit": limits.to_numpy(),
                "excess": verdicts.excess.loc[keys, name].to_numpy(),
                "sentence_zh": told.sentence_zh,
                "sentence_en": told.sentence_en,
                "parameters": told.parameters,
                "unseen": told.unseen,
            }
        )

    def tell(self, rule: str, rows: pd.DataFrame) -> Told:
        """Say ``rule`` for many households at once: ``rows`` hold their indicators, region, category and limit."""
        page = self.rules[rule]
        places = list(zip(_texts(rows["region"]), _texts(rows["category"]), strict=True))
        pins = {place: self.pins(rule, *place) for place in set(places)}
        shown = {place: [self.as_json(pin) for pin in found] for place, found in pins.items()}
        sample = {place for place, found in pins.items() if _status(page, found) == "sample"}
        columns = {name: rows[name].tolist() for name in page.slots}
        zh, en = (page.sentence[language].fill_many(language, columns, len(rows)) for language in ("zh", "en"))
        return Told(
            [said + SAMPLE.zh if place in sample else said for said, place in zip(zh, places, strict=True)],
            [said + SAMPLE.en if place in sample else said for said, place in zip(en, places, strict=True)],
            [shown[place] for place in places],
            _unseen(rows[sorted(page.when.names)]),
        )

    def sentence(self, page: Rule, row: Mapping[str, object], pins: tuple[Pin, ...]) -> Words:
        """The rule's sentence for one household; what rests on a sample says so."""
        said = Words(page.sentence["zh"].fill("zh", row), page.sentence["en"].fill("en", row))
        return Words(said.zh + SAMPLE.zh, said.en + SAMPLE.en) if _status(page, pins) == "sample" else said

    def unit(self, page: Rule) -> str:
        indicator = self.indicators.get(page.observed or "")
        return indicator.unit if indicator else ""

    def say(self, expression: Expression, language: Language) -> str:
        return say(expression, language=language, names=self.names[language])

    def step(self, step: Step) -> Words:
        """Say what must turn: the condition, the value that stands there now, and the distance."""
        return Words(self._step(step, "zh"), self._step(step, "en"))

    def _step(self, step: Step, language: Language) -> str:
        words, said = STEP[language], self.say(step.condition, language)
        unit = self._unit_of(step.condition)
        text = (words["holds"] if step.holds else words["ends"]).format(said)
        if step.unknown:
            return text + words["unknown"].format(", ".join(self.names[language].get(n, n) for n in step.unknown))
        if step.distance is None:
            return text
        far = words["far" if step.distance else "at"]
        return text + far.format(show(step.observed, unit, language), show(step.distance, unit, language))

    def _unit_of(self, condition: Expression) -> str:
        """The unit of the first thing that the condition reads, as it is written."""
        name = first_name(condition)
        return "" if name is None else self.indicators[name].unit if name in self.indicators else REGISTER[name][2]

    def pins(self, rule: str, region: str | None, category: str | None) -> tuple[Pin, ...]:
        """The values that ``rule`` uses for a household; none for a parameter without a value in force there."""
        found = []
        for name in sorted(self.rules[rule].parameters):
            if value := self.resolved.value(name, region):
                own = category if self.resolved.parameters[name].by_category else None
                found.append(self.pin(name, value.region, own))
        return tuple(found)

    def _pin(self, name: str, region: str, category: str | None) -> Pin:
        value = self.resolved.in_force[name][region]
        return Pin(
            name=name,
            value=self.resolved.amount(name, region, category),
            unit=self.resolved.parameters[name].unit,
            region=region,
            region_level=level_of(region),
            effective_from=value.effective_from,
            known_on=value.known_on,
            status=value.status,
            reference=value.reference,
        )

    def _names(self, language: Language) -> dict[str, str]:
        return {
            **{name: page.description[language] for name, page in self.indicators.items()},
            **{name: parameter.description[language] for name, parameter in self.resolved.parameters.items()},
            **{name: words[language] for name, (_, words, _) in REGISTER.items()},
            **{f"category={code}": words[language] for code, words in CATEGORIES.items()},
        }


def _status(page: Rule, pins: tuple[Pin, ...]) -> Status:
    return "sample" if "sample" in (page.status, *(pin.status for pin in pins)) else "sourced"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _known(values: Numbers) -> float | None:
    value = float(values.item())
    return None if isnan(value) else value


def _texts(column: pd.Series) -> list[str | None]:
    return [_text(value) for value in column.tolist()]


def _unseen(rows: pd.DataFrame) -> list[list[str]]:
    """Name of each row the columns that hold nothing, in their order."""
    missing: npt.NDArray[np.bool_] = rows.isna().to_numpy()
    names, nothing = list(rows.columns), list[str]()
    if not missing.any():
        return [nothing] * len(rows)
    return [[name for name, gone in zip(names, cells, strict=True) if gone] or nothing for cells in missing.tolist()]
