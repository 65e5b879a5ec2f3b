"""Sentences with slots, filled for a household: ``近12个月自付{medical_self_pay_12m:yuan},超过{limit:yuan}``."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import SupportsFloat, cast

import numpy as np
import pandas as pd

from monitor.policy.language import Language, Place, PolicyError
from monitor.policy.reading import Words
from monitor.policy.vocabulary import CATEGORIES, UNITS

SLOT = re.compile(r"\{(?P<name>[a-z_][a-z0-9_]*)(?::(?P<unit>[a-z/ A-Z]+))?\}")
UNSEEN = Words("(未知)", "(unknown)")
YES_NO = {True: Words("是", "yes"), False: Words("否", "no")}


@dataclass(frozen=True)
class Template:
    """A sentence in one language: texts and, between them, slots of (name, unit)."""

    texts: tuple[str, ...]
    slots: tuple[tuple[str, str], ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.slots)

    def fill(self, language: Language, values: Mapping[str, object]) -> str:
        """Return the sentence for one household; a value that is not there is said to be unknown."""
        shown = [show(values.get(name), unit, language) for name, unit in self.slots]
        return "".join(piece for pair in zip(self.texts, [*shown, ""], strict=True) for piece in pair)

    def fill_many(self, language: Language, columns: Mapping[str, list[object]], count: int) -> list[str]:
        """Return what ``fill`` says of each of ``count`` households; equal values are put into words once."""
        pieces: list[Iterable[str]] = [repeat(self.texts[0], count)]
        for (name, unit), text in zip(self.slots, self.texts[1:], strict=True):
            words = {value: show(value, unit, language) + text for value in set(columns[name])}
            pieces.append([words[value] for value in columns[name]])
        return list(map("".join, zip(*pieces, strict=True)))


def read_template(text: str, place: Place) -> Template:
    """Read a sentence with slots; refuses a slot without a known unit, and a stray brace."""
    matches = list(SLOT.finditer(text))
    texts = SLOT.split(text)[:: SLOT.groups + 1]
    if any(brace in piece for piece in texts for brace in "{}｛｝"):
        raise PolicyError(place, zh="占位应写作 {名称:单位}", en="a slot is written {name:unit}")
    for match in matches:
        if match["name"] != "category" and match["unit"] not in UNITS:
            known = ", ".join(UNITS)
            raise PolicyError(
                place,
                zh=f"占位 {match[0]} 缺少单位,或单位不在:{known}",
                en=f"slot {match[0]} lacks a unit, or its unit is not one of: {known}",
            )
    return Template(tuple(texts), tuple((match["name"], match["unit"] or "category") for match in matches))


def missing(value: object) -> bool:
    """Whether ``value`` is None, NaN or NA."""
    return value is None or value is pd.NA or value != value


def show(value: object, unit: str, language: Language) -> str:
    """Say one value with its unit: ``12,000元``, ``60%``, ``低保对象``."""
    if missing(value):
        return UNSEEN[language]
    if unit == "category":
        return CATEGORIES[str(value)][language] if value in CATEGORIES else str(value)
    if isinstance(value, bool | np.bool_):
        return YES_NO[bool(value)][language]
    if isinstance(value, str):
        return value
    return _number(float(cast(SupportsFloat, value)), unit, language)


def _number(value: float, unit: str, language: Language) -> str:
    if unit == "share":
        return _trim(f"{value * 100:,.2f}") + "%"
    word = UNITS[unit][language] if unit in UNITS else ""
    return _trim(f"{value:,.2f}") + (" " if word and language == "en" else "") + word


def _trim(text: str) -> str:
    return text.rstrip("0").rstrip(".")
