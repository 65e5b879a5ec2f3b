"""Who lives in the made-up city: households of ten shapes, their members, and the traits that nobody is told."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.city import identities, places
from jobs.city.identities import HOME_PREFIXES, LEGACY_PREFIXES, OUTSIDE_PREFIXES, SURNAMES
from jobs.city.plan import Days, Flags, Floats, Ints, Plan, ages

HEAD, SPOUSE, SON, DAUGHTER, GRANDCHILD, PARENT = "02", "10", "20", "30", "40", "50"
RELATIONS = (HEAD, SPOUSE, SON, DAUGHTER, GRANDCHILD, PARENT)
CATEGORIES = ("tekun", "dibao", "near_dibao", "rigid", "anti_poverty", "other")
TEKUN, DIBAO, NEAR, RIGID, FP, OTHER = range(6)
OUTSIDERS = 0.04
"""Outsiders (people of whom feeds tell and the register does not), as a share of the members."""

# One slot a member: place in RELATIONS, sex (0 any, 1 man, 2 the head's opposite), lowest and highest age;
# a range below zero is the head's age less that much.
SHAPES: tuple[tuple[float, tuple[tuple[int, int, int, int], ...]], ...] = (
    (0.090, ((0, 0, 58, 86),)),
    (0.080, ((0, 0, 30, 60),)),
    (0.135, ((0, 1, 60, 86), (1, 2, 58, 82))),
    (0.120, ((0, 1, 30, 59), (1, 2, 28, 58))),
    (0.160, ((0, 1, 27, 52), (1, 2, 25, 50), (2, 0, 0, 21))),
    (0.120, ((0, 1, 28, 50), (1, 2, 26, 47), (2, 0, 0, 20), (2, 0, 0, 20))),
    (0.070, ((0, 0, 27, 50), (2, 0, 0, 20))),
    (0.140, ((0, 1, 30, 52), (1, 2, 28, 50), (2, 0, 0, 22), (5, 0, 60, 85))),
    (0.030, ((0, 0, 58, 76), (4, 0, 3, 18))),
    (0.055, ((0, 0, 35, 59), (5, 0, 62, 88))),
)


@dataclass
class Households:
    """One entry a household: where it lives and how it stands, as the register's office sees it."""

    village: Ints
    farm: Flags
    line: Floats
    first_member: Ints
    size: Ints

    def __len__(self) -> int:
        return len(self.village)


@dataclass
class People:
    """One entry a member, ordered by household; the identities go on with the outsiders."""

    household: Ints
    relation: Ints
    female: Flags
    birth: Days
    age: Ints
    ability: Floats
    chronic: Flags
    disability: Ints
    degree: Ints
    schooling: Ints
    identities: identities.Identities
    outsiders: int

    def __len__(self) -> int:
        return len(self.household)


@dataclass(frozen=True)
class Kin:
    """Who belongs to which household and how; the bare facts of birth."""

    household: Ints
    relation: Ints
    female: Flags
    birth: Days


@dataclass
class City:
    """A city on the eve of its first month."""

    plan: Plan
    places: places.Places
    households: Households
    people: People

    def household_no(self) -> pa.StringArray:
        """Return the register's household numbers."""
        return padded("H", np.arange(1, len(self.households) + 1), 8)

    def heads(self) -> Ints:
        """Return the person who heads each household."""
        return self.households.first_member


def padded(prefix: str, number: Ints, width: int) -> pa.StringArray:
    """Return ``prefix`` and each number, with zeros in front up to ``width`` digits."""
    digits = pc.utf8_lpad(pc.cast(pa.array(number), pa.string()), width, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), digits, "")


def build(plan: Plan) -> City:
    """Settle ``plan.households`` households in the villages and people them."""
    chance = plan.chance("people")
    where = places.build(plan)
    village = chance.choice(len(where.weights), plan.households, p=where.weights).astype(np.int32)
    shape = chance.choice(len(SHAPES), plan.households, p=_shares()).astype(np.int8)
    sizes = np.array([len(slots) for _, slots in SHAPES], dtype=np.int64)[shape]
    first_member = np.cumsum(sizes) - sizes
    urban = np.array(["社区" in one.name for one in where.villages])[village]
    households = Households(
        village=village,
        farm=chance.random(plan.households) < np.where(urban, 0.10, 0.55),
        line=np.full(plan.households, 590.0, dtype=np.float32),
        first_member=first_member,
        size=sizes,
    )
    people = _people(plan, where, households, shape)
    return City(plan, where, households, people)


def _shares() -> np.ndarray:
    shares = np.array([share for share, _ in SHAPES])
    return np.asarray(shares / shares.sum())


def _people(plan: Plan, where: places.Places, households: Households, shape: Ints) -> People:
    chance = plan.chance("members")
    count = int(households.size.sum())
    relation, female = np.zeros(count, dtype=np.int8), np.zeros(count, dtype=bool)
    years = np.zeros(count, dtype=np.float32)
    for kind, (_, slots) in enumerate(SHAPES):
        heads = households.first_member[shape == kind]
        woman = chance.random(len(heads)) < 0.4
        for place, (kin, sex, low, high) in enumerate(slots):
            rows = heads + place
            if kin == 0 and sex != 1:
                female[rows] = woman
            elif sex == 2:
                female[rows] = True
            elif sex == 0:
                female[rows] = chance.random(len(rows)) < 0.5
            years[rows] = low + (high - low) * chance.random(len(rows)) ** (1.5 if low >= 58 else 1.0)
            relation[rows] = np.where((kin == 2) & female[rows], 3, kin)
    household = np.repeat(np.arange(len(households), dtype=np.int32), households.size)
    _keep_generations(relation, years, households.first_member[household])
    birth = plan.first.astype("M8[D]") - np.round(years * 365.2425 + chance.integers(0, 365, count)).astype(np.int64)
    birth = np.where(years < 1.0, _births(plan, chance, count), birth)
    return _traits(plan, where, households, Kin(household, relation, female, birth))


def _keep_generations(relation: Ints, years: Floats, head: Ints) -> None:
    """A child is at least 19 years younger than the head, a parent at least 19 years older."""
    child = (relation == 2) | (relation == 3)
    years[child] = np.clip(np.minimum(years[child], years[head][child] - 19), 0, None)
    parent = relation == 5
    years[parent] = np.clip(np.maximum(years[parent], years[head][parent] + 19), None, 95)


def _births(plan: Plan, chance: np.random.Generator, count: int) -> Days:
    """Infants: half are born while the feeds run, so the register learns of them later."""
    span = plan.months * 30
    return np.asarray(plan.first.astype("M8[D]") + chance.integers(-span // 2, span - 30, count))


def _traits(plan: Plan, where: places.Places, households: Households, kin: Kin) -> People:
    chance = plan.chance("traits")
    count = len(kin.household)
    age = ages(kin.birth, plan.first)
    family = chance.normal(0, 0.75, len(households)).astype(np.float32)
    ability = family[kin.household] + chance.normal(0, 0.55, count).astype(np.float32)
    weak = 1 / (1 + np.exp(1.3 * ability + 2.6 - age / 60))
    disabled = chance.random(count) < weak * 0.21
    schooling = np.clip(np.round(2 + ability + chance.normal(0, 0.8, count)), 0, 5).astype(np.int16)
    return People(
        household=kin.household,
        relation=kin.relation,
        female=kin.female,
        birth=kin.birth,
        age=age,
        ability=ability,
        chronic=chance.random(count) < np.clip((age - 25) / 130, 0.02, 0.45),
        disability=np.where(disabled, chance.choice(7, count, p=_KINDS) + 1, 0).astype(np.int8),
        degree=np.where(disabled, chance.choice(4, count, p=(0.10, 0.20, 0.34, 0.36)) + 1, 0).astype(np.int8),
        schooling=schooling,
        identities=_identities(plan, where, households, kin),
        outsiders=max(1, int(count * OUTSIDERS)),
    )


_KINDS = (0.14, 0.20, 0.03, 0.40, 0.10, 0.10, 0.03)


def _identities(plan: Plan, where: places.Places, households: Households, kin: Kin) -> identities.Identities:
    """Numbers by place of first issue (some under codes long dissolved); children bear the head's surname."""
    chance = plan.chance("identities")
    count, extra = len(kin.household), max(1, int(len(kin.household) * OUTSIDERS))
    county = where.counties[households.village[kin.household]]
    legacy = len(HOME_PREFIXES) + chance.integers(0, len(LEGACY_PREFIXES), count)
    prefix = np.where(chance.random(count) < 0.16, legacy, county)
    outside = len(HOME_PREFIXES) + len(LEGACY_PREFIXES) + chance.integers(0, len(OUTSIDE_PREFIXES), extra)
    adult = plan.first.astype("M8[D]") - chance.integers(6_600, 32_000, extra)
    surname = chance.integers(0, len(SURNAMES), count)
    inherits = (kin.relation >= 2) & (kin.relation <= 4)
    surname[inherits] = surname[households.first_member[kin.household[inherits]]]
    everyone = np.r_[surname, chance.integers(0, len(SURNAMES), extra)]
    return identities.Identities(
        numbers=identities.numbers(
            np.r_[prefix, outside], np.r_[kin.birth, adult], np.r_[kin.female, chance.random(extra) < 0.5]
        ),
        names=identities.names(chance, everyone),
        phones=identities.phones(chance, count + extra),
    )
