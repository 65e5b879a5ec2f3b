"""What the education bureau sends: who is in school, and who was helped to pay for it."""

import numpy as np

from jobs.city.people import OTHER
from jobs.city.plan import Ints, ages
from jobs.city.rows import Coded, Rows
from jobs.city.world import World

_SPRING, _AUTUMN = 2, 9
ENROLLED, DROPPED_OUT, TRANSFERRED, GRADUATED = range(4)


def term(world: World) -> str | None:
    """Return the term that is reported this month, as ``2025-2026-1``; most months none."""
    year, month = int(world.month.astype("M8[Y]").astype(int)) + 1970, int(world.month.astype(int)) % 12
    if month == _AUTUMN:
        return f"{year}-{year + 1}-1"
    return f"{year - 1}-{year}-2" if month == _SPRING else None


def _pupils(world: World) -> tuple[Ints, Ints]:
    """Return who is of school age and goes to school, and their ages."""
    age = ages(world.city.people.birth, world.month)
    schooling = world.city.people.schooling
    last = np.where(schooling >= 4, 22, np.where(schooling >= 2, 18, 15))
    who = np.flatnonzero((age >= 6) & (age <= last) & world.life.alive)
    return who, age[who]


def students(world: World) -> Rows | None:
    """Pupils and students of a term; a child of 6 to 15 who left school stays away or comes back."""
    name = term(world)
    if name is None:
        return None
    who, age = _pupils(world)
    chance = world.chance("students")
    poor = world.life.poor[world.city.people.household[who]]
    leaves = (age <= 15) & (chance.random(len(who)) < np.where(poor, 0.006, 0.0015))
    stays = world.dropped_out[who] & (chance.random(len(who)) < 0.6)
    world.dropped_out[who] = leaves | stays
    moved = chance.random(len(who)) < 0.008
    status = np.where(leaves | stays, DROPPED_OUT, np.where(moved, TRANSFERRED, ENROLLED)).astype(np.int8)
    stage = np.where(age <= 11, 0, np.where(age <= 14, 1, np.where(age <= 17, 2, 3)))
    schools = tuple(f"第{number}{kind}" for kind in ("小学", "初级中学", "高级中学", "学院") for number in range(1, 13))
    school = (stage * 12 + world.city.households.village[world.city.people.household[who]] % 12).astype(np.int8)
    columns = {
        "term": Coded(np.zeros(len(who), dtype=np.int8), (name,)),
        "school": Coded(school, schools),
        "status": Coded(status, ("enrolled", "dropped_out", "transferred", "graduated")),
    }
    return world.rows(who, **columns)


def education_aid(world: World) -> Rows | None:
    """Fees and aid of the helped households' students."""
    name = term(world)
    if name is None:
        return None
    who, age = _pupils(world)
    keep = world.of_person(world.aid.category)[who] != OTHER
    who, age = who[keep], age[keep]
    chance = world.chance("education aid")
    stage = np.where(age <= 15, 0, np.where(age <= 18, 1, 2)).astype(np.int8)
    fees = np.round(np.array([350.0, 1800.0, 5200.0])[stage] * chance.uniform(0.7, 1.3, len(who)), -1)
    aid = np.where(chance.random(len(who)) < 0.012, 0.0, np.round(fees * chance.uniform(0.5, 1.0, len(who)), -1))
    columns = {
        "term": Coded(np.zeros(len(who), dtype=np.int8), (name,)),
        "stage": Coded(stage, ("compulsory", "senior", "higher")),
        "fees": fees,
        "aid": aid,
    }
    return world.rows(who, **columns)
