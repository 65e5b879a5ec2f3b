"""How a value is said of a household, in Chinese and in English."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any, Literal

from models.refusals import Unlearnable, named

Language = Literal["zh", "en"]
UNITS: dict[str, tuple[str, str]] = {
    "yuan": ("元", " yuan"),
    "yuan/month": ("元/月", " yuan a month"),
    "yuan/year": ("元/年", " yuan a year"),
    "kWh": ("度", " kWh"),
    "persons": ("人", " persons"),
    "days": ("天", " days"),
    "months": ("个月", " months"),
    "years": ("年", " years"),
    "times": ("次", " times"),
    "payments": ("笔", " payments"),
    "houses": ("处", " houses"),
    "units": ("套", " units"),
    "vehicles": ("辆", " vehicles"),
    "share": ("%", "%"),
}


@dataclass(frozen=True)
class Words:
    """What a feature is called, its unit, and the feed its facts came in by.

    ``unit`` is one of ``UNITS``, ``flag`` (0 and 1) or any other text, which is shown as it is. ``labels`` name the
    codes of a category, in each language.
    """

    zh: str
    en: str
    unit: str = ""
    feed: str = ""
    labels: Mapping[float, tuple[str, str]] | None = None

    def said(self, value: float, language: Language) -> str:
        """Return ``value`` with its unit; a missing one is said to be missing, never zero."""
        chinese = language == "zh"
        if isnan(value):
            return "无记录" if chinese else "no record"
        if self.labels is not None and value in self.labels:
            return self.labels[value][0 if chinese else 1]
        if self.unit == "flag":
            return ("是" if value else "否") if chinese else ("yes" if value else "no")
        unit = UNITS.get(self.unit, (self.unit, f" {self.unit}" if self.unit else ""))
        return number(value * 100 if self.unit == "share" else value) + unit[0 if chinese else 1]


def number(value: float) -> str:
    """Return a number as people read it: thousands set apart, at most two decimals and three significant digits."""
    text = f"{value:,.0f}" if abs(value) >= 100 or value == round(value) else f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class Wording(dict[str, Words]):
    """What every feature is called, by its name."""

    @classmethod
    def of(cls, pages: Mapping[str, Mapping[str, Any]]) -> "Wording":
        """Read ``{feature: {zh, en, unit, feed, labels}}``; unit, feed and labels may be left out."""
        return cls({name: Words(**page) for name, page in pages.items()})

    def knowing(self, features: Iterable[str]) -> "Wording":
        """Return itself if it has words for all ``features``; refuses otherwise, naming those without."""
        lost = [name for name in features if name not in self]
        if lost:
            raise Unlearnable(zh=f"这些特征没有文字说明：{named(lost)}", en=f"features without words: {named(lost)}")
        return self
