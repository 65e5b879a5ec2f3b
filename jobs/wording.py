"""What every feature is called in a reason: the words of its policy page, what was compared, and the feed."""

from typing import TYPE_CHECKING, Any

from monitor.policy import Policy
from monitor.policy.vocabulary import REGISTER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.wording import Wording

NEVER_SHOWN = (
    "rule_order", "signs_unknown", "unknown", "feeds_linked", "linked__", "since__", "category__", "members_",
)  # fmt: skip
"""What is no reason to a person: the rules' own order, what is missing, and what a household is."""
_COUNTED = {"signs": ("命中的应助规则数", "rules that fire"), "sign_level": ("规则等级", "level of what fires")}


def never_shown(names: "Iterable[str]") -> list[str]:
    """Return those of ``names`` that are never shown as a reason, with their changes."""
    return [name for name in names if name.startswith(NEVER_SHOWN)]


def wording(law: Policy, names: "Iterable[str]") -> "Wording":
    """Return the words of each feature of ``names``; one that policy does not know keeps its own name."""
    from models.wording import Wording

    return Wording.of({name: _page(law, name) for name in names})


def _page(law: Policy, name: str) -> dict[str, Any]:
    base, _, months = name.rpartition("__d")
    base = base if base and months.isdigit() else name
    page, register = law.indicators.get(base), REGISTER.get(base)
    if page is not None:
        zh, en, unit, feed = page.description.zh, page.description.en, page.unit, page.feed or ""
    elif register is not None:
        zh, en, unit, feed = register[1].zh, register[1].en, register[2], "household_register"
    else:
        zh, en = _COUNTED.get(base, (base, base))
        unit, feed = "", ""
    if base != name:
        zh, en = f"{zh}（{months}个月内变化）", f"{en} (change over {months} months)"
    known = law.feeds.get(feed)
    return {"zh": zh, "en": en, "unit": unit, "feed": known.description.zh if known else ""}
