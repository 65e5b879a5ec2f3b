"""The made-up places: the real counties of Wuhu (GB/T 2260), invented townships and villages below them."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from jobs.city.plan import Ints, Plan

COUNTIES = (  # code, name, townships, share of households
    ("340202", "镜湖区", 11, 0.14),
    ("340207", "鸠江区", 11, 0.14),
    ("340209", "弋江区", 9, 0.10),
    ("340210", "湾沚区", 8, 0.12),
    ("340212", "繁昌区", 6, 0.10),
    ("340223", "南陵县", 8, 0.16),
    ("340281", "无为市", 18, 0.24),
)
FORMER = (  # a county code that was dissolved, and the code that took its territory over
    ("340203", "340209"),
    ("340208", "340209"),
    ("340221", "340210"),
    ("340222", "340212"),
    ("340225", "340281"),
)
_TOWN_HEADS = "云松竹柳梅兰桂荷清望平安和永长大"
_TOWN_TAILS = "溪山湖桥塘岭湾渡坝丘庄"
_VILLAGE_HEADS = "东西南北上下前后新老双三五七九十"
_VILLAGE_TAILS = "圩岗冲坊埂墩汊铺井墙园树"
REGION_HEADER = ("code", "name", "valid_from", "mark")
SINCE = "2020-01-01"


@dataclass(frozen=True)
class Village:
    """A village or community under its twelve-digit code."""

    code: str
    name: str
    town: str
    county: int


@dataclass(frozen=True)
class Places:
    """Every village, and the weights by which households settle there."""

    towns: tuple[tuple[str, str], ...]
    villages: tuple[Village, ...]
    weights: np.ndarray

    @property
    def codes(self) -> pa.StringArray:
        return pa.array([village.code for village in self.villages])

    @property
    def counties(self) -> Ints:
        return np.array([village.county for village in self.villages], dtype=np.int16)


def build(plan: Plan) -> Places:
    """Return 71 townships (streets 001-099, towns 100-199, townships 200-399) and their villages."""
    chance = plan.chance("places")
    towns: list[tuple[str, str]] = []
    villages: list[Village] = []
    weights: list[float] = []
    for county, (code, _, count, share) in enumerate(COUNTIES):
        for place, (town_code, town_name) in enumerate(_towns(code, count, chance)):
            towns.append((town_code, town_name))
            few = _villages(town_code, town_name, county, int(chance.integers(6, 15)))
            villages += few
            weights += [share / count / len(few) * (1.3 if place < 2 else 0.9)] * len(few)
    heavy = np.array(weights)
    heavy = heavy / heavy.sum()
    if plan.crowded:
        first = np.array([village.town == towns[0][0] for village in villages])
        heavy = np.where(first, plan.crowded / first.sum(), heavy * (1 - plan.crowded) / heavy[~first].sum())
    return Places(tuple(towns), tuple(villages), heavy)


def _towns(county: str, count: int, chance: np.random.Generator) -> list[tuple[str, str]]:
    urban = county in ("340202", "340207", "340209")
    heads = chance.choice(list(_TOWN_HEADS), count, replace=count > len(_TOWN_HEADS))
    tails = chance.choice(list(_TOWN_TAILS), count)
    made: list[tuple[str, str]] = []
    used: set[str] = set()
    for number, (head, tail) in enumerate(zip(heads, tails, strict=True)):
        kind, base = (
            ("街道", 1) if urban and number < count * 0.8 else ("镇", 100) if number < count - 1 else ("乡", 200)
        )
        name = f"{head}{tail}"
        name = f"{name}{'一二三四五六七八九'[len(used) % 9]}" if name in used else name
        used.add(name)
        made.append((f"{county}{base + number:03d}000", name + kind))
    return made


def _villages(town: str, town_name: str, county: int, count: int) -> list[Village]:
    urban = "街道" in town_name
    made = []
    for number in range(count):
        head, tail = _VILLAGE_HEADS[number % 16], _VILLAGE_TAILS[(number * 5 + int(town[6:9])) % 12]
        code = f"{town[:9]}{(1 if urban else 200) + number:03d}"
        made.append(Village(code, f"{head}{tail}{'社区' if urban else '村'}", town, county))
    return made


def write(places: Places, path: Path) -> None:
    """Write the region file of what is made up: townships and villages; the counties ship with the service."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(REGION_HEADER)
        for code, name in (*places.towns, *((village.code, village.name) for village in places.villages)):
            writer.writerow((code, name, SINCE, "made up"))
