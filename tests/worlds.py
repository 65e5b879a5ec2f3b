"""Small random cities, made so that every edge of the contract is met often: limits, month ends, stale feeds."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from hypothesis import strategies as st
from oracle import FRESH_DAYS, MODES, Delivery, Row, year_before

DATES = (
    date(2025, 12, 31),
    date(2026, 3, 31),
    date(2024, 2, 29),
    date(2025, 2, 28),
    date(2025, 3, 1),
    date(2025, 5, 30),
)
PEOPLE = tuple(f"P{number}" for number in range(4))
STRANGER = "P-unknown"
CATEGORIES = ("tekun", "dibao", "near_dibao", "rigid", "anti_poverty", "other")
MONEY = ("0", "0.01", "-100", "100", "720", "720.01", "999.99", "1000", "1000.01", "4999.99", "5000", "5000.01",
         "10000", "10000.01", "15000.01", "19999.99", "20000", "20000", "33333.33")  # fmt: skip
WAGES = ("100", "200", "400", "1200", "2400", "2400.01", "4800")
EDGES = (0, 1, 44, 45, 46, 75, 76, 89, 90, 91, 100, 101, 200, 201, 365, 366, 367, 400)


def month_of(day: date, back: int) -> date:
    number = day.year * 12 + day.month - 1 - back
    return date(number // 12, number % 12 + 1, 1)


def a_day(draw: Random, as_of: date) -> date:
    """A day around ``as_of``, often where a window opens or closes."""
    edges = (as_of, year_before(as_of), year_before(as_of) + timedelta(days=1), as_of + timedelta(days=1))
    if draw.random() < 0.25:
        return draw.choice(edges)
    back = draw.choice(EDGES) if draw.random() < 0.3 else draw.randint(-10, 400)
    return as_of - timedelta(days=back)


def a_birth(draw: Random, as_of: date) -> date:
    """A birthday whose owner is near 6, 16, 60 or 80 on ``as_of``, or a leapling."""
    if draw.random() < 0.2:
        return date(draw.choice((1944, 1964, 2008, 2012, 2016)), 2, 29)
    years = draw.choice((5, 6, 15, 16, 17, 40, 40, 59, 60, 79, 80, 90))
    near = date(as_of.year - years, as_of.month, min(as_of.day, 28))
    return near + timedelta(days=draw.randint(-4, 4))


def medical(draw: Random, as_of: date) -> Row:
    return {
        "settlement_id": draw.choice("abcdef"),
        "settled_on": a_day(draw, as_of),
        "kind": draw.choice(("inpatient", "outpatient", "chronic")),
        "self_pay": Decimal(draw.choice(MONEY)),
        "cancelled": draw.randint(0, 5) == 0,
    }


def insured(draw: Random, as_of: date) -> Row:
    month = month_of(as_of, draw.choice((*range(18), *range(3, 15), *range(3, 15))))
    return {"month": month, "base": Decimal(4227), "paid": draw.randint(0, 5) > 0}


def waged(draw: Random, as_of: date) -> Row:
    return {"month": month_of(as_of, draw.randint(0, 17)), "gross_wage": Decimal(draw.choice(WAGES))}


def certified(draw: Random, as_of: date) -> Row:
    return {
        "certificate_no": draw.choice("abc"),
        "kind": draw.choice((1, 4, 5, 6, 7)),
        "degree": draw.choice((1, 2, 3, 3, 4)),
        "issued_on": a_day(draw, as_of),
        "status": draw.choice(("active", "active", "cancelled")),
    }


def dead(draw: Random, as_of: date) -> Row:
    return {"died_on": a_day(draw, as_of), "reported_by": "police"}


def student(draw: Random, _as_of: date) -> Row:
    term = draw.choice(("2024-2025-1", "2024-2025-2", "2025-2026-1"))
    return {"term": term, "school": "x", "status": draw.choice(("enrolled", "dropped_out", "transferred", "graduated"))}


def house(draw: Random, as_of: date) -> Row:
    return {
        "house_no": draw.choice("abc"),
        "level": draw.choice("ABCD"),
        "assessed_on": a_day(draw, as_of),
        "only_home": draw.random() < 0.7,
        "repaired_on": None if draw.random() < 0.6 else a_day(draw, as_of),
    }


def struck(draw: Random, as_of: date) -> Row:
    return {
        "event_id": draw.choice("abc"),
        "happened_on": a_day(draw, as_of),
        "kind": "flood",
        "loss_yuan": Decimal(draw.choice(("0", "2500", "5000", "5000.01", "2500.01"))),
        "house_damage": draw.choice(("none", "damaged", "collapsed")),
    }


def vehicle(draw: Random, as_of: date) -> Row:
    return {
        "plate_no": draw.choice("abc"),
        "kind": draw.choice(("car", "car", "motorcycle")),
        "use": draw.choice(("private", "private", "commercial")),
        "registered_on": a_day(draw, as_of),
        "status": draw.choice(("active", "active", "sold")),
    }


def unit(draw: Random, as_of: date) -> Row:
    return {
        "unit_no": draw.choice("abcd"),
        "use": draw.choice(("residential", "residential", "shop")),
        "area": Decimal("88.5"),
        "registered_on": a_day(draw, as_of),
        "status": draw.choice(("active", "active", "transferred")),
    }


def payment(draw: Random, as_of: date) -> Row:
    return {
        "payment_id": draw.choice("abcdef"),
        "month": month_of(as_of, draw.randint(-1, 14)),
        "program": "dibao",
        "amount": Decimal(500),
        "result": draw.choice(("paid", "paid", "returned")),
    }


ROWS: dict[str, Callable[[Random, date], Row]] = {
    "medical_settlements": medical,
    "social_insurance": insured,
    "wages": waged,
    "disability_certificates": certified,
    "deaths": dead,
    "students": student,
    "housing_safety": house,
    "disasters": struck,
    "vehicles": vehicle,
    "real_estate": unit,
    "benefit_payments": payment,
}


LONG = ("social_insurance", "wages")
Attributes = dict[str, tuple[str, str | None]]


def attributes(draw: Random) -> Attributes:
    """Category and income of every household; all rows of a household say the same."""
    incomes = (None, "0", "100", "100", "500.55")
    return {household: (draw.choice(CATEGORIES), draw.choice(incomes)) for household in ("H1", "H2", "H3")}


def register(draw: Random, said: Attributes, births: dict[str, date]) -> list[Row]:
    """Two or three households; a person may stand in more than one, or in none."""
    rows = []
    for household in draw.choice((("H1", "H2"), ("H1", "H2", "H3"), ("H2", "H3"))):
        category, income = said[household]
        people = draw.sample(PEOPLE, draw.choice((1, 1, 2, 3, 4)))
        rows += [
            {
                "household_id": household,
                "id_no": person,
                "relation": "02" if place == 0 else "20",
                "sex": "1",
                "birth_on": births[person],
                "region": "340202001001",
                "category": category,
                "monthly_income_per_head": None if income is None else Decimal(income),
            }
            for place, person in enumerate(people)
        ]
    return rows


def received(draw: Random, feed: str, as_of: date) -> date:
    """A day of arrival, often exactly where the feed turns stale."""
    limit = FRESH_DAYS[feed] or 60
    if draw.random() < 0.4:
        return as_of - timedelta(days=draw.choice((0, limit, limit, limit + 1)))
    return as_of - timedelta(days=draw.randint(-5, limit) if draw.random() < 0.6 else draw.randint(-5, 450))


def delivery(draw: Random, feed: str, as_of: date) -> Delivery:
    mode = draw.choice((MODES[feed],) * 6 + ("full", "append", "withdraw"))
    size = draw.randint(0, 40 if feed in LONG else 8)
    people = (*draw.sample(PEOPLE, 2), STRANGER) if feed in LONG else (*PEOPLE, *PEOPLE, STRANGER)
    rows = [{"id_no": draw.choice(people), **ROWS[feed](draw, as_of)} for _ in range(size)]
    return Delivery(feed, received(draw, feed, as_of), mode, rows)


def world(draw: Random) -> tuple[date, list[Delivery]]:
    """A date and everything that agencies sent around it, in the order in which it came."""
    as_of = draw.choice(DATES)
    births = {person: a_birth(draw, as_of) for person in PEOPLE}
    said = attributes(draw)
    first = Delivery("household_register", as_of - timedelta(days=500), "full", register(draw, said, births))
    found = []
    days = sorted(received(draw, "household_register", as_of) for _ in range(draw.choice((0, 0, 1, 2))))
    for day, mode in zip(days, draw.sample(("full", "append", "withdraw"), len(days)), strict=True):
        said = attributes(draw) if mode == "full" else said
        found.append(Delivery("household_register", day, mode, register(draw, said, births)))
    for feed in ROWS:
        found += [delivery(draw, feed, as_of) for _ in range(draw.choice((0, 1, 1, 2, 3)))]
    return as_of, [first, *sorted(found, key=lambda d: (d.received_on, d.feed != "household_register"))]


def worlds() -> st.SearchStrategy[tuple[date, list[Delivery]]]:
    """Worlds drawn from a seed: spread evenly over what may happen, where drawing piece by piece would clump."""
    return st.integers(0, 2**32 - 1).map(lambda seed: world(Random(seed)))
