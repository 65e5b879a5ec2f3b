"""``policy check``: what it runs, and that it notices a pack that does not stand."""

from datetime import date

import pytest
from policy_packs import CAR_RULE, LIMIT, RULE, small_pack

from monitor.policy.cases import Maker
from monitor.policy.checking import check
from monitor.policy.pack import read_pack

NEXT_YEAR = """  2027-01-01:
    known_on: 2026-12-01
    reference: {title: 通知, article: 第九条}
    "00": {tekun: 1000, dibao: 5000, otherwise: 10000}
"""


def problems(tmp_path, **changed):
    report = check(small_pack(tmp_path, **changed))
    assert report.stands == (not report.problems)
    return [problem.en for problem in report.problems]


@pytest.fixture(scope="module")
def shipped():
    return check()


def test_the_shipped_pack_stands(shipped):
    assert [str(problem) for problem in shipped.problems] == []
    assert shipped.stands


def test_the_shipped_pack_is_tried_from_every_side(shipped):
    assert set(shipped.cases) == {"example", "boundary", "date", "missing", "stale"}
    assert shipped.cases["example"] >= 180
    assert sum(shipped.cases.values()) > 10_000
    assert shipped.mutants >= 100


def test_a_small_pack_stands(tmp_path):
    assert problems(tmp_path) == []


def test_a_pack_that_cannot_be_read_reports_every_page_and_runs_nothing(tmp_path):
    root = small_pack(tmp_path, rules__costly=RULE.replace("red", "x"), rules__motorist=CAR_RULE.replace("orange", "y"))
    report = check(root)
    assert [problem.place.file for problem in report.problems] == ["rules/costly.yaml", "rules/motorist.yaml"]
    assert (report.cases, report.mutants, report.stands) == ({}, 0, False)


def test_a_number_that_no_case_depends_on_is_reported_with_its_place(tmp_path):
    idle = CAR_RULE.replace("cars > 0", "cars > 0 and not (cars > 5 and cars < 3)")
    found = problems(tmp_path, rules__motorist=idle)
    assert "rules/motorist.yaml:6:67 no case of motorist notices when 5 moves by one unit" in found[0]


def test_a_value_that_no_case_depends_on_is_reported_with_its_place(tmp_path):
    idle = RULE.replace(
        "when: costs > parameter(medical.limit)", "when: costs > parameter(medical.limit) or costs > 4000"
    )
    idle = idle.replace("verdict: silent}", "verdict: fires}").replace(
        "{costs: null", "{costs: 3000, category: dibao}, verdict: silent}\n  - {given: {costs: null"
    )
    found = problems(tmp_path, rules__costly=idle)
    assert any("no case of costly notices when medical.limit moves by one unit" in problem for problem in found)


def test_a_value_that_jumps_wants_a_confirmation(tmp_path):
    jump = LIMIT.replace('"3402": {tekun: 1200, dibao: 6000', '"3402": {tekun: 1200, dibao: 60000')
    found = problems(tmp_path / "jump", parameters__medical__limit=jump)
    assert any("a value of medical.limit is far from the one before or around it" in problem for problem in found)
    assert all(problem.startswith("parameters/medical/limit.yaml:13:13") for problem in found[:1])
    confirmed = jump.replace("    status: sample\n", "    status: sample\n    confirmed_by: 社会救助科\n")
    assert problems(tmp_path / "confirmed", parameters__medical__limit=confirmed) == []


def test_a_rise_by_more_than_three_tenths_wants_a_confirmation(tmp_path):
    def next_year(amount):
        return LIMIT + NEXT_YEAR.replace("1000", str(amount))

    assert problems(tmp_path / "just", parameters__medical__limit=next_year(1300)) == []
    assert len(problems(tmp_path / "over", parameters__medical__limit=next_year(1301))) == 1
    assert problems(tmp_path / "down", parameters__medical__limit=next_year(700)) == []
    assert len(problems(tmp_path / "under", parameters__medical__limit=next_year(699))) == 1


def cases(tmp_path, rule="costly"):
    pack = read_pack(small_pack(tmp_path))
    return list(Maker(pack.rules[rule], pack.parameters, pack.indicators).cases())


def test_cases_stand_just_below_at_and_just_above_each_threshold(tmp_path):
    around = {case.given["costs"] for case in cases(tmp_path) if case.sort == "boundary"}
    assert around == {4999.99, 5000.0, 5000.01}
    cars = {case.given["cars"] for case in cases(tmp_path / "cars", "motorist") if case.sort == "boundary"}
    assert cars == {-1.0, 0.0, 1.0}


def test_cases_stand_on_the_day_before_and_of_each_date(tmp_path):
    moments = {(case.as_of, case.known_on) for case in cases(tmp_path) if case.sort == "date"}
    assert {
        (date(2023, 12, 31), date.max), (date(2024, 1, 1), date.max),
        (date(2024, 1, 1), date(2023, 12, 19)), (date(2024, 1, 1), date(2023, 12, 20)),
        (date(2024, 12, 31), date.max), (date(2025, 1, 1), date.max),
        (date(2025, 2, 9), date(2025, 2, 9)), (date(2025, 2, 10), date(2025, 2, 10)),
    } <= moments  # fmt: skip


def test_cases_stand_in_each_region_with_a_value_and_in_each_category(tmp_path):
    dated = [case.given for case in cases(tmp_path) if case.sort == "date"]
    assert {given["region"] for given in dated} == {"000000000000", "340200000000", "340223000000"}
    assert {given["category"] for given in dated} == {"tekun", "dibao", "near_dibao", "rigid", "anti_poverty", "other"}


def test_cases_miss_each_thing_and_each_feed(tmp_path):
    found = cases(tmp_path, "motorist")
    assert any(case.given["category"] is None for case in found if case.sort == "missing")
    assert any(case.given["cars"] is None for case in found if case.sort == "missing")
    stale = [case.given for case in found if case.sort == "stale"]
    assert stale
    assert all(given["cars"] is None and given["category"] == "dibao" for given in stale)
