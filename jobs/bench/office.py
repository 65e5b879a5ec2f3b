"""A made-up office for the benchmark: all the alerts that a city raised in its years, open, and people for them."""

import random
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from monitor import access, database, policy
from monitor.alerts import standing
from monitor.alerts.levels import rank
from monitor.database import insert_many
from monitor.matching.finding import index_people
from monitor.service import Service, today
from monitor.tables import Alert, Household, Member, Person, Reason, Table, utc_now

COUNTIES, TOWNS, VILLAGES = 7, 10, 14
ROLES = {"assistant": 12, "caseworker": 9, "reviewer": 6, "supervisor": 4}
_AT_ONCE = 20_000
_FAMILIES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗曾单解仇翟查朴盖吕"
_GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰红玉梅建国志文华辉波"
_LEVELS = ("red", "orange", "orange", "yellow", "yellow", "yellow", "blue")


def furnish(service: Service, alerts: int, *, seed: int = 1) -> dict[str, list[str]]:
    """Fill an empty installation with ``alerts`` open alerts and return the tokens of its people, by role.

    Nobody in it is real: numbers carry an area code that was never issued.
    """
    chance = random.Random(seed)  # noqa: S311 - a made-up office, no secret
    places = list(_places())
    rules = sorted(policy.load(today()).rules)
    for start in range(0, alerts, _AT_ONCE):
        with database.transaction(service.engine) as session, database.many_rows():
            _fill(session, service, range(start + 1, min(start + _AT_ONCE, alerts) + 1), chance, (places, rules))
    index_people(service.engine, service.keyring)
    with service.engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()
    with database.transaction(service.engine) as session:
        return {role: list(_hire(session, role, length, chance, places)) for role, length in ROLES.items()}


def _places() -> Iterator[str]:
    for county in range(COUNTIES):
        for town in range(TOWNS):
            for village in range(VILLAGES):
                yield f"3402{county + 90:02}{town + 1:03}{village + 1:03}"


def _hire(session: Session, role: str, length: int, chance: random.Random, places: list[str]) -> Iterator[str]:
    for number in range(13):
        region = chance.choice(places)[:length]
        yield access.add_worker(session, f"{role} {number}", region=region, role=role, by="bench")[1]


def _fill(
    session: Session, service: Service, numbers: range, chance: random.Random, given: tuple[list[str], list[str]]
) -> None:
    places, rules = given
    seal = service.keyring.encrypt_many
    names = ["".join([chance.choice(_FAMILIES), *chance.choices(_GIVEN, k=2)]) for _ in numbers]
    ids = [f"999999{1940 + number % 60}0101{number % 10_000:04}" for number in numbers]
    where = [chance.choice(places) for _ in numbers]
    people = zip(numbers, seal(names, about="people.name"), seal(ids, about="people.id_no"), strict=True)
    _rows(session, Person, [
        {"id": number, "id_index": number.to_bytes(32, "big"), "name": name, "id_no": id_no, "findable": False}
        for number, name, id_no in people
    ])  # fmt: skip
    _rows(session, Household, [
        {"id": number, "household_no": f"H{number:08}", "category": "other", "registered": True} | _place(village)
        for number, village in zip(numbers, where, strict=True)
    ])  # fmt: skip
    _rows(session, Member, [
        {"id": number, "household_id": number, "person_id": number, "relation": "02", "from_on": date(2020, 1, 1)}
        for number in numbers
    ])  # fmt: skip
    alerts = [_alert(number, village, chance) for number, village in zip(numbers, where, strict=True)]
    reasons = {alert["id"]: list(_reasons(alert, chance, rules)) for alert in alerts}
    _rows(session, Alert, [alert | {"standing": standing.text_of(reasons[alert["id"]])} for alert in alerts])
    _rows(session, Reason, [reason for alert in alerts for reason in reasons[alert["id"]]])


def _alert(number: int, village: str, chance: random.Random) -> dict[str, Any]:
    level, now = chance.choice(_LEVELS), today()
    opened = now - timedelta(days=chance.randrange(60))
    due = None if level == "blue" else now + timedelta(days=chance.randrange(-15, 30))
    return {
        "id": uuid.UUID(int=chance.getrandbits(128)), "household_id": number, "episode": 1, "status": "open",
        "level": level, "level_since_on": opened, "rank": rank(level, 1 + chance.random(), opened),
        "opened_on": opened, "opened_at": utc_now(), "seen_on": now, "unseen": [], "version": 1, "category": "other",
        "visit_due_on": due, "wakes_on_worse": False,
    } | _place(village)  # fmt: skip


def _reasons(alert: dict[str, Any], chance: random.Random, rules: list[str]) -> Iterator[dict[str, Any]]:
    for place, rule in enumerate(chance.sample(rules, chance.choice((1, 1, 2)))):
        yield {
            "alert_id": alert["id"], "rule": rule, "rule_version": "1", "direction": "help", "level": alert["level"],
            "status": "active", "place": place, "sentence_zh": "自付医疗费超过标准", "sentence_en": "over the limit",
            "parameters": [], "reference": {}, "evidence": [], "unseen": [], "cooldown_days": 0, "quiet_days": 0,
            "quiet_worse": 0.0, "lower_is_worse": False, "first_on": alert["opened_on"], "last_on": alert["seen_on"],
        }  # fmt: skip


def _place(village: str) -> dict[str, str]:
    return {"region": village, "county": village[:6], "town": village[:9], "village": village}


def _rows(session: Session, kind: type[Table], rows: list[dict[str, Any]]) -> None:
    insert_many(session, kind, rows)
