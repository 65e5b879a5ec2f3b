"""Pages of policy spoiled in two hundred ways while the service runs: refused by line, and what stood goes on."""

import logging
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from policy_packs import CAR_RULE, COSTS, LIMIT, PAGES, RULE, small_pack

from api.app import create_app
from api.deps import Laws
from monitor.policy import PolicyError, read_pack
from monitor.service import Service

WAYS, FIRST = 200, date(2025, 7, 1)
KEY = re.compile(r"( *)[a-z_0-9\"-]+:")
PLAIN = re.compile(r"(?m)^(description|unit|level|direction|when|value|mode|type|by|values|columns|examples): .+$")


def line(text: str, chance: random.Random, fit: Callable[[str], object] = KEY.match) -> tuple[list[str], int]:
    lines = text.strip("\n").split("\n")
    return lines, chance.choice([number for number, said in enumerate(lines) if fit(said)])


def an_unknown_field(text: str, chance: random.Random) -> str:
    lines, at = line(text, chance, re.compile("[a-z_]+:").match)
    return "\n".join([*lines[:at], "threshhold: 5", *lines[at:]])


def a_field_said_twice(text: str, chance: random.Random) -> str:
    lines, at = line(text, chance, re.compile("[a-z_]+: .").match)
    return "\n".join([*lines[: at + 1], lines[at], *lines[at + 1 :]])


def a_tab_before(text: str, chance: random.Random) -> str:
    lines, at = line(text, chance)
    return "\n".join([*lines[:at], "\t" + lines[at], *lines[at + 1 :]])


def a_wide_colon(text: str, chance: random.Random) -> str:
    lines, at = line(text, chance)
    return "\n".join([*lines[:at], lines[at].replace(":", "：", 1), *lines[at + 1 :]])


def an_open_bracket(text: str, chance: random.Random) -> str:
    lines, at = line(text, chance)
    return "\n".join([*lines[:at], lines[at].split(":")[0] + ": [{", *lines[at + 1 :]])


def an_alias_of_nothing(text: str, chance: random.Random) -> str:
    lines, at = line(text, chance, re.compile("[a-z_]+: [a-z]").match)
    return "\n".join([*lines[:at], lines[at].split(":")[0] + ": *elsewhere", *lines[at + 1 :]])


def another_kind_of_value(text: str, chance: random.Random) -> str:
    found = list(PLAIN.finditer(text))
    one = chance.choice(found)
    wrong = chance.choice(("[[1]]", "{a: {b: c}}", "!!python/object:os.system x", "[1, 2", "''"))
    return f"{text[: one.start(1)]}{one[1]}: {wrong}{text[one.end() :]}"


def cut_off(text: str, chance: random.Random) -> str:
    return text.strip("\n")[: chance.randrange(len(text) // 2)]


def another_encoding(text: str, _chance: random.Random) -> bytes:
    return text.encode("gb18030")


def a_nul(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    return f"{text[:at]}\0{text[at:]}"


ANYWHERE = (
    an_unknown_field, a_field_said_twice, a_tab_before, a_wide_colon, an_open_bracket, an_alias_of_nothing,
    another_kind_of_value, cut_off, another_encoding, a_nul,
)  # fmt: skip


def spoiled() -> Iterator[tuple[str, str | bytes]]:
    """A page and what is written on it, two hundred times, each by one of ten ways."""
    for number in range(WAYS):
        chance = random.Random(number)
        way = ANYWHERE[number % len(ANYWHERE)]
        name = chance.choice(sorted(PAGES))
        yield name, way(PAGES[name], chance)


@pytest.fixture
def laws(sqlite_service: Service, tmp_path: Path) -> Laws:
    found: Laws = create_app(replace(sqlite_service, pack=small_pack(tmp_path / "pack"))).state.laws
    found.rest = 0.0
    return found


def write(page: Path, said: str | bytes) -> None:
    page.write_bytes(said if isinstance(said, bytes) else said.encode())


def test_of_two_hundred_spoiled_packs_none_is_loaded_each_is_refused_by_line_and_the_old_one_stays(
    laws: Laws, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root, stands = tmp_path / "pack", laws.on(FIRST).version
    caplog.set_level(logging.WARNING)
    for number, (name, said) in enumerate(spoiled(), start=1):
        page = root / f"{name}.yaml"
        before = page.read_bytes()
        write(page, said)
        with pytest.raises(PolicyError) as refused:
            read_pack(root)
        place = refused.value.place
        lines = (root / place.file).read_bytes().count(b"\n") + 2  # the end of a page is told as the line after it
        assert (root / place.file).is_file()
        assert 1 <= place.line <= lines, (number, name, refused.value.en)
        assert laws.on(FIRST + timedelta(days=number)).version == stands, (number, name)
        page.write_bytes(before)
    told = [record for record in caplog.records if "the pack before stays" in record.message]
    assert len(told) == WAYS


def test_when_the_pages_are_sound_again_what_they_say_now_is_in_force(laws: Laws, tmp_path: Path) -> None:
    page, before = tmp_path / "pack" / "rules" / "motorist.yaml", laws.on(FIRST)
    write(page, CAR_RULE.replace("level: orange", "level: purple"))
    assert laws.on(FIRST + timedelta(days=1)).rules["motorist"].level == "orange"
    write(page, CAR_RULE.replace("level: orange", "level: red"))
    after = laws.on(FIRST + timedelta(days=2))
    assert (after.rules["motorist"].level, before.rules["motorist"].level) == ("red", "orange")
    assert after.version != before.version


def test_pages_are_not_looked_at_again_within_a_minute_whatever_day_is_asked_about(laws: Laws, tmp_path: Path) -> None:
    page = tmp_path / "pack" / "rules" / "motorist.yaml"
    laws.rest, before = 3600.0, laws.on(FIRST).rules["motorist"].level
    page.write_text(page.read_text(encoding="utf-8").replace(f"level: {before}", "level: red"), encoding="utf-8")
    assert laws.on(FIRST + timedelta(days=1)).rules["motorist"].level == before
    laws.rest = 0.0
    assert laws.on(FIRST + timedelta(days=2)).rules["motorist"].level == "red"


def test_a_process_that_never_read_a_sound_pack_refuses_by_file_and_line(laws: Laws, tmp_path: Path) -> None:
    write(tmp_path / "pack" / "indicators" / "costs.yaml", COSTS.replace("unit: yuan", "unit: euro"))
    with pytest.raises(PolicyError, match=r"^indicators/costs.yaml:\d+:\d+ "):
        laws.on(FIRST)


def test_a_day_without_a_value_in_force_is_refused_whatever_stood_before(laws: Laws) -> None:
    assert laws.on(FIRST).version
    with pytest.raises(PolicyError, match="no value in force on that day"):
        laws.on(date(2023, 12, 31))


@pytest.mark.parametrize(
    "when",
    [
        " or ".join(["costs > 1"] * 333_333),
        "category in (" + ",".join(["'dibao'"] * 500_000) + ")",
        "(" * 500_000 + "costs > 1" + ")" * 500_000,
        "not " * 1_000_000 + "costs > 1",
    ],
    ids=["any", "among", "brackets", "denials"],
)
def test_a_condition_of_a_million_terms_is_refused_by_line_before_it_is_read_whole(tmp_path: Path, when: str) -> None:
    page = RULE.replace("costs > parameter(medical.limit)", when)
    with pytest.raises(PolicyError, match=r"^rules/costly.yaml:6:\d+ 超过 300 个词和符号"):
        read_pack(small_pack(tmp_path, rules__costly=page))


@pytest.mark.parametrize("long", [2, 3, 300])
def test_indicators_that_go_in_a_circle_are_refused_however_long_it_is(tmp_path: Path, long: int) -> None:
    head = "description: x\nunit: yuan\nlevel: household\n"
    circle = {f"indicators__c{at}": f"{head}compute: c{(at + 1) % long} + 1\n" for at in range(long)}
    with pytest.raises(PolicyError, match=r"^indicators/c\d+.yaml:\d+.*go in a circle"):
        read_pack(small_pack(tmp_path, **circle))


def test_a_page_that_doubles_itself_by_aliases_is_refused(tmp_path: Path) -> None:
    bomb = "".join(f"a{at + 1}: &a{at + 1} [*a{at}, *a{at}]\n" for at in range(24))
    with pytest.raises(PolicyError, match=r"^parameters/medical/limit.yaml:1"):
        read_pack(small_pack(tmp_path, parameters__medical__limit=f"a0: &a0 [x, x]\n{bomb}{LIMIT}"))
