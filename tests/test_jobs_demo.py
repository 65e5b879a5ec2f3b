"""The demo: a whole made-up city taken in and scanned, told in words, in a folder of its own."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from people import Office
from sqlalchemy import func, select

from jobs import demo
from jobs.city.verdicts import Hindsight
from jobs.commands.made_up import _line
from jobs.staff import staff
from jobs.verdicts import export
from monitor import database
from monitor.alerts.asked import AUDIT
from monitor.errors import Conflict
from monitor.settings import Settings, read
from monitor.tables import Alert, Reason

HOMES = 800


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[demo.Demo, list[tuple[str, int, int]]]]:
    steps: list[tuple[str, int, int]] = []
    settings = read({"LOWINCOME_HOME": str(tmp_path_factory.mktemp("var"))})
    with demo.run(settings, households=HOMES, seed=4, step=lambda *said: steps.append(said)) as made:
        yield made, steps


def test_every_kind_of_mishap_is_answered_as_it_must_be(shown: tuple[demo.Demo, object]) -> None:
    made, _ = shown
    fates = {(receipt.feed, receipt.status) for receipt in made.receipts if receipt.status != "committed"}
    assert fates == {
        ("wages", "refused"),
        ("social_insurance", "held"),
        ("medical_settlements", "held"),
        ("benefit_payments", "duplicate"),
    }


def test_the_nights_are_three_month_ends_and_the_last_three(shown: tuple[demo.Demo, object]) -> None:
    made, _ = shown
    days = ["2026-03-31", "2026-04-30", "2026-05-31", "2026-06-28", "2026-06-29", "2026-06-30"]
    assert demo.nights(date(2026, 6, 30)) == list(map(date.fromisoformat, days))
    assert [str(one.as_of) for one in made.scans] == days
    assert "vehicles" in made.scans[-1].counts["stale_feeds"]


def test_progress_goes_through_generating_ingesting_and_scanning_to_the_end(
    shown: tuple[demo.Demo, list[tuple[str, int, int]]],
) -> None:
    _, steps = shown
    for kind in ("生成", "接收", "扫描"):
        reached = [(done, total) for what, done, total in steps if what.startswith(kind)]
        assert reached == sorted(reached)
        assert reached[-1][0] == reached[-1][1] > 0


def test_noise_costs_at_most_one_verdict_in_twenty(shown: tuple[demo.Demo, object], tmp_path: Path) -> None:
    made, _ = shown
    last = made.scans[-1]
    assert last.kept is not None
    export(made.service, last.kept, tmp_path / "verdicts.csv", as_of=last.as_of)
    with (tmp_path / "verdicts.csv").open(encoding="utf-8", newline="") as file:
        told = {tuple(row[1:]) for row in csv.reader(file)}
    truth = Hindsight(made.made.truth, last.as_of).verdicts().query("verdict == 'fires'")
    due = set(truth.itertuples(index=False, name=None))
    assert len(due) > HOMES * 0.03
    assert len(due & told) >= 0.95 * len(due)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_three_alerts_are_told_without_a_name_or_a_number(
    shown: tuple[demo.Demo, object], language: demo.Language
) -> None:
    made, _ = shown
    told = demo.three_alerts(made, language=language)
    assert len(told) == 3
    people = made.made.truth.table("people")
    everything = "\n".join(told)
    assert not [number for number in people["id_no"] if number in everything]
    assert not [name for name in people["name"] if len(name) > 2 and name in everything]


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    settings: Settings = read({"LOWINCOME_HOME": str(tmp_path)})
    kept = tmp_path / "demo" / "precious.json"
    kept.parent.mkdir()
    kept.write_text(json.dumps("keep me"))
    with pytest.raises(Conflict):
        demo.prepare(settings)
    assert kept.exists()


def test_a_second_demo_empties_the_folder_of_the_first(tmp_path: Path) -> None:
    settings = read({"LOWINCOME_HOME": str(tmp_path), "LOWINCOME_DATABASE_URL": "postgresql://elsewhere/real"})
    first = demo.prepare(settings)
    (first.home / "left-over").touch()
    second = demo.prepare(settings)
    assert second.home == tmp_path / "demo"
    assert not (second.home / "left-over").exists()
    assert second.database_url.startswith("sqlite")


def test_the_table_of_scans_says_how_many_households_the_rules_newly_alerted(shown: tuple[demo.Demo, object]) -> None:
    made, _ = shown
    night = made.scans[0].as_of
    with database.reading(made.service.engine) as session:
        ruled = select(Reason.alert_id).where(Reason.first_on == night, Reason.rule != AUDIT)
        alerted = session.scalar(select(func.count()).where(Alert.opened_on == night, Alert.id.in_(ruled)))
    assert _line(made.scans[0])[3] == alerted
    assert alerted


def test_everybody_in_the_demo_can_sign_in_and_sees_only_their_own(shown: tuple[demo.Demo, object]) -> None:
    made, _ = shown
    office = Office(made.service)
    seen = {}
    for post in made.posts:
        browser = office.signed_in(post.login, post.password)
        seen[post.login] = browser.get("/api/v1/alerts")
    assert {login: answer.status_code for login, answer in seen.items()} == {
        "admin": 403, "security": 403, "auditor": 403, "village": 200, "town": 200, "county": 200, "city": 200,
    }  # fmt: skip
    village = next(post.region for post in made.posts if post.login == "village")
    assert {item["region"] for item in seen["village"].json()["items"]} == {village}


def test_a_city_has_its_first_administrator_once(shown: tuple[demo.Demo, object]) -> None:
    made, _ = shown
    with pytest.raises(Conflict):
        staff(made.service)
