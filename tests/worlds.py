"""Small random cities, made so that every edge of the contract is met often: limits, month ends, stale feeds."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

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
PEOPLE = tuple(f"P{number}" for number in range(6))
STRANGER = "P-unknown"
CATEGORIES = ("tekun", "dibao", "near_dibao", "rigid", "anti_poverty", "other")
MONEY = ("0", "0.01", "-100", "100", "720", "720.01", "999.99", "1000", "1000.01", "4999.99", "5000", "5000.01",
         "10000", "10000.01", "15000.01", "19999.99", "20000", "33333.33")  # fmt: skip
WAGES = ("100", "200", "400", "1200", "2400", "2400.01", "4800")
EDGES = (0, 1, 44, 45, 46, 75, 76, 89, 90, 91, 100, 101, 200, 201, 365, 366, 367, 400)


def month_of(day: date, back: int) -> date:
    number = day.year * 12 + day.month - 1 - back
    return date(number // 12, number % 12 + 1, 1)


@st.composite
def a_day(draw: st.DrawFn, as_of: date) -> date:
    """A day around ``as_of``, most often where a window opens or closes."""
    edges = (as_of, year_before(as_of), year_before(as_of) + timedelta(days=1), as_of + timedelta(days=1))
    return draw(
        st.sampled_from(edges)
        | st.sampled_from(EDGES).map(lambda back: as_of - timedelta(days=back))
        | st.integers(-30, 500).map(lambda back: as_of - timedelta(days=back))
    )


@st.composite
def a_birth(draw: st.DrawFn, as_of: date) -> date:
    """A birthday whose owner is near 6, 16, 60 or 80 on ``as_of``, or a leapling."""
    if draw(st.integers(0, 4)) == 0:
        return date(draw(st.sampled_from((1944, 1964, 2008, 2012, 2016))), 2, 29)
    years = draw(st.sampled_from((5, 6, 15, 16, 17, 40, 59, 60, 79, 80, 90)))
    near = date(as_of.year - years, as_of.month, min(as_of.day, 28))
    return near + timedelta(days=draw(st.integers(-4, 4)))


def medical(draw: st.DrawFn, as_of: date) -> Row:
    return {
        "settlement_id": draw(st.sampled_from("abcdef")),
        "settled_on": draw(a_day(as_of)),
        "kind": draw(st.sampled_from(("inpatient", "outpatient", "chronic"))),
        "self_pay": Decimal(draw(st.sampled_from(MONEY))),
        "cancelled": draw(st.integers(0, 5)) == 0,
    }


def insured(draw: st.DrawFn, as_of: date) -> Row:
    month = month_of(as_of, draw(st.integers(0, 17)))
    return {"month": month, "base": Decimal(4227), "paid": draw(st.integers(0, 5)) > 0}


def waged(draw: st.DrawFn, as_of: date) -> Row:
    return {"month": month_of(as_of, draw(st.integers(0, 17))), "gross_wage": Decimal(draw(st.sampled_from(WAGES)))}


def certified(draw: st.DrawFn, as_of: date) -> Row:
    return {
        "certificate_no": draw(st.sampled_from("abc")),
        "kind": draw(st.integers(1, 7)),
        "degree": draw(st.integers(1, 4)),
        "issued_on": draw(a_day(as_of)),
        "status": draw(st.sampled_from(("active", "active", "cancelled"))),
    }


def dead(draw: st.DrawFn, as_of: date) -> Row:
    return {"died_on": draw(a_day(as_of)), "reported_by": "police"}


def student(draw: st.DrawFn, _as_of: date) -> Row:
    status = st.sampled_from(("enrolled", "dropped_out", "transferred", "graduated"))
    term = st.sampled_from(("2024-2025-1", "2024-2025-2", "2025-2026-1"))
    return {"term": draw(term), "school": "x", "status": draw(status)}


def house(draw: st.DrawFn, as_of: date) -> Row:
    return {
        "house_no": draw(st.sampled_from("abc")),
        "level": draw(st.sampled_from("ABCD")),
        "assessed_on": draw(a_day(as_of)),
        "only_home": draw(st.booleans()),
        "repaired_on": draw(st.none() | a_day(as_of)),
    }


def struck(draw: st.DrawFn, as_of: date) -> Row:
    return {
        "event_id": draw(st.sampled_from("abc")),
        "happened_on": draw(a_day(as_of)),
        "kind": "flood",
        "loss_yuan": Decimal(draw(st.sampled_from(("0", "2500", "5000", "5000.01", "2500.01")))),
        "house_damage": draw(st.sampled_from(("none", "damaged", "collapsed"))),
    }


def vehicle(draw: st.DrawFn, as_of: date) -> Row:
    return {
        "plate_no": draw(st.sampled_from("abc")),
        "kind": draw(st.sampled_from(("car", "car", "motorcycle"))),
        "use": draw(st.sampled_from(("private", "private", "commercial"))),
        "registered_on": draw(a_day(as_of)),
        "status": draw(st.sampled_from(("active", "active", "sold"))),
    }


def unit(draw: st.DrawFn, as_of: date) -> Row:
    return {
        "unit_no": draw(st.sampled_from("abcd")),
        "use": draw(st.sampled_from(("residential", "residential", "shop"))),
        "area": Decimal("88.5"),
        "registered_on": draw(a_day(as_of)),
        "status": draw(st.sampled_from(("active", "active", "transferred"))),
    }


def payment(draw: st.DrawFn, as_of: date) -> Row:
    return {
        "payment_id": draw(st.sampled_from("abcdef")),
        "month": month_of(as_of, draw(st.integers(-1, 14))),
        "program": "dibao",
        "amount": Decimal(500),
        "result": draw(st.sampled_from(("paid", "paid", "returned"))),
    }


ROWS: dict[str, Any] = {
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


Attributes = dict[str, tuple[str, str | None]]


@st.composite
def attributes(draw: st.DrawFn) -> Attributes:
    """Category and income of every household; all rows of a household say the same."""
    income = st.sampled_from((None, "0", "100", "100", "500.55"))
    return {household: (draw(st.sampled_from(CATEGORIES)), draw(income)) for household in ("H1", "H2", "H3")}


@st.composite
def registers(draw: st.DrawFn, said: Attributes, births: dict[str, date]) -> list[Row]:
    """Two or three households; a person may stand in more than one, or in none."""
    rows = []
    for household in draw(st.sampled_from((("H1", "H2"), ("H1", "H2", "H3"), ("H2", "H3")))):
        category, income = said[household]
        people = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3, unique=True))
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


@st.composite
def received(draw: st.DrawFn, feed: str, as_of: date) -> date:
    """A day of arrival, often exactly where the feed turns stale."""
    limit = FRESH_DAYS[feed] or 60
    back = draw(st.sampled_from((0, 1, limit, limit + 1, limit - 1)) | st.integers(-5, 450))
    return as_of - timedelta(days=back)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[date, list[Delivery]]:
    """A date and everything that agencies sent around it, in the order in which it came."""
    as_of = draw(st.sampled_from(DATES))
    births = {person: draw(a_birth(as_of)) for person in PEOPLE}
    said = draw(attributes())
    found = [Delivery("household_register", as_of - timedelta(days=500), "full", draw(registers(said, births)))]
    first = found[0]
    days = sorted(draw(st.lists(received("household_register", as_of), max_size=2)))
    for day, mode in zip(days, draw(st.permutations(("full", "append", "withdraw"))), strict=False):
        said = draw(attributes()) if mode == "full" else said
        found.append(Delivery("household_register", day, mode, draw(registers(said, births))))
    for feed in ROWS:
        for _ in range(draw(st.integers(0, 3))):
            found.append(draw(deliveries(feed, as_of)))
    order = sorted(found[1:], key=lambda d: (d.received_on, d.feed != "household_register"))
    return as_of, [first, *order]


@st.composite
def deliveries(draw: st.DrawFn, feed: str, as_of: date) -> Delivery:
    mode = draw(st.sampled_from((MODES[feed],) * 4 + ("full", "append", "withdraw")))
    people = draw(st.lists(st.sampled_from((*PEOPLE, *PEOPLE, STRANGER)), max_size=14 if feed in LONG else 5))
    rows = [{"id_no": person, **ROWS[feed](draw, as_of)} for person in people]
    return Delivery(feed, draw(received(feed, as_of)), mode, rows)


LONG = ("social_insurance", "wages")
