"""The policy to be read: every rule with its law and its sentence, every value with its document, told once a day."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from desks import signed_in
from fastapi.testclient import TestClient

from monitor import database, policy
from monitor.policy import cards
from monitor.policy.thresholds import PARAMETER_UNITS
from monitor.policy.vocabulary import LIMIT_UNITS
from monitor.service import Service, today
from monitor.tables import Scan, utc_now

PATH = "/api/v1/policy"
RULES = sorted(path.stem for path in (policy.HERE / "rules").glob("*.yaml"))


@pytest.fixture
def auditor(sqlite_service: Service) -> TestClient:
    return signed_in(sqlite_service, "审计", role="auditor", region="00")


def written(kind: str, name: str) -> dict[str, Any]:
    """A page as it lies in the pack, read by nothing of ours."""
    found: dict[str, Any] = yaml.safe_load((policy.HERE / kind / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


def test_the_list_holds_every_page_with_its_law_and_a_sentence_without_a_slot(auditor: TestClient) -> None:
    said = auditor.get(f"{PATH}/rules").json()
    assert sorted(one["name"] for one in said["rules"]) == RULES
    assert said["as_of"] == today().isoformat()
    for one in said["rules"]:
        page = written("rules", one["name"])
        assert (one["code"], one["level"], one["direction"]) == (page["code"], page["level"], page["direction"])
        assert one["reference"]["title"] == page["reference"]["title"]
        for language in ("zh", "en"):
            assert "{" not in one["preview"][language], one["name"]
            first = page["sentence"][language].split("{")[0]
            assert one["preview"][language].startswith(first)


def test_a_preview_is_filled_with_the_first_example_that_fires(auditor: TestClient) -> None:
    said = auditor.get(f"{PATH}/rules/medical_self_pay").json()
    assert "12,000元" in said["preview"]["zh"]
    assert "低保边缘" in said["preview"]["zh"]
    assert "10,000元" in said["preview"]["zh"]
    assert "12,000 yuan" in said["preview"]["en"]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_opens_with_its_examples_as_they_are_written(rule: str) -> None:
    law = policy.load(today(), known_on=today())
    page, wanted = cards.page(law, law.rules[rule]), written("rules", rule)["examples"]
    assert [one.verdict for one in page.examples] == [one["verdict"] for one in wanted]
    assert [len(one.given) for one in page.examples] == [len(one["given"]) for one in wanted]
    assert {one.verdict for one in page.examples} == {"fires", "silent", "unknown"}
    for one in page.examples:
        assert (one.sentence is not None) == (one.verdict == "fires")
        assert all(called.zh and called.en and value.zh and value.en for called, value in one.given)
    assert page.condition.zh
    assert {one.name for one in page.reads} == law.rules[rule].needs


def test_what_an_example_leaves_unknown_is_said_to_be_unknown(auditor: TestClient) -> None:
    examples = auditor.get(f"{PATH}/rules/medical_self_pay").json()["examples"]
    unknown = next(one for one in examples if one["verdict"] == "unknown")
    assert {"zh": "(未知)", "en": "(unknown)"} in [one["value"] for one in unknown["given"]]


def test_values_are_told_by_region_category_and_day_with_document_and_state(auditor: TestClient) -> None:
    said = auditor.get(f"{PATH}/parameters/medical.self_pay_limit").json()
    found = {(one["region"], one["effective_from"]): one for one in said["standing"]}
    nation, city = found["00", "2020-01-01"], found["3407", "2025-01-01"]
    assert (nation["status"], nation["state"], city["status"], city["state"]) == (
        "sample", "in_force", "sourced", "in_force",
    )  # fmt: skip
    assert (said["sample"], said["by_category"], said["unit"]["zh"]) == (True, True, "元/年")
    amounts = {one["category"]["en"]: one["amount"] for one in city["amounts"]}
    assert sorted(amounts.values()) == [1000, 5000, 10000, 10000, 10000, 15000]
    assert (city["place"], city["reference"]["href"][:8]) == ("铜陵市", "https://")
    assert city["known_on"] == "2025-11-21"
    assert said["rules"] == ["medical_self_pay"] or "medical_self_pay" in said["rules"]


def test_the_unit_of_each_limit_is_told_in_words_of_either_language(auditor: TestClient) -> None:
    units = {one["name"]: one["unit"] for one in auditor.get(f"{PATH}/parameters").json()["parameters"]}
    assert units["medical.surge_times"] == {"zh": "倍", "en": "times"}
    assert {one["zh"] for name, one in units.items() if name.startswith("deadlines.")} == {"个工作日"}
    assert not [one for one in units.values() if one["zh"].isascii() and one["zh"]]
    assert set(PARAMETER_UNITS) <= set(LIMIT_UNITS)


def test_a_limit_that_is_one_for_everybody_is_told_with_the_list_and_any_other_is_not(auditor: TestClient) -> None:
    listed = {one["name"]: one for one in auditor.get(f"{PATH}/parameters").json()["parameters"]}
    assert (listed["visits.weekly"]["now"], listed["visits.weekly"]["unit"]["zh"]) == (200, "户")
    by_category, by_region = listed["medical.self_pay_limit"], listed["standard.dibao"]
    assert (by_category["now"], by_region["now"], by_region["by_category"]) == (None, None, False)


def test_of_several_values_of_a_region_one_is_in_force_and_the_others_say_why_not() -> None:
    on = date(2026, 3, 1)
    law = policy.load(on, known_on=on)
    many = [one for one in law.parameters.values() if len({value.region for value in one.values}) < len(one.values)]
    assert many, "no page holds two values of one region"
    for parameter in many:
        told = list(cards.standings(law, parameter))
        for region in {one.value.region for one in told}:
            here = [one for one in told if one.value.region == region]
            assert sum(one.state == "in_force" for one in here) <= 1
            assert all(
                one.value.effective_from > on or one.value.known_on > on for one in here if one.state == "to_come"
            )


def test_every_parameter_and_every_indicator_that_a_rule_reads_opens(auditor: TestClient) -> None:
    listed = auditor.get(f"{PATH}/parameters").json()["parameters"]
    pages = {path.relative_to(policy.HERE / "parameters") for path in (policy.HERE / "parameters").rglob("*.yaml")}
    assert {one["name"] for one in listed} == {".".join(Path(page).with_suffix("").parts) for page in pages}
    rule = auditor.get(f"{PATH}/rules/income_fall").json()
    with_page = [one["name"] for one in rule["reads"] if one["page"]]
    assert with_page
    for name in with_page:
        said = auditor.get(f"{PATH}/indicators/{name}").json()
        assert said["called"]["zh"]
        assert "income_fall" in said["rules"]
        assert said["feed"] or said["computed"]


def test_who_has_the_answer_is_not_sent_it_again_until_pack_or_day_change(auditor: TestClient) -> None:
    first = auditor.get(f"{PATH}/rules")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    again = auditor.get(f"{PATH}/rules", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert auditor.get(f"{PATH}/rules", headers={"If-None-Match": '"old"'}).status_code == 200
    assert policy.load(today(), known_on=today()).version[:16] in tag


@pytest.mark.parametrize("path", ["rules/no_such", "parameters/no.such", "indicators/no_such"])
def test_what_is_not_there_is_not_found_in_both_languages(auditor: TestClient, path: str) -> None:
    answer = auditor.get(f"{PATH}/{path}")
    assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")
    assert answer.json()["detail_zh"].startswith("没有")
    assert "no such" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["rules/../../etc", "rules/A", "parameters/%2e%2e", "indicators/" + "x" * 65])
def test_a_name_that_is_none_opens_no_file(auditor: TestClient, path: str) -> None:
    assert auditor.get(f"{PATH}/{path}").status_code in (404, 422)


def test_what_each_rule_said_last_is_the_newest_finished_scans(service: Service) -> None:
    reader = signed_in(service, "高主管", role="supervisor", region="3402")
    assert reader.get(f"{PATH}/hits").json() == {"as_of": None, "households": 0, "rules": [], "called": {}}
    with database.transaction(service.engine) as session:
        for day, fires, ended in ((1, 5, utc_now()), (2, 7, utc_now()), (3, 9, None)):
            by_rule = {"elder": {"fires": fires, "unknown": 1}, "fire": {"fires": 0, "unknown": 10}}
            counts = {"households": 10, "by_rule": by_rule, "dormant": {"fire": ["accidents"]}}
            session.add(
                Scan(as_of=date(2026, 3, day), policy_version="p", manifest="m", counts=counts, finished_at=ended)
            )
    said = reader.get(f"{PATH}/hits").json()
    assert said.pop("rules") == [
        {"rule": "elder", "fires": 7, "unknown": 1, "lacks": []},
        {"rule": "fire", "fires": 0, "unknown": 10, "lacks": ["accidents"]},
    ]
    called = {"accidents": {"zh": "意外事故", "en": "Accidents"}}
    assert said == {"as_of": "2026-03-02", "households": 10, "called": called}


def test_a_clerk_of_another_department_reads_no_policy(sqlite_service: Service) -> None:
    clerk = signed_in(sqlite_service, "医保干事", role="department", department="医保")
    assert clerk.get(f"{PATH}/rules").status_code == 403
