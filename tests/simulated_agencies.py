"""Agencies of a very small town, and the road their deliveries travel: lost, late, twice, cut off, taken back.

What they say is typed rows for the oracle, and the same as the bytes of a file for the service. All of it follows
from one stream of chance.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from drops import FAMILIES, as_csv
from oracle import Row

from monitor.matching.ids import check_digit

HOUSEHOLDS = 30
REGIONS = ("340202001001", "340203001001")
CATEGORIES = ("tekun", "dibao", "near_dibao", "rigid", "other")
AMOUNTS = ("0", "120.50", "900", "4999.99", "5000.01", "9000", "10000.01", "19999.99", "20000", "33333.33")


@dataclass(frozen=True)
class Sent:
    """One delivery on the road."""

    feed: str
    mode: str
    rows: tuple[Row, ...]
    arrives: date
    content: bytes
    stem: str

    @property
    def empty(self) -> bool:
        """Whether the file has a header and nothing else."""
        return self.content.count(b"\r\n") == 1 and self.content.endswith(b"\r\n")

    @property
    def whole(self) -> bool:
        """Whether the file says all its rows."""
        return self.content == written(self.rows)


def written(rows: tuple[Row, ...]) -> bytes:
    """The rows as an agency's clerk exports them."""
    return as_csv([{name: _cell(value) for name, value in row.items()} for row in rows]).encode()


def _cell(value: object) -> object:
    return int(value) if isinstance(value, bool) else "" if value is None else value


def id_number(person: int, born: date) -> str:
    """A valid number of a county that does not exist."""
    body = f"340298{born:%Y%m%d}{100 + person:03d}"
    return body + check_digit(body)


@dataclass
class Town:
    """The truth, as the agencies know it, and what is still on its way."""

    chance: Random
    today: date
    members: dict[str, list[Row]] = field(default_factory=dict)
    bills: dict[str, Row] = field(default_factory=dict)
    dead: dict[str, Row] = field(default_factory=dict)
    road: list[Sent] = field(default_factory=list)
    written: int = 0

    def __post_init__(self) -> None:
        person = 0
        for home in range(HOUSEHOLDS):
            old = home % 4 == 0
            count = 1 if old else self.chance.randint(1, 3)
            category = self.chance.choice(CATEGORIES)
            rows = []
            for place in range(count):
                person += 1
                years = self.chance.choice((79, 80, 85)) if old else self.chance.randint(3, 70)
                born = date(self.today.year - years, self.chance.randint(1, 12), self.chance.randint(1, 28))
                rows.append(self._member(home, person, place, born, category))
            self.members[rows[0]["household_id"]] = rows

    def _member(self, home: int, person: int, place: int, born: date, category: str) -> Row:
        return {
            "household_id": f"H{home:05d}", "id_no": id_number(person, born), "name": f"{FAMILIES[person % 16]}某",
            "relation": "02" if place == 0 else "20", "sex": "1", "birth_on": born, "region": REGIONS[home % 2],
            "category": category, "monthly_income_per_head": Decimal(900),
        }  # fmt: skip

    def night(self, today: date, *, first: bool) -> Iterator[Sent]:
        """Let the agencies write, the road do its worst, and yield what arrives today."""
        self.today = today
        if first or self.chance.random() < 0.04:
            self._send("household_register", "full", self._register(), lossy=not first)
        if first or self.chance.random() < 0.08:
            self._send("deaths", "append", [self._death()], lossy=not first)
        for mode, often, rows in (("append", 0.45, self._bills), ("append", 0.12, self._corrected),
                                  ("withdraw", 0.05, self._taken_back)):  # fmt: skip
            if self.chance.random() < often and (said := rows()):
                self._send("medical_settlements", mode, said)
        here = [sent for sent in self.road if sent.arrives <= today]
        self.road = [sent for sent in self.road if sent.arrives > today]
        yield from here

    def _send(self, feed: str, mode: str, rows: list[Row], *, lossy: bool = True) -> None:
        self.written += 1
        said = tuple(rows)
        sent = Sent(feed, mode, said, self.today, written(said), f"{feed}_{self.written:05d}")
        fate = self.chance.random() if lossy else 1.0
        if fate < 0.10:
            return
        if fate < 0.25:
            sent = replace(sent, arrives=self.today + timedelta(days=self.chance.randint(1, 9)))
        elif fate < 0.35:
            self.road.append(replace(sent, arrives=self.today + timedelta(days=self.chance.randint(0, 20))))
        elif fate < 0.39:
            empty = sent.content[: sent.content.index(b"\r\n") + 2]
            self.road.append(replace(sent, content=empty, stem=sent.stem + "_empty"))
        elif fate < 0.45:
            cut = sent.content[: self.chance.randrange(len(sent.content))]
            self.road.append(replace(sent, content=cut, stem=sent.stem + "_cut"))
        self.road.append(sent)

    def _register(self) -> list[Row]:
        for rows in self.members.values():
            if self.chance.random() < 0.1:
                category = self.chance.choice(CATEGORIES)
                rows[:] = [row | {"category": category} for row in rows]
        gone = self.chance.choice(sorted(self.members)) if self.chance.random() < 0.3 else None
        return [row for home, rows in self.members.items() if home != gone for row in rows]

    def _death(self) -> Row:
        person = self.chance.choice(self._people())
        died = self.today - timedelta(days=self.chance.randint(0, 20))
        row = {"id_no": person["id_no"], "name": person["name"], "died_on": died, "reported_by": "police"}
        self.dead[person["id_no"]] = row
        return row

    def _bills(self) -> list[Row]:
        return [self._bill(f"S{self.written:05d}{at}") for at in range(self.chance.randint(1, 5))]

    def _bill(self, number: str) -> Row:
        person, paid = self.chance.choice(self._people()), Decimal(self.chance.choice(AMOUNTS))
        row = {
            "settlement_id": number, "id_no": person["id_no"], "name": person["name"],
            "settled_on": self.today - timedelta(days=self.chance.randint(0, 40)),
            "kind": self.chance.choice(("inpatient", "outpatient")), "total_fee": paid, "self_pay": paid,
            "cancelled": False,
        }  # fmt: skip
        self.bills[number] = row
        return row

    def _corrected(self) -> list[Row]:
        some = self._some_bills()
        for number in some:
            paid, cancelled = Decimal(self.chance.choice(AMOUNTS)), self.chance.random() < 0.3
            self.bills[number] = self.bills[number] | {"self_pay": paid, "total_fee": paid, "cancelled": cancelled}
        return [self.bills[number] for number in some]

    def _taken_back(self) -> list[Row]:
        return [self.bills.pop(number) for number in self._some_bills()]

    def _some_bills(self) -> list[str]:
        return self.chance.sample(sorted(self.bills), min(len(self.bills), self.chance.randint(1, 4)))

    def _people(self) -> list[Row]:
        return [row for rows in self.members.values() for row in rows]
