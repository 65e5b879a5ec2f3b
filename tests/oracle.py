"""The fourteen conformance rules in plain Python, slow and obvious: what the engine is held against.

Written from the feed contract alone, never from the service's code: lists, dictionaries, loops. A row is a
dictionary of the contract's English column names with values already typed (``date``, ``Decimal``, ``int``,
``str``; ``None`` where the file was empty); a month is the first day of the month.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

Row = dict[str, Any]

KEYS = {
    "household_register": ("household_id", "id_no"),
    "medical_settlements": ("settlement_id",),
    "social_insurance": ("id_no", "month"),
    "wages": ("id_no", "month"),
    "disability_certificates": ("certificate_no",),
    "deaths": ("id_no",),
    "students": ("id_no", "term"),
    "housing_safety": ("house_no",),
    "disasters": ("event_id", "id_no"),
    "vehicles": ("plate_no",),
    "real_estate": ("unit_no",),
    "benefit_payments": ("payment_id",),
}
MODES = dict.fromkeys(KEYS, "append") | dict.fromkeys(
    ("household_register", "disability_certificates", "housing_safety", "vehicles", "real_estate"), "full"
)
FRESH_DAYS: dict[str, int | None] = {
    "household_register": 400,
    "medical_settlements": 45,
    "social_insurance": 75,
    "wages": 75,
    "disability_certificates": 100,
    "deaths": 45,
    "students": 200,
    "housing_safety": 200,
    "disasters": None,
    "vehicles": 100,
    "real_estate": 100,
    "benefit_payments": 45,
}
MEDICAL_LIMIT = {
    "tekun": 1_000,
    "dibao": 5_000,
    "near_dibao": 10_000,
    "rigid": 10_000,
    "anti_poverty": 10_000,
    "other": 15_000,
}
UNKNOWN = None


@dataclass(frozen=True)
class Delivery:
    """What one file said, in the order it arrived."""

    feed: str
    received_on: date
    mode: str
    rows: list[Row] = field(default_factory=list)


def state(deliveries: Iterable[Delivery], feed: str, as_of: date) -> list[Row]:
    """Return the rows of ``feed`` that hold on ``as_of``: later deliveries replace, supersede, withdraw.

    A row of somebody whom no register had named by then is not kept; it supersedes all the same.
    """
    holding: dict[tuple[Any, ...], Row] = {}
    people: set[str] = set()
    for delivery in deliveries:
        if delivery.feed == "household_register" and delivery.mode != "withdraw":
            people.update(row["id_no"] for row in delivery.rows)
        if delivery.feed != feed or delivery.received_on > as_of:
            continue
        if delivery.mode == "full":
            holding = {}
        for row in delivery.rows:
            key = tuple(row[column] for column in KEYS[feed])
            holding.pop(key, None)
            if delivery.mode != "withdraw" and row["id_no"] in people:
                holding[key] = row
    return list(holding.values())


def fresh(deliveries: Iterable[Delivery], feed: str, as_of: date) -> bool:
    """Say whether a delivery of ``feed`` came within its days, the limit included; never any: not fresh."""
    days = [(as_of - d.received_on).days for d in deliveries if d.feed == feed and d.received_on <= as_of]
    limit = FRESH_DAYS[feed]
    return bool(days) and (limit is None or min(days) <= limit)


def age_on(birth: date, day: date) -> int:
    """Full years; whoever was born on 29 February turns on 1 March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def year_before(day: date) -> date:
    """The same day one calendar year earlier; 29 February falls back to the 28th."""
    return date(day.year - 1, 2, 28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)


def month_number(day: date) -> int:
    return day.year * 12 + day.month


def kleene_and(first: bool | None, second: bool | None) -> bool | None:
    if first is False or second is False:
        return False
    return None if first is None or second is None else True


def kleene_or(values: Iterable[bool | None]) -> bool | None:
    seen = list(values)
    if True in seen:
        return True
    return None if None in seen else False


class City:
    """Everything known on one day, and the fourteen questions asked of each household."""

    def __init__(self, deliveries: list[Delivery], as_of: date) -> None:
        self.as_of = as_of
        self.fresh = {feed: fresh(deliveries, feed, as_of) for feed in KEYS}
        self.facts = {feed: self._by_person(state(deliveries, feed, as_of)) for feed in KEYS}
        self.households: dict[str, list[Row]] = {}
        for row in state(deliveries, "household_register", as_of):
            self.households.setdefault(row["household_id"], []).append(row)
        self.died = {id_no: rows[-1]["died_on"] for id_no, rows in self.facts["deaths"].items()}

    @staticmethod
    def _by_person(rows: list[Row]) -> dict[str, list[Row]]:
        people: dict[str, list[Row]] = {}
        for row in rows:
            people.setdefault(row["id_no"], []).append(row)
        return people

    def of(self, member: Row, feed: str) -> list[Row]:
        return self.facts[feed].get(member["id_no"], [])

    def dead(self, member: Row) -> bool:
        died_on = self.died.get(member["id_no"])
        return died_on is not None and died_on <= self.as_of

    def living(self, members: list[Row]) -> list[Row]:
        return [member for member in members if not self.dead(member)]

    def age(self, member: Row) -> int:
        return age_on(member["birth_on"], self.as_of)

    def in_last_year(self, day: date) -> bool:
        return year_before(self.as_of) < day <= self.as_of

    def months_back(self, day: date) -> int:
        """0 for the last full month, 1 for the one before it."""
        return month_number(self.as_of) - 1 - month_number(day)

    # Money spent on health

    def settlements(self, member: Row) -> list[Row]:
        rows = self.of(member, "medical_settlements")
        return [row for row in rows if not row["cancelled"] and self.in_last_year(row["settled_on"])]

    def self_pay(self, member: Row) -> Decimal:
        return sum((row["self_pay"] for row in self.settlements(member)), Decimal(0))

    def medical_self_pay(self, members: list[Row]) -> bool | None:
        if not self.fresh["medical_settlements"]:
            return UNKNOWN
        limit = MEDICAL_LIMIT[head(members)["category"]]
        return any(self.self_pay(member) > limit for member in self.living(members))

    def medical_burden_ratio(self, members: list[Row]) -> bool | None:
        if not self.fresh["medical_settlements"]:
            return UNKNOWN
        living = self.living(members)
        spent = sum((self.self_pay(member) for member in living), Decimal(0))
        monthly = head(members)["monthly_income_per_head"]
        if monthly is None:
            return False if spent <= 0 else UNKNOWN
        return bool(spent > Decimal("0.6") * monthly * len(living) * 12)

    def costly_admission(self, members: list[Row]) -> bool | None:
        if not self.fresh["medical_settlements"]:
            return UNKNOWN
        rows = [row for member in self.living(members) for row in self.settlements(member)]
        return any(row["kind"] == "inpatient" and row["self_pay"] >= 20_000 for row in rows)

    # Work and income

    def paid_months(self, member: Row, first: int, last: int) -> int:
        back = {self.months_back(row["month"]) for row in self.of(member, "social_insurance") if row["paid"]}
        return sum(first <= months <= last for months in back)

    def contribution_gap(self, members: list[Row]) -> bool | None:
        if not self.fresh["social_insurance"]:
            return UNKNOWN
        return any(
            16 <= self.age(member) <= 59
            and self.paid_months(member, 0, 2) == 0
            and self.paid_months(member, 3, 14) >= 6
            for member in self.living(members)
        )

    def mean_wages(self, members: list[Row], first: int, last: int) -> Decimal:
        total = sum(
            (
                row["gross_wage"]
                for member in self.living(members)
                for row in self.of(member, "wages")
                if first <= self.months_back(row["month"]) <= last
            ),
            Decimal(0),
        )
        return total / (last - first + 1)

    def income_fall(self, members: list[Row]) -> bool | None:
        if not self.fresh["wages"]:
            return UNKNOWN
        before = self.mean_wages(members, 3, 14)
        return before > 0 and self.mean_wages(members, 0, 2) < before / 2

    # Disability

    def severe(self, member: Row) -> bool | None:
        if not self.fresh["disability_certificates"]:
            return UNKNOWN
        active = [row for row in self.of(member, "disability_certificates") if row["status"] == "active"]
        return any(row["degree"] in (1, 2) or (row["degree"] == 3 and row["kind"] in (5, 6)) for row in active)

    def jobless(self, member: Row) -> bool | None:
        if not self.fresh["social_insurance"]:
            return UNKNOWN
        return self.paid_months(member, 0, 5) == 0

    def severe_disability_jobless(self, members: list[Row]) -> bool | None:
        return kleene_or(
            kleene_and(16 <= self.age(member) <= 59, kleene_and(self.severe(member), self.jobless(member)))
            for member in self.living(members)
        )

    # Death and old age

    def earner_died(self, members: list[Row]) -> bool | None:
        if not self.fresh["deaths"]:
            return UNKNOWN
        lately = [
            member
            for member in members
            if self.dead(member)
            and self.as_of - timedelta(days=90) < self.died[member["id_no"]]
            and 16 <= age_on(member["birth_on"], self.died[member["id_no"]]) <= 59
        ]
        dependants = [m for m in self.living(members) if self.age(m) < 16 or self.age(m) >= 60]
        return bool(lately) and bool(dependants)

    def lone_elder(self, members: list[Row]) -> bool | None:
        if not self.fresh["deaths"]:
            return UNKNOWN
        living = self.living(members)
        return len(living) == 1 and self.age(living[0]) >= 80

    def paid_after_death(self, members: list[Row]) -> bool | None:
        if not (self.fresh["deaths"] and self.fresh["benefit_payments"]):
            return UNKNOWN
        return any(
            row["result"] == "paid" and month_number(row["month"]) - month_number(self.died[member["id_no"]]) > 1
            for member in members
            if self.dead(member)
            for row in self.of(member, "benefit_payments")
        )

    # School, house, disaster

    def school_dropout(self, members: list[Row]) -> bool | None:
        if not self.fresh["students"]:
            return UNKNOWN
        for member in self.living(members):
            rows = sorted(self.of(member, "students"), key=lambda row: str(row["term"]))
            if 6 <= self.age(member) <= 15 and rows and rows[-1]["status"] == "dropped_out":
                return True
        return False

    def dangerous_house(self, members: list[Row]) -> bool | None:
        if not self.fresh["housing_safety"]:
            return UNKNOWN
        return any(
            row["level"] in ("C", "D")
            and bool(row["only_home"])
            and (row["repaired_on"] is None or row["repaired_on"] > self.as_of)
            for member in self.living(members)
            for row in self.of(member, "housing_safety")
        )

    def disaster_loss(self, members: list[Row]) -> bool | None:
        if not self.fresh["disasters"]:
            return UNKNOWN
        rows = [
            row
            for member in self.living(members)
            for row in self.of(member, "disasters")
            if self.in_last_year(row["happened_on"])
        ]
        lost = sum((row["loss_yuan"] for row in rows if row["loss_yuan"] is not None), Decimal(0))
        return lost > 5_000 or any(row["house_damage"] == "collapsed" for row in rows)

    # Property

    def private_car(self, members: list[Row]) -> bool | None:
        owns = UNKNOWN
        if self.fresh["vehicles"]:
            owns = any(
                row["kind"] == "car" and row["use"] == "private" and row["status"] == "active"
                for member in self.living(members)
                for row in self.of(member, "vehicles")
            )
        return kleene_and(watched_for_property(members), owns)

    def several_homes(self, members: list[Row]) -> bool | None:
        several = UNKNOWN
        if self.fresh["real_estate"]:
            units = [
                row
                for member in self.living(members)
                for row in self.of(member, "real_estate")
                if row["use"] == "residential" and row["status"] == "active"
            ]
            several = len(units) >= 2
        return kleene_and(watched_for_property(members), several)


def head(members: list[Row]) -> Row:
    """Whose row speaks for the household: the head of it (relation 02); the sample's rows all agree."""
    heads = [row for row in members if row["relation"] == "02"]
    return (heads or members)[0]


def watched_for_property(members: list[Row]) -> bool:
    return head(members)["category"] in ("tekun", "dibao", "near_dibao")


RULES = (
    "medical_self_pay",
    "medical_burden_ratio",
    "costly_admission",
    "contribution_gap",
    "income_fall",
    "severe_disability_jobless",
    "earner_died",
    "school_dropout",
    "dangerous_house",
    "disaster_loss",
    "lone_elder",
    "paid_after_death",
    "private_car",
    "several_homes",
)


def verdicts(deliveries: list[Delivery], as_of: date) -> Iterator[tuple[str, str, str]]:
    """Yield (household_id, rule, verdict) of every rule that fires or is unknown; silent rules are left out."""
    city = City(deliveries, as_of)
    for household, members in sorted(city.households.items()):
        for rule in RULES:
            fires = getattr(city, rule)(members)
            if fires is not False:
                yield household, rule, "unknown" if fires is UNKNOWN else "fires"
