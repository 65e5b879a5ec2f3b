"""What a model is told of a household: levels, changes over 3, 6 and 12 months, time since, signs, what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from monitor.indicators import feeds_of
from monitor.indicators.vocabulary import months_before
from monitor.learning.known import REGISTER, Archive, Known, known
from monitor.policy import Policy
from monitor.policy.vocabulary import CATEGORIES

BACK = (3, 6, 12)
"""Months back with which today is compared."""
# What civil affairs decided is a history, never a value: these say only that, and when, something was decided.
OF_DECISIONS = frozenset(
    {"assistance_exits_24m", "assistance_rejections_12m", "days_since_decision", "decisions_expiring_30d"}
)
_MONEY = frozenset({"yuan", "yuan/month", "yuan/year", "months"})
_ATTRIBUTES: Mapping[str, int] = {"members_living": 0, "monthly_income_per_head": -1}
_ORDERED: Mapping[str, int] = {"signs": 1, "sign_level": 1, "rule_order": 1}


@dataclass(frozen=True, eq=False)
class Features:
    """One row per household on ``as_of``, all numbers, unknown NaN; the index is the household key.

    ``places`` says where each lives and its category then, ``groups`` how it is counted when errors are compared; a
    model is told neither. ``monotone`` gives which way risk goes with a column, ``sources`` the feeds behind it.
    """

    as_of: date
    table: pd.DataFrame
    places: pd.DataFrame
    groups: pd.DataFrame
    monotone: Mapping[str, int]
    sources: Mapping[str, frozenset[str]]
    manifest: str


def build(
    source: Archive, as_of: date, *, region: str | None = None, seen: dict[date, Known | None] | None = None
) -> Features:
    """Return the features of every household in ``region`` as they were known on ``as_of``.

    Each earlier value is the one that was known on its own date, so what arrives or is mended later moves nothing.
    ``seen`` keeps what was computed for a date, for dates that share their past. Refuses a date before any register.
    """
    kept = {} if seen is None else seen
    now, *before = [_once(source, on, region, kept) for on in (as_of, *(months_before(as_of, n) for n in BACK))]
    if now is None:
        raise ValueError(f"no register had come by {as_of}")
    return assemble(now, dict(zip(BACK, before, strict=True)))


def _once(source: Archive, on: date, region: str | None, kept: dict[date, Known | None]) -> Known | None:
    if on not in kept:
        kept[on] = known(source, on, region=region)
    return kept[on]


def assemble(now: Known, before: Mapping[int, Known | None]) -> Features:
    """Put together what was known now and ``before``, by months back; of whom nothing was known then, no change is."""
    levels = _levels(now)
    parts = [levels, now.signs, now.heard, _missing(now, levels)]
    watched = [*_watched(now.law), *now.signs.columns.difference(["rule_order"])]
    for months, then in before.items():
        past = None if then is None else pd.concat([_levels(then), then.signs], axis=1)
        parts.append(_change(pd.concat(parts[:2], axis=1), past, watched, months))
    table = pd.concat(parts, axis=1).astype(np.float64)
    places = now.table[["region", "county", "town", "category"]].astype("string")
    names = [str(name) for name in table]
    directions = {name: way for name in names for way in [_way(now.law, name)] if way}
    sources = {name: _feeds(now.law, name) for name in names}
    return Features(now.as_of, table, places, _groups(now), directions, sources, now.sha256)


def _levels(one: Known) -> pd.DataFrame:
    """The indicators as numbers, and one flag for each category but the last."""
    told = [name for name, page in one.law.indicators.items() if page.kind != "text"]
    columns: dict[str, np.ndarray] = {}
    for name in told:
        columns[name] = one.table[name].astype("Float64").to_numpy(np.float64, na_value=np.nan)
    for name in _ATTRIBUTES:
        columns[name] = one.table[name].to_numpy(np.float64, na_value=np.nan)
    for word in CATEGORIES:
        if word != "other":
            columns[f"category__{word}"] = (one.table["category"] == word).fillna(False).to_numpy(np.float64)
    return pd.DataFrame(columns, index=one.table.index)


def _watched(law: Policy) -> list[str]:
    """The amounts whose changes are told: those of which policy says which way they hurt."""
    return [name for name, page in law.indicators.items() if page.monotone and page.unit in _MONEY]


def _change(now: pd.DataFrame, past: pd.DataFrame | None, names: Sequence[str], months: int) -> pd.DataFrame:
    wanted = now[list(names)]
    before = pd.DataFrame(np.nan, wanted.index, wanted.columns) if past is None else past.reindex(
        index=wanted.index, columns=wanted.columns
    )  # fmt: skip
    return (wanted - before).add_suffix(f"__d{months}")


def _missing(now: Known, levels: pd.DataFrame) -> pd.DataFrame:
    feeds = now.heard.filter(regex="^linked__")
    return pd.DataFrame({"unknown": levels.isna().sum(axis=1), "feeds_linked": feeds.sum(axis=1)}, index=levels.index)


def _base(name: str) -> str:
    head, _, tail = name.rpartition("__")
    return head if head and tail[:1] == "d" and tail[1:].isdigit() else name


def _way(law: Policy, name: str) -> int:
    base = _base(name)
    page = law.indicators.get(base)
    return page.monotone if page else _ATTRIBUTES.get(base, _ORDERED.get(base, 0))


def _feeds(law: Policy, name: str) -> frozenset[str]:
    base = _base(name)
    if base in law.indicators:
        return feeds_of(law, base) or frozenset({REGISTER})
    head, _, feed = base.partition("__")
    return frozenset({feed}) if head in ("linked", "since") else frozenset({REGISTER})


def _groups(now: Known) -> pd.DataFrame:
    """How a household is counted when errors are compared: by its head, its people, its place, its coverage."""
    living = now.members[now.members["alive"]]
    head = living.assign(other=living["relation"] != "02").sort_values(["household_key", "other", "person_key"])
    first = head.drop_duplicates("household_key").set_index("household_key").reindex(now.table.index)
    linked = now.heard.filter(regex="^linked__").sum(axis=1)
    town = now.table["town"].astype("string").str[6:9]
    size = now.table["members_living"].to_numpy(np.float64, na_value=np.nan)
    found = {
        "head_sex": first["sex"].map({"1": "man", "2": "woman"}),
        "elder_alone": np.where((size == 1) & (first["age"].to_numpy(np.float64) >= 60), "yes", "no"),
        "disability": _some(now.table, "disabled_members"),
        "migrant": _some(now.heard, "linked__migrant_workers"),
        "county": now.table["county"].astype("string"),
        "town_type": np.where(town < "100", "street", "township"),
        "coverage": _terciles(linked),
    }
    return pd.DataFrame(found, index=now.table.index).astype("string")


def _some(table: pd.DataFrame, name: str) -> Any:
    """Whether a household has any; unknown where policy does not count them."""
    if name not in table:
        return None
    return np.where(table[name].fillna(0).to_numpy(np.float64) > 0, "yes", "no")


def _terciles(linked: pd.Series) -> pd.Series:
    order = linked.rank(pct=True, method="first")
    return pd.Series(np.select([order <= 1 / 3, order <= 2 / 3], ["low", "middle"], "high"), linked.index)
