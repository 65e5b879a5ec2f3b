"""Printed forms: numbered, audited and limited before anybody sees them; whatever a name holds, it stays text."""

import re
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
import segno
from desks import OTHER_COUNTY, OTHER_VILLAGE, raised, signed_in, worker_id
from factories import FIRES
from fastapi.testclient import TestClient
from sqlalchemy import func, select, update

from api import paper
from monitor import database
from monitor.cases.codes import FINDINGS
from monitor.service import Service
from monitor.tables import Alert, AuditEntry, FormPrint, Household, Member, Person, utc_now

PATH = "/api/v1/forms"
RED = {"illness": FIRES}
ID_NO = "110101190001011237"
SOME_ID = "0190b5a0-7c00-7000-8000-000000000001"
NAMES = (
    "王桂兰",
    "䶮𠮷㐂",
    "阿卜杜热西提·阿卜杜热合曼·买买提伊力·吐尔逊艾力江",
    "<script>alert(1)</script>",
    "\"'&{{ 7*7 }}</style>",
)


class Text(HTMLParser):
    """The tags of a page and what can be read on it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def said(self) -> str:
        return " ".join(" ".join(self.words).split())


def call_them(service: Service, alerts: list[uuid.UUID], *names: str) -> None:
    """Give the householder of each alert a name and an ID number."""
    ring = service.keyring
    with database.transaction(service.engine) as session:
        for alert, name in zip(alerts, names, strict=True):
            people = select(Member.person_id).join(Alert, Alert.household_id == Member.household_id)
            values = {
                "name": ring.encrypt(name, about="people.name"),
                "id_no": ring.encrypt(ID_NO, about="people.id_no"),
            }
            session.execute(update(Person).where(Person.id.in_(people.where(Alert.id == alert))).values(values))


def printed(client: TestClient, alerts: list[uuid.UUID], **how: Any) -> Any:
    return client.post(PATH, json={"alerts": [str(one) for one in alerts], **how})


def opened(client: TestClient, alerts: list[uuid.UUID], **how: Any) -> Text:
    made = printed(client, alerts, **how)
    assert made.status_code == 201, made.text
    answer = client.get(made.json()["path"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    return Text(answer.text)


def test_one_form_says_who_where_why_by_which_law_and_leaves_room_to_write(service: Service) -> None:
    alerts = raised(service, [RED])
    call_them(service, alerts, "王桂兰")
    lin = signed_in(service, "林干事")
    said = opened(lin, alerts).said
    reason = lin.get(f"/api/v1/alerts/{alerts[0]}").json()["reasons"][0]
    assert "低收入人口预警入户核查表" in said
    law, room = reason["reference"]["title"], ("核查人签字（2人）", "户主或代理人签字", "家庭收入", "支出与困难")
    for wanted in ("王桂兰", "110101********1237", reason["sentence_zh"], law, "林干事", *room):
        assert wanted in said, wanted
    assert ID_NO not in said
    assert all(one.zh in said for one in FINDINGS.values())
    assert re.search(r"20\d\d-000001-01", said)


@pytest.mark.parametrize("kind", ["check", "round"])
@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_printed_whole_and_never_becomes_a_tag(service: Service, name: str, kind: str) -> None:
    alerts = raised(service, [RED])
    call_them(service, alerts, name)
    page = opened(signed_in(service, "林干事"), alerts, kind=kind)
    assert name in page.words
    tags = [tag for tag, _ in page.tags]
    assert (tags.count("script"), tags.count("style")) == (0, 1)
    assert [attrs for _, attrs in page.tags if any(one.startswith("on") or one == "style" for one in attrs)] == []


def test_a_printed_page_may_load_and_run_nothing(service: Service) -> None:
    alerts = raised(service, [RED])
    lin = signed_in(service, "林干事")
    answer = lin.get(printed(lin, alerts).json()["path"])
    allowed = answer.headers["content-security-policy"]
    assert allowed == paper.policy()
    assert "default-src 'none'" in allowed
    assert "unsafe" not in allowed
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    links = [value for _, attrs in Text(answer.text).tags for key, value in attrs.items() if key in ("src", "href")]
    assert links == []


def test_a_batch_is_printed_village_by_village_or_as_it_was_chosen(service: Service) -> None:
    here = raised(service, [RED, RED])
    there = raised(service, [RED], region=OTHER_VILLAGE, start=3)
    chosen = [there[0], here[1], here[0]]
    call_them(service, chosen, "丙", "乙", "甲")
    lin = signed_in(service, "林干事")

    def order(**how: Any) -> list[str]:
        return [word for word in opened(lin, chosen, **how).words if word in "甲乙丙" and word]

    assert order(order="given") == ["丙", "乙", "甲"]
    assert order(order="village") == ["乙", "甲", "丙"]
    assert order(order="village", kind="round") == ["乙", "甲", "丙"]
    page = opened(lin, chosen)
    assert len([tag for tag, _ in page.tags if tag == "svg"]) == 3
    assert [f"-{place:02d}" in page.said for place in (1, 2, 3, 4)] == [True, True, True, False]


def test_each_print_is_audited_with_who_what_and_how_many_before_it_is_shown(service: Service) -> None:
    alerts = raised(service, [RED, RED])
    lin = signed_in(service, "林干事")
    made = printed(lin, alerts, kind="round").json()
    with database.reading(service.engine) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "forms.printed")).one()
    assert (entry.by, entry.subject) == (str(worker_id(service, "林干事")), made["id"])
    assert entry.detail == {"kind": "round", "forms": 2, "alerts": [str(one) for one in alerts]}


def test_what_lies_in_another_region_is_left_out_and_alone_it_is_not_found(service: Service) -> None:
    here = raised(service, [RED])
    there = raised(service, [RED], region=OTHER_COUNTY, start=2)
    call_them(service, there, "隔壁老王")
    lin = signed_in(service, "林干事", region="340299")
    made = printed(lin, [*here, *there]).json()
    assert (made["forms"], made["skipped"]) == (1, [str(there[0])])
    assert "隔壁老王" not in lin.get(made["path"]).text
    assert printed(lin, there).status_code == 404


def test_what_leaves_the_region_before_the_page_is_opened_is_said_and_not_shown(service: Service) -> None:
    alerts = raised(service, [RED, RED])
    call_them(service, alerts, "留下", "离开")
    lin = signed_in(service, "林干事")
    path = printed(lin, alerts).json()["path"]
    away = {"region": OTHER_COUNTY, "county": OTHER_COUNTY[:6], "town": OTHER_COUNTY[:9], "village": OTHER_COUNTY}
    with database.transaction(service.engine) as session:
        session.execute(update(Alert).where(Alert.id == alerts[1]).values(away))
        homes = select(Alert.household_id).where(Alert.id == alerts[1])
        session.execute(update(Household).where(Household.id.in_(homes)).values(away))
    page = lin.get(path).text
    assert "留下" in page
    assert "离开" not in page
    assert "另有 1 户已不在您的管辖范围" in page


def test_nobody_else_opens_a_print_and_after_half_an_hour_nobody_does(service: Service) -> None:
    alerts = raised(service, [RED])
    lin, fang = signed_in(service, "林干事"), signed_in(service, "方干事")
    path = printed(lin, alerts).json()["path"]
    assert (lin.get(path).status_code, fang.get(path).status_code) == (200, 404)
    assert lin.get(f"{PATH}/{uuid.uuid4()}").status_code == 404
    with database.transaction(service.engine) as session:
        session.execute(update(FormPrint).values(made_at=utc_now() - timedelta(minutes=31)))
    late = lin.get(path)
    assert (late.status_code, "重新打印" in late.json()["detail_zh"]) == (404, True)


def test_a_days_forms_are_limited_however_many_ask_at_once(service: Service) -> None:
    few = replace(service, settings=replace(service.settings, forms_a_day=5))
    alerts = raised(few, [RED, RED])
    lin, fang = signed_in(few, "林干事"), signed_in(few, "方干事")
    start = threading.Barrier(4)

    def ask(_: int) -> int:
        start.wait(timeout=60)
        return printed(lin, alerts).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(ask, range(4)))
    assert answers == [201, 201, 429, 429]
    refused = printed(lin, alerts)
    assert (refused.status_code, "5户" in refused.json()["detail_zh"]) == (429, True)
    assert 0 < int(refused.headers["retry-after"]) <= 86401
    assert printed(lin, alerts[:1]).status_code == 201
    assert printed(fang, alerts).status_code == 201
    with database.reading(few.engine) as session:
        assert sorted(session.scalars(select(FormPrint.number))) == [1, 2, 3, 4]
        counted = select(func.count()).where(AuditEntry.action == "forms.printed")
        assert session.scalar(counted) == 4


@pytest.mark.parametrize("role", ["assistant", "auditor", "department", "service"])
def test_a_role_without_the_row_prints_nothing(service: Service, role: str) -> None:
    alerts = raised(service, [RED])
    somebody = signed_in(service, "某人", role=role, department="医保" if role == "department" else None)
    assert printed(somebody, alerts).status_code == 403


@pytest.mark.parametrize(
    "body",
    [{"alerts": []}, {"alerts": ["x"]}, {"alerts": [SOME_ID] * 51}, {"alerts": None}, {}, {"kind": "poster"}],
    ids=["none", "no id", "fifty-one", "null", "nothing", "unknown kind"],
)
def test_nothing_more_than_fifty_and_nothing_odd_is_printed(service: Service, body: Any) -> None:
    lin = signed_in(service, "林干事")
    assert lin.post(PATH, json=body).status_code == 422


def test_the_form_speaks_english_too(service: Service) -> None:
    alerts = raised(service, [RED])
    lin = signed_in(service, "林干事")
    page = opened(lin, alerts, language="en")
    assert "Home visit form" in page.said
    assert lin.get(f"/api/v1/alerts/{alerts[0]}").json()["reasons"][0]["sentence_en"] in page.said
    assert [attrs["lang"] for tag, attrs in page.tags if tag == "html"] == ["en"]


def test_the_code_on_a_form_holds_the_alerts_id_and_nothing_of_the_person(sqlite_service: Service) -> None:
    alert = raised(sqlite_service, [RED])[0]
    with database.reading(sqlite_service.engine) as session:
        drawn = str(paper.qr(session.get_one(Alert, alert)))
    expected = segno.make(alert.hex.upper(), error="m", micro=False)
    assert f'viewBox="0 0 {expected.symbol_size()[0]} {expected.symbol_size()[1]}"' in drawn
    assert "<script" not in drawn
    assert "style=" not in drawn
