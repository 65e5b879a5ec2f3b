"""What loads and what does not, each refusal with its file and line; and the pack that is shipped."""

import os
from datetime import date

import pytest
from policy_packs import CAR_RULE, CARS, COSTS, FEED, RULE, small_pack, small_policy

from monitor.policy import HERE, PolicyError, load, read_pack
from monitor.policy.pack import survey
from monitor.policy.vocabulary import REGISTER

CONFORMANCE = {
    "medical_self_pay": ("help", "red"),
    "medical_burden_ratio": ("help", "red"),
    "costly_admission": ("help", "orange"),
    "contribution_gap": ("help", "yellow"),
    "income_fall": ("help", "orange"),
    "severe_disability_jobless": ("help", "orange"),
    "earner_died": ("help", "red"),
    "school_dropout": ("help", "red"),
    "dangerous_house": ("help", "red"),
    "disaster_loss": ("help", "red"),
    "lone_elder": ("help", "yellow"),
    "paid_after_death": ("check", "red"),
    "private_car": ("leave", "orange"),
    "several_homes": ("leave", "orange"),
}
SHIPPED = load(date(2026, 4, 20))


def refusal(tmp_path, as_of=date(2025, 6, 30), known_on=None, production=False, **changed):
    root = small_pack(tmp_path, **changed)
    with pytest.raises(PolicyError) as refused:
        load(as_of, known_on=known_on, root=root, production=production)
    assert refused.value.zh.split(" ")[0] == refused.value.en.split(" ")[0]
    return refused.value.en


def test_a_small_pack_loads_and_says_what_it_holds(tmp_path):
    policy = small_policy(tmp_path)
    assert (policy.as_of, policy.known_on) == (date(2025, 6, 30), date(2025, 6, 30))
    assert (set(policy.feeds), set(policy.indicators)) == ({"settlements"}, {"costs", "cars"})
    assert (set(policy.rules), set(policy.parameters)) == ({"costly", "motorist"}, {"medical.limit"})
    car = policy.rules["motorist"]
    assert (car.cooldown_days, car.quiet.days, car.quiet.worse, car.status) == (7, 30, 0.5, "sourced")
    plain = policy.rules["costly"]
    assert (plain.cooldown_days, plain.quiet.days, plain.quiet.worse) == (30, 90, 0.3)
    assert plain.needs == {"costs", "category"}
    assert not plain.lower_is_worse


def test_a_rule_reads_the_feeds_below_its_indicators(tmp_path):
    doubled = "description: x\nunit: yuan\nlevel: household\ncompute: costs * 2\nreads: [settlements]\n"
    rule = RULE.replace("costs", "twice")
    policy = small_policy(tmp_path, indicators__twice=doubled, rules__costly=rule)
    assert policy.feeds_of("costly") == policy.feeds_of("motorist") == {"settlements"}


def test_the_version_is_of_what_pages_say_and_not_of_how_they_are_laid_out(tmp_path):
    one = small_policy(tmp_path / "one")
    laid_out = "# a comment\n" + CARS.replace("unit: vehicles", "unit:   vehicles")
    same = small_policy(tmp_path / "same", indicators__cars=laid_out)
    other = small_policy(tmp_path / "other", indicators__cars=CARS.replace("sum", "max"))
    renamed = small_policy(tmp_path / "renamed", indicators__bikes=CARS)
    assert len({one.version, other.version, renamed.version}) == 3
    assert one.version == same.version
    assert len(one.version) == 64


def test_a_rules_version_is_its_own(tmp_path):
    one = small_policy(tmp_path / "one").rules
    other = small_policy(tmp_path / "other", rules__motorist=CAR_RULE.replace("level: orange", "level: red")).rules
    assert one["costly"].version == other["costly"].version
    assert one["motorist"].version != other["motorist"].version


@pytest.mark.parametrize(
    ("old", "new", "where", "en"),
    [
        ("reference: {title: 办法, article: 第六条}\n", "", "1:1", '"reference" is missing'),
        ("reference: {title: 办法, article: 第六条}", "reference: {title: 办法}", "12:12", "give an article"),
        ("verdict: unknown}", "verdict: silent}", "14:3", "there is no example of unknown"),
        ("verdict: silent}", "verdict: fires}", "14:3", "there is no example of silent"),
        ("{costs: 5001,", "{costs: 5000,", "14:5", "the example says fires, rule costly says silent"),
        ("{costs: 5001, category: dibao}", "{costs: 5001}", "14:5", "the example leaves out category"),
        ("{costs: 5001, category: dibao}", "{category: dibao}", "14:5", "the example leaves out costs"),
        ("when: costs >", "when: cost >", "6:7", 'there is no indicator "cost"; did you mean costs?'),
        ("when: costs >", "when: zebra >", "6:7", 'there is no indicator "zebra"'),
        ("(medical.limit)\nlimit", "(medical.limits)\nlimit", "6:15", "did you mean medical.limit?"),
        ("when: costs >", "when: category >", "6:18", "expected text here, but this is a number"),
        ("when: costs > parameter(medical.limit)", "when: costs", "6:7", "should be true or false, but is a number"),
        ("limit: parameter(medical.limit)", "limit: costs > 1", "7:14", "should be a number, but is true or false"),
        ("\nlimit: parameter(medical.limit)", "", "1:1", "the sentence has {limit}, the page no limit"),
        ("observed: costs", "observed: cost", "1:1", 'there is no indicator "cost"'),
        ("{costs:yuan}，", "{cost:yuan}，", "10:3", 'there is no indicator "cost"'),
        ("{costs:yuan}，", "{costs}，", "10:3", "slot {costs} lacks a unit"),
        ("{costs:yuan}，", "{costs:dollars}，", "10:3", "its unit is not one of"),
        ("{costs:yuan}，", "{costs，", "10:3", "a slot is written {name:unit}"),
        ("{costs:yuan}，", "｛costs:yuan｝，", "10:3", "a slot is written {name:unit}"),
        ("when: costs >", "when: category = '特困' and costs >", "6:18", 'no category "特困"; known: tekun, dibao'),
        ("when: costs >", "when: category in ('dibao', 'dibau') and costs >", "6:29", "did you mean dibao?"),
        ("{costs: 5001, category: dibao}", "{costs: 5001, category: 低保}", "14:5", 'there is no category "低保"'),
        ("when: costs > parameter(medical.limit)", "when: costs > 5000", "7:8", "parameter medical.limit is not in"),
        ("observed: costs", "observed: cars", "1:1", "what is observed, cars, is not in the condition"),
        ("level: red\n", "", "1:1", '"level" is missing'),
        ("level: red", "level: purple", "5:8", '"purple" is not one of: red, orange, yellow, blue'),
        ("direction: help", "direction: up", "4:12", '"up" is not one of: help, leave, check'),
        ("risk_factor: illness", "risk_factor: luck", "3:14", '"luck" is not one of'),
        ("level: red", "level: red\nneeds: [costs]", "6:8", 'unknown key "needs"'),
        ("when: costs >", "when: costs ~", "6:13", "cannot read ~"),
    ],
)  # fmt: skip
def test_a_rule_that_does_not_stand_is_refused_where_it_falls(tmp_path, old, new, where, en):
    assert old in RULE
    said = refusal(tmp_path, rules__costly=RULE.replace(old, new))
    assert said.startswith(f"rules/costly.yaml:{where} ")
    assert en in said


COSTS_REFUSED = [
    ("settlements", "settlement", 'indicators/costs.yaml:1:1 there is no feed "settlement"; did you mean settlements?'),
    ("sum(self_pay)", "sum(selfpay)", 'costs.yaml:5:12 there is no column "selfpay"; did you mean self_pay?'),
    ("sum(self_pay)", "sum(id_no)", 'there is no column "id_no"'),
    ("sum(self_pay)", "sum(kind = 'inpatient')", "the whole should be a number"),
    ("sum(self_pay)", "any(self_pay)", "the whole should be true or false"),
    ("sum(self_pay)", "mean(self_pay)", "expected function(expression)"),
    ("sum(self_pay)", "sum self_pay", "expected function(expression)"),
    ("sum(self_pay)", "latest(kind = 'inpatient', settled)", 'no column "settled"; did you mean settled_on?'),
    ("window:", "where: kind\nwindow:", "the whole should be true or false, but is text"),
    ("window:", "where: kinds = 'x'\nwindow:", 'there is no column "kinds"; did you mean kind?'),
    ("window:", "on: settled\nwindow:", 'there is no column "settled"'),
    ("12 months", "1 year", 'expected "12 months", "90 days", "next 30 days" or "months 0..2"'),
    ("12 months", "90 seconds", 'expected "12 months", "90 days"'),
    ("12 months", "months 3..2", 'expected "12 months"'),
    ("unit: yuan", "unit: euro", '"euro" is not one of'),
    ("window:", "compute: cars\nwindow:", "give either feed or compute, and only one"),
    ("window:", "level: household\nwindow:", '"level" has no place on this page'),
    ("window:", "empty: none\nwindow:", "expected a number, true, false or nothing"),
    ("window:", "unknown: maybe\nwindow:", '"maybe" is not one of: strict, kleene'),
]
MORE_REFUSED = [
    ("compute: more + 1", "indicators go in a circle: more -> more"),
    ("compute: less + 1", 'there is no indicator "less"'),
    ("compute: costs and cars", "expected true or false here"),
    ("level: household\ncompute: costs > 1", "the whole should be a number, but is true or false"),
    ("household: sum\ncompute: costs > 1", "the whole should be a number, but is true or false"),
    ("level: household\ncompute: age + 1", 'there is no indicator "age"'),
    ("level: member\nfeed: settlements", '"level" has no place on this page'),
]
FEED_REFUSED = [
    ("key: [settlement_id]", "key: [id]", 'there is no column "id"'),
    ("happened_on: settled_on", "happened_on: paid_on", 'there is no column "paid_on"'),
    ("mode: append", "mode: add", '"add" is not one of: full, append'),
    ("type: money", "type: cash", '"cash" is not one of'),
    ("普通门诊", "住院", '"住院" stands for two codes'),
    ("columns:", "quality: {amount: {column: kind, shift: 2}}\ncolumns:", "not a column of numbers"),
    ("cadence: monthly", "cadence: sometimes", '"sometimes" is not one of'),
]


@pytest.mark.parametrize(("old", "new", "en"), COSTS_REFUSED)
def test_an_indicator_that_does_not_stand_is_refused(tmp_path, old, new, en):
    assert old in COSTS
    assert en in refusal(tmp_path, indicators__costs=COSTS.replace(old, new))


@pytest.mark.parametrize(("text", "en"), MORE_REFUSED)
def test_a_computed_indicator_that_does_not_stand_is_refused(tmp_path, text, en):
    assert en in refusal(tmp_path, indicators__more=f"description: x\nunit: yuan\n{text}\n")


@pytest.mark.parametrize(("old", "new", "en"), FEED_REFUSED)
def test_a_feed_that_does_not_stand_is_refused(tmp_path, old, new, en):
    assert old in FEED
    assert en in refusal(tmp_path, feeds__settlements=FEED.replace(old, new))


def test_a_value_not_yet_in_force_anywhere_refuses_the_rule_that_reads_it(tmp_path):
    en = "parameter medical.limit has no value in force on that day, in any region"
    assert en in refusal(tmp_path / "early", as_of=date(2023, 12, 31))
    assert en in refusal(tmp_path / "unknown", as_of=date(2024, 6, 1), known_on=date(2023, 12, 19))
    assert small_policy(tmp_path / "known", as_of=date(2024, 6, 1), known_on=date(2023, 12, 20)).version


def test_production_refuses_samples_and_only_those_in_force(tmp_path):
    said = refusal(tmp_path / "value", production=True)
    assert said.startswith("parameters/medical/limit.yaml:13:13 rule costly rests on a sample (status: sample)")
    root = small_pack(tmp_path / "before")
    assert load(date(2024, 6, 1), root=root, production=True).version
    sample = CAR_RULE + "status: sample\n"
    said = refusal(tmp_path / "rule", as_of=date(2024, 6, 1), production=True, rules__motorist=sample)
    assert said.startswith("rules/motorist.yaml:1:1 rule motorist rests on a sample")


def test_every_problem_is_collected_and_not_only_the_first(tmp_path):
    rule, cars = RULE.replace("level: red", "level: x"), CARS.replace("vehicles", "cars")
    _, problems = survey(small_pack(tmp_path, rules__costly=rule, indicators__cars=cars))
    assert [str(problem.place) for problem in problems] == ["indicators/cars.yaml:2:7", "rules/costly.yaml:5:8"]
    rule, cars = RULE.replace("when: costs", "when: cost"), CARS.replace("feed: s", "feed: x")
    _, problems = survey(small_pack(tmp_path, rules__costly=rule, indicators__cars=cars))
    assert [problem.place.file for problem in problems] == ["indicators/cars.yaml", "rules/costly.yaml"]


def test_an_example_speaks_of_the_newest_values_unless_it_says_on(tmp_path):
    here = RULE.replace("{costs: 5001, category: dibao}", '{costs: 5001, category: dibao, region: "340202000000"}')
    dated = here.replace("verdict: fires}", "verdict: fires, on: 2024-06-01}")
    assert small_policy(tmp_path / "dated", rules__costly=dated).version
    assert "the example says fires, rule costly says silent" in refusal(tmp_path / "undated", rules__costly=here)
    unpublished = dated.replace("on: 2024-06-01", "on: 2024-06-01, known_on: 2023-12-01")
    assert "rule costly says unknown" in refusal(tmp_path / "unpublished", rules__costly=unpublished)


def test_the_shipped_pack_holds_the_conformance_rules_as_agreed():
    found = {name: (SHIPPED.rules[name].direction, SHIPPED.rules[name].level) for name in CONFORMANCE}
    assert found == CONFORMANCE


def test_the_shipped_pack_has_forty_rules_or_more_in_every_direction_and_level():
    rules = SHIPPED.rules.values()
    assert len(rules) >= 40
    assert {rule.direction for rule in rules} == {"help", "leave", "check"}
    assert {rule.level for rule in rules} == {"red", "orange", "yellow", "blue"}
    assert len({indicator.code for indicator in SHIPPED.indicators.values()} - {None}) >= 45


def test_every_value_and_rule_of_the_shipped_pack_cites_where_it_comes_from():
    references = [rule.reference for rule in SHIPPED.rules.values()]
    references += [value.reference for page in SHIPPED.parameters.values() for value in page.values]
    assert all(reference.title and (reference.article or reference.href or reference.says) for reference in references)


def test_what_the_shipped_pack_does_not_know_it_calls_a_sample():
    with pytest.raises(PolicyError, match="status: sample"):
        load(date(2026, 4, 20), production=True)
    dibao = SHIPPED.parameters["standard.dibao"].values
    counties = [value for value in dibao if value.region in ("340223", "340281") and value.amounts]
    assert {(value.effective_from.year, value.status) for value in counties} == {(2020, "sourced")}
    assert all(value.status == "sample" for value in dibao if value.region == "3402")


def test_every_indicator_that_a_rule_needs_is_a_page_or_an_attribute_of_the_register():
    needed = {name for rule in SHIPPED.rules.values() for name in rule.needs}
    assert needed <= set(SHIPPED.indicators) | set(REGISTER)


def test_the_pack_is_read_whatever_the_day():
    pack = read_pack(HERE)
    assert pack.version == SHIPPED.version


def test_pages_that_did_not_change_are_read_once(tmp_path):
    root = small_pack(tmp_path)
    assert read_pack(root) is read_pack(root)
    assert load(date(2025, 6, 30), root=root).pack is read_pack(root)


def test_a_page_changed_in_the_same_instant_and_to_the_same_length_is_read_anew(tmp_path):
    root = small_pack(tmp_path)
    before, page = read_pack(root), root / "rules" / "costly.yaml"
    times, text = page.stat().st_mtime_ns, page.read_text(encoding="utf-8")
    page.write_text(text.replace("level: red", "level: RED"), encoding="utf-8")
    os.utime(page, ns=(times, times))
    with pytest.raises(PolicyError):
        read_pack(root)
    page.write_text(text, encoding="utf-8")
    assert read_pack(root).version == before.version


def test_a_page_more_or_less_is_another_pack(tmp_path):
    root = small_pack(tmp_path)
    before, page = read_pack(root), root / "rules" / "costly.yaml"
    page.rename(page.with_name("dear.yaml"))
    assert set(read_pack(root).rules) != set(before.rules)
