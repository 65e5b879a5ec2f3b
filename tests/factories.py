"""Small worlds for tests: households, rules and nights, each made in one line and real all through."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from monitor.access import Viewer
from monitor.alerts import Judged, Measured, Terms, Told
from monitor.tables import Household, Member, Person, Scan

DAY = date(2026, 3, 1)
FIRES, SILENT, UNKNOWN = 1, 0, -1
VILLAGE = "340299001001"

ILLNESS = Terms(
    version="1", level="red", direction="help", needs=frozenset({"self_pay"}), cooldown_days=30, quiet_days=90,
    quiet_worse=0.3, lower_is_worse=False, unit="yuan", reference={"title": "Method", "article": "6"},
    feeds={"medical_settlements": DAY},
)  # fmt: skip
INCOME = replace(
    ILLNESS, level="orange", needs=frozenset({"income"}), unit="share", lower_is_worse=True, feeds={"wages": DAY}
)
ELDER = replace(ILLNESS, level="yellow", needs=frozenset({"elders"}), unit="persons", feeds={"deaths": DAY})
RULES: Mapping[str, Terms] = {"elder": ELDER, "illness": ILLNESS, "income": INCOME}
LIMITS = {"elder": 1.0, "illness": 10_000.0, "income": 0.5}
MEASURED = {"elder": 1.0, "illness": 12_000.0, "income": 0.4}


@dataclass
class Home:
    """What one household shows on one night: a verdict per rule, or (verdict, observed value)."""

    verdicts: Mapping[str, int | tuple[int, float]] = field(default_factory=dict)
    region: str = VILLAGE
    category: str | None = "near_dibao"

    def code(self, rule: str) -> int:
        said = self.verdicts.get(rule, SILENT)
        return said[0] if isinstance(said, tuple) else said

    def value(self, rule: str) -> float:
        said = self.verdicts.get(rule, SILENT)
        return said[1] if isinstance(said, tuple) else MEASURED[rule]


def register(session: Session, count: int = 1, *, region: str = VILLAGE, start: int = 1) -> list[Household]:
    """Put ``count`` households of one person each into the register."""
    homes = [
        Household(
            household_no=f"H{number:06}", category="near_dibao", region=region, county=region[:6], town=region[:9],
            village=region,
        )
        for number in range(start, start + count)
    ]  # fmt: skip
    people = [Person(sex="1") for _ in homes]
    session.add_all([*homes, *people])
    session.flush()
    session.add_all(
        Member(household_id=home.id, person_id=person.id, relation="02", from_on=DAY - timedelta(days=900))
        for home, person in zip(homes, people, strict=True)
    )
    session.flush()
    return homes


def scan(session: Session, as_of: date = DAY) -> uuid.UUID:
    """A scan's row, for alerts to name."""
    made = Scan(as_of=as_of, policy_version="p", manifest=uuid.uuid4().hex)
    session.add(made)
    session.flush()
    return made.id


def judge(
    homes: Mapping[int, Home],
    *,
    as_of: date = DAY,
    rules: Mapping[str, Terms] = RULES,
    taken_back: Iterable[tuple[str, int, int]] = (),
    rows: Callable[[int, str], list[dict[str, Any]]] | None = None,
) -> Judged:
    """What the engine would hand over for ``homes`` (by household key) on ``as_of``."""
    keys, names = sorted(homes), list(rules)
    codes = np.array([[homes[key].code(rule) for rule in names] for key in keys], dtype=np.int8)
    codes = codes.reshape(len(keys), len(names))
    inputs = {
        name: [np.nan if homes[key].code(rule) == UNKNOWN else homes[key].value(rule) for key in keys]
        for rule in names
        for name in rules[rule].needs
    }
    table = pd.DataFrame(_where(homes, keys) | inputs, index=pd.Index(keys, dtype="int64", name="household_key"))
    gone = set(taken_back)

    def withdrawn(feed: str, asked: Set[tuple[int, int]]) -> set[tuple[int, int]]:
        return {row for row in asked if (feed, *row) in gone}

    def evidence(rule: str, households: Any) -> dict[int, list[dict[str, Any]]]:
        return {int(key): (rows or _row)(int(key), rule) for key in households}

    return Judged(
        as_of=as_of, table=table, codes=codes, measured=_measure(homes, keys, names, codes), rules=rules,
        tell=lambda wanted, start: _tell(names, wanted), evidence=evidence, withdrawn=withdrawn,
    )  # fmt: skip


def viewer(region: str = "00") -> Viewer:
    """A worker who sees ``region``."""
    return Viewer(uuid.UUID(int=7), "林干事", "caseworker", region)


def _where(homes: Mapping[int, Home], keys: list[int]) -> dict[str, list[Any]]:
    regions = [homes[key].region for key in keys]
    return {
        "region": regions,
        "county": [region[:6] for region in regions],
        "town": [region[:9] for region in regions],
        "category": [homes[key].category for key in keys],
    }


def _measure(homes: Mapping[int, Home], keys: list[int], names: list[str], codes: Any) -> Measured:
    fired = np.flatnonzero((codes == FIRES).any(axis=1)).astype(np.int64)
    observed = np.array([[homes[keys[place]].value(rule) for rule in names] for place in fired]).reshape(-1, len(names))
    limits = np.broadcast_to(np.array([LIMITS.get(rule, np.nan) for rule in names]), observed.shape)
    return Measured(fired, observed, limits, np.maximum(observed / limits, 1.0))


def _row(key: int, rule: str) -> list[dict[str, Any]]:
    return [
        {"feed": "medical_settlements", "delivery": 1, "row": key, "person": key, "on": "2026-02-01", "amount": 1.0}
    ]


def _tell(names: list[str], wanted: Any) -> Iterable[Told]:
    for place, column in zip(*np.nonzero(wanted), strict=True):
        pins = [{"name": f"{names[column]}_limit", "value": LIMITS.get(names[column]), "status": "sample"}]
        yield Told(int(place), int(column), f"{names[column]}超过标准", f"{names[column]} over its limit", pins, [])
