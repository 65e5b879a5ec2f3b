"""What the medical insurance, the health commission, the disabled persons' federation and the police send."""

import numpy as np
import pyarrow.compute as pc

from jobs.city.people import DIBAO, OTHER
from jobs.city.plan import Days, Floats, Ints
from jobs.city.rows import Coded, Rows, join
from jobs.city.world import World

INPATIENT, OUTPATIENT, CHRONIC = range(3)
KINDS = ("inpatient", "outpatient", "chronic")
REPORTERS = ("police", "health", "funeral")
_SPLIT = 15
"""Settlements up to this day of the month arrive on the 25th, the rest on the 5th of the next."""
_DISEASES = (
    ("C34", "肺癌"),
    ("C16", "胃癌"),
    ("N18", "终末期肾病"),
    ("I63", "脑梗死"),
    ("C91", "白血病"),
    ("I21", "急性心肌梗死"),
)


def settlements_early(world: World) -> Rows:
    """Settlements of the month's first half."""
    rows = _settlements(world)
    return rows.take(np.flatnonzero(_days_of_month(world, rows) < _SPLIT))


def settlements_late(world: World) -> Rows:
    """Settlements of the month's second half."""
    rows = _settlements(world)
    return rows.take(np.flatnonzero(_days_of_month(world, rows) >= _SPLIT))


def _days_of_month(world: World, rows: Rows) -> Ints:
    days: Ints = (rows.numbers("settled_on") - world.month.astype("M8[D]")).astype(np.int64)
    return days


def _settlements(world: World) -> Rows:
    """Admissions at the onset of an illness, what follows each month, everyday care, and a few refunds."""
    life, chance, people = world.life, world.chance("medical"), world.city.people
    seen = world.linked & life.alive
    onset = life.events.ill[seen[life.events.ill]]
    sick = np.flatnonzero(seen & (life.ill_until >= life.index))
    sick = sick[chance.random(len(sick)) < 0.7]
    everyday = np.flatnonzero(seen & (chance.random(len(people)) < np.where(people.chronic, 0.07, 0.016)))
    visit = np.exp(chance.normal(4.6, 0.8, len(everyday)))
    follow = life.ill_cost[sick] * 0.1 * np.exp(chance.normal(0, 0.4, len(sick)))
    parts = [
        _part(world, onset, life.ill_cost[onset], np.full(len(onset), INPATIENT)),
        _part(world, sick, follow, np.where(chance.random(len(sick)) < 0.5, CHRONIC, OUTPATIENT)),
        _part(world, everyday, visit, np.where(people.chronic[everyday], CHRONIC, OUTPATIENT)),
    ]
    back = onset[chance.random(len(onset)) < 0.02]
    parts.append(_part(world, back, -0.3 * life.ill_cost[back], np.full(len(back), INPATIENT)))
    rows = join(parts)
    return Rows(rows.person, world.rows(rows.person).number, rows.columns | _settling(world, len(rows)))


def _settling(world: World, count: int) -> dict[str, np.ndarray]:
    return {"settled_on": world.days("medical", count), "cancelled": world.chance("cancelled").random(count) < 0.01}


def _part(world: World, who: Ints, cost: Floats, kind: Ints) -> Rows:
    """Assistance pays part of the bill of those who are helped already."""
    category = world.of_person(world.aid.category)[who]
    share = np.where(category <= DIBAO, 0.35, np.where(category < OTHER, 0.65, 1.0))
    pays = np.round(cost * share, 2).astype(np.float64)
    total = np.round(cost / world.chance("fees").uniform(0.25, 0.6, len(who)), 2).astype(np.float64)
    return world.rows(who, kind=Coded(kind.astype(np.int8), KINDS), total_fee=total, self_pay=pays)


def serious_diseases(world: World) -> Rows:
    """First diagnoses of the diseases that cost most."""
    events, chance = world.life.events, world.chance("serious")
    who = events.ill[(events.ill_cost > 14_000) & (chance.random(len(events.ill)) < 0.5)]
    which = chance.integers(0, len(_DISEASES), len(who)).astype(np.int8)
    return world.rows(
        who,
        icd10=Coded(which, tuple(code for code, _ in _DISEASES)),
        disease=Coded(which, tuple(name for _, name in _DISEASES)),
        diagnosed_on=world.days("serious", len(who)),
        cured_on=np.full(len(who), np.datetime64("NaT", "D")),
    )


def enrolments(world: World) -> Rows | None:
    """Once a year, who of the helped and the nearly poor is insured, and who paid the premium."""
    if world.life.index % 12:
        return None
    life, chance = world.life, world.chance("enrolments")
    asked = world.aid.watched | (life.net_year < 1.1 * world.city.households.line)
    who = np.flatnonzero(world.of_person(asked) & life.alive)
    helped = world.of_person(world.aid.category)[who] != OTHER
    pays = np.where(helped & (chance.random(len(who)) < 0.992), 1, 0)
    year = int(world.month.astype("M8[Y]").astype(int)) + 1970
    return world.rows(
        who,
        year=np.full(len(who), year),
        status=Coded((chance.random(len(who)) < 0.003).astype(np.int8), ("active", "stopped")),
        payer=Coded(pays.astype(np.int8), ("self", "subsidised")),
        enrolled_on=np.full(len(who), np.datetime64(f"{year}-01-01", "D")),
    )


def disability_certificates(world: World) -> Rows | None:
    """All certificates at a quarter's end; one in eighteen was issued while the feeds run."""
    if not world.quarter_ends():
        return None
    people, plan = world.city.people, world.plan
    issued = _issued(world)
    here = np.flatnonzero((people.disability > 0) & (issued < (world.month + 1).astype("M8[D]")) & world.life.alive)
    kind, degree = people.disability[here], people.degree[here]
    numbers = people.identities.numbers.take(here)
    digits = (np.char.add(kind.astype("U1"), degree.astype("U1"))).astype(object)
    cancelled = plan.chance("cancelled certificates").random(len(people))[here] < 0.015
    columns = {
        "certificate_no": pc.binary_join_element_wise(numbers, digits.tolist(), ""),
        "kind": Coded(kind - 1, tuple("1234567")),
        "degree": Coded(degree - 1, tuple("1234")),
        "issued_on": issued[here],
        "status": Coded(cancelled.astype(np.int8), ("active", "cancelled")),
    }
    return Rows(here, here + 1, columns)


def _issued(world: World) -> Days:
    chance, people = world.plan.chance("issued"), world.city.people
    start = world.plan.first.astype("M8[D]")
    new = chance.random(len(people)) < 0.055
    offset = np.where(
        new, chance.integers(0, world.plan.months * 30, len(people)), -chance.integers(30, 5500, len(people))
    )
    issued: Days = np.maximum(start + offset, people.birth + 365)
    return issued


def deaths(world: World) -> Rows:
    """Deaths as three offices report them."""
    who = world.life.events.died
    by = world.chance("deaths").integers(0, 3, len(who)).astype(np.int8)
    return world.rows(who, died_on=world.life.died_on[who], reported_by=Coded(by, REPORTERS))


def accidents(world: World) -> Rows:
    """Accidents with the level of injury."""
    events, chance = world.life.events, world.chance("accidents")
    who, level = events.hurt, events.hurt_level
    injury = np.where(level <= 2, 3, np.where(level <= 6, 2, np.where(level <= 9, 1, 0)))
    injury = np.where((injury == 3) & world.life.alive[who], 2, injury)
    return world.rows(
        who,
        happened_on=world.days("accidents", len(who)),
        kind=Coded(chance.integers(0, 5, len(who)).astype(np.int8), ("traffic", "work", "fire", "drowning", "other")),
        injury=Coded(injury.astype(np.int8), ("none", "minor", "serious", "fatal")),
        injury_level=level.astype(np.int64),
        loss_yuan=np.round(np.exp(chance.normal(8, 1, len(who))), -1),
    )
