"""Small packs of policy written for one test, and the shipped pack with one thing changed."""

import shutil
from datetime import date
from pathlib import Path

import pandas as pd

from monitor.policy import HERE, Policy, load

FOLDERS = ("feeds", "indicators", "parameters", "rules", "scores", "calendar")
FEED = """
description: {zh: 结算, en: Settlements}
agency: {zh: 医保局, en: Insurer}
legal_basis: {title: 办法, article: 第一条}
key: [settlement_id]
mode: append
cadence: monthly
fresh_days: 45
happened_on: settled_on
columns:
  settlement_id: {zh: [结算编号], type: secret, required: true}
  id_no: {zh: [证件号码], type: id, required: true}
  settled_on: {zh: [结算日期], type: date}
  self_pay: {zh: [个人自付], type: money, required: true, min: -10, max: 10}
  kind: {zh: [类别], type: code, codes: {inpatient: 住院, outpatient: [门诊, 普通门诊]}}
"""
COSTS = """
code: M01
description: {zh: 自付费用, en: costs}
unit: yuan
feed: settlements
value: sum(self_pay)
window: 12 months
household: max
"""
CARS = """
description: {zh: 小汽车, en: cars}
unit: vehicles
feed: settlements
value: count()
household: sum
"""
LIMIT = """
description: {zh: 预警线, en: the limit}
unit: yuan/year
by: [region, category]
values:
  2024-01-01:
    known_on: 2023-12-20
    reference: {title: 通知, article: 第六条}
    "00": {tekun: 1000, dibao: 5000, otherwise: 10000}
  2025-01-01:
    known_on: 2025-02-10
    status: sample
    reference: {title: 通知二, article: 第七条}
    "3402": {tekun: 1200, dibao: 6000, otherwise: 11000}
    "340223": {tekun: 1300, dibao: 6500, otherwise: 12000}
  2026-01-01:
    known_on: 2025-12-01
    reference: {title: 通知三, article: 第八条}
    "340223": null
"""
RULE = """
code: M01
description: {zh: 自付超限, en: costs over the limit}
risk_factor: illness
direction: help
level: red
when: costs > parameter(medical.limit)
limit: parameter(medical.limit)
observed: costs
sentence:
  zh: "自付{costs:yuan}，超过{category}标准{limit:yuan}"
  en: "paid {costs:yuan}, over {limit:yuan} for {category}"
reference: {title: 办法, article: 第六条}
examples:
  - {given: {costs: 5001, category: dibao}, verdict: fires}
  - {given: {costs: 5000, category: dibao}, verdict: silent}
  - {given: {costs: null, category: dibao}, verdict: unknown}
"""
CAR_RULE = """
code: X02
description: {zh: 有车, en: a car}
risk_factor: property
direction: leave
level: orange
when: category in ('tekun', 'dibao') and cars > 0
observed: cars
sentence: {zh: "有车{cars:vehicles}", en: "owns {cars:vehicles}"}
reference: {title: 办法, article: 第七条}
quiet: {days: 30, worse: 0.5}
cooldown_days: 7
examples:
  - {given: {cars: 1, category: dibao}, verdict: fires}
  - {given: {cars: 0, category: dibao}, verdict: silent}
  - {given: {cars: null, category: dibao}, verdict: unknown}
"""
PAGES = {
    "feeds/settlements": FEED,
    "indicators/costs": COSTS,
    "indicators/cars": CARS,
    "parameters/medical/limit": LIMIT,
    "rules/costly": RULE,
    "rules/motorist": CAR_RULE,
}


def small_pack(root: Path, **changed: str | None) -> Path:
    """Write a pack of two rules below ``root``; a page named with ``__`` for ``/`` is replaced, or left out."""
    pages = {**PAGES, **{name.replace("__", "/"): text for name, text in changed.items()}}
    for name, text in pages.items():
        path = root / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            path.write_text(text.lstrip("\n"), encoding="utf-8")
    return root


def small_policy(root: Path, as_of: date = date(2025, 6, 30), known_on: date | None = None, **changed: str) -> Policy:
    return load(as_of, known_on=known_on, root=small_pack(root, **changed))


def shipped_pack(root: Path, *, page: str, old: str, new: str) -> Path:
    """Copy the shipped pack below ``root`` with one text on one page replaced."""
    for folder in FOLDERS:
        shutil.copytree(HERE / folder, root / folder)
    path = root / page
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{page} does not say {old}"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return root


def households(*rows: dict[str, object]) -> pd.DataFrame:
    """A table of indicators, household keys from 101 on; what a row leaves out is unknown."""
    table = pd.DataFrame(
        [{"region": "340202000000", "category": "dibao", "costs": None, "cars": None, **row} for row in rows]
    )
    table.index = pd.RangeIndex(101, 101 + len(rows), name="household_key")
    types = {"region": "str", "category": "str", "costs": "Float64", "cars": "Int64"}
    return table.astype({name: kind for name, kind in types.items() if name in table})
