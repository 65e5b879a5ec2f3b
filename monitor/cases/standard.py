"""The standard for risk removal in words: what each check asks for, and what a proposal lacks and can do about it."""

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.policy import Policy
from monitor.policy.reading import Words

GUARANTEES: Mapping[str, tuple[str, str]] = {
    "food_and_clothing": ("不愁吃、不愁穿", "food and clothing"),
    "education": ("义务教育", "schooling"),
    "medical": ("基本医疗", "medical care"),
    "housing": ("住房安全", "safe housing"),
    "water": ("饮水安全", "safe water"),
}
Lack = tuple[str, str, str]


def lacks(judged: Mapping[str, Any], law: Policy | None) -> list[Lack]:
    """Return what of the standard a judged proposal does not meet: its code, what is wrong and what to do."""
    says = {"income_above_line": _income, "guarantees_firm": _guarantees, "consistent": _contradictions}
    found: list[Lack] = []
    for check, holds in judged["checks"].items():
        if not holds:
            found += says[check](judged) if check in says else _standing(check, judged, law)
    return found


def _income(judged: Mapping[str, Any]) -> Iterator[Lack]:
    said, line = judged["income_yuan"], judged["line_yuan"]
    if line is None:
        zh, en = "本地还没有设定风险消除线：请联系县级", "no line is in force here: ask the county"
    else:
        zh = f"人均年收入 {said:,.0f} 元没有超过风险消除线 {line:,.0f} 元：收入稳定超过后再提出"
        en = f"{said:,.0f} yuan a head is not above the line of {line:,.0f}: propose it once it stays above"
    yield "income_above_line", zh, en


def _guarantees(judged: Mapping[str, Any]) -> Iterator[Lack]:
    missing = [GUARANTEES[name] for name, holds in judged["guarantees"].items() if not holds]
    zh, en = "、".join(one[0] for one in missing), ", ".join(one[1] for one in missing)
    yield "guarantees_firm", f"还没有保障：{zh}。请列入方案，落实后再提出", f"not firm yet: {en}; put it into the plan"


def _standing(check: str, judged: Mapping[str, Any], law: Policy | None) -> Iterator[Lack]:
    first = check == "first_risk_gone"
    zh, en = _rules(judged["standing"]["first" if first else "others"], law)
    if not zh:
        yield check, "走访认为原风险还没有消除：请继续帮扶", "the visit found the first risk still there: help on"
    elif first:
        todo = "待数据更新、预警原因消除后再提出；数据有误请提请更正"
        yield check, f"建档时的预警原因还在：{zh}。{todo}", f"what it was opened for still stands: {en}"
    else:
        yield check, f"又有新的预警原因：{zh}。请先核查处理", f"a new reason stands: {en}; see to it first"


def _contradictions(judged: Mapping[str, Any]) -> Iterator[Lack]:
    for one in judged["contradictions"]:
        yield one["code"], f"{one['zh']}：请核实后更正，或补充落实", f"{one['en']}: look into it and put it right"


def _rules(names: list[str], law: Policy | None) -> tuple[str, str]:
    known = {} if law is None else law.rules
    said = [known[name].description if name in known else Words(name, name) for name in names]
    return "、".join(one.zh for one in said), ", ".join(one.en for one in said)
