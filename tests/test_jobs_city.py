"""The made-up city: nobody in it can be anybody, its dirt is on record, and its truth is the oracle's."""

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import oracle
import pandas as pd
import pytest

from jobs import city
from jobs.city import dirt, identities, incidents, people
from jobs.city import life as living
from jobs.city.places import COUNTIES
from jobs.city.verdicts import Hindsight
from monitor import regions
from monitor.errors import Invalid
from monitor.policy import read_pack
from monitor.policy.feed_pages import FeedPage

UNTIL = date(2026, 6, 30)
HOMES = 1_500


@pytest.fixture(scope="module")
def feeds() -> MappingProxyType[str, FeedPage]:
    return MappingProxyType(dict(read_pack().feeds))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, feeds: MappingProxyType[str, FeedPage]) -> city.Made:
    return city.generate(tmp_path_factory.mktemp("city"), city.Plan(HOMES, 3, UNTIL), pages=feeds)


def read(path: Path) -> pd.DataFrame:
    """Read a delivery as text, whatever its container."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path).astype(str)
    if path.suffix == ".xlsx":
        return pd.read_excel(path, dtype=str, engine="openpyxl")
    content = path.read_bytes()
    if path.suffix == ".zip":
        with zipfile.ZipFile(BytesIO(content)) as packed:
            content = packed.read(packed.namelist()[0])
    text = decode(content)
    separator = re.findall(r"[,;\t]", text.splitlines()[0])[0]
    return pd.read_csv(BytesIO(text.encode()), sep=separator, dtype=str)


def decode(content: bytes) -> str:
    if content.startswith(b"\xff\xfe"):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeError:
        return content.decode("gb18030")


def sheets(made: city.Made, feed: str) -> Iterator[tuple[Path, pd.DataFrame]]:
    for path in sorted(made.deliveries.glob(f"*/{feed}.*")):
        if not path.name.endswith(".json") and path != torn(made):
            yield path, read(path)


def torn(made: city.Made) -> Path:
    return next(made.deliveries.glob("*/wages.csv.manifest.json")).with_suffix("").with_suffix("")


def named(table: pd.DataFrame, page: FeedPage) -> pd.DataFrame:
    """Give the columns the contract's names; a header that the page does not know raises."""
    known = {word: name for name, column in page.columns.items() for word in (name, *column.headers)}
    return table.rename(columns=lambda header: known[header])


def checksum_holds(number: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], weights, strict=True))
    return number[17] == "10X98765432"[total % 11]


def test_every_number_is_valid_in_form_and_under_an_address_code_that_was_never_issued(made: city.Made) -> None:
    numbers = made.truth.table("people")["id_no"]
    assert numbers.is_unique
    assert all(map(checksum_holds, numbers))
    assert set(numbers.str[:6]) <= set(identities.PREFIXES)
    # GB/T 2260: under 3402 no county code above 340281 was ever given, under 3426 and 3414 none above 26.
    assert all(int(code[4:]) > 81 for code in identities.PREFIXES)


def test_every_phone_number_has_a_prefix_that_no_operator_was_given(made: city.Made) -> None:
    assert made.truth.table("people")["phone"].str.fullmatch(r"12\d{9}").all()


def test_numbers_stay_apart_for_people_born_on_one_day_in_one_place() -> None:
    birth = np.full(996, np.datetime64("1980-05-06"))
    numbers = identities.numbers(np.zeros(996, dtype=int), birth, np.arange(996) % 2 == 0).to_pylist()
    assert len(set(numbers)) == 996
    assert all(int(number[16]) % 2 == position % 2 for position, number in enumerate(numbers))


def test_a_number_too_many_for_one_day_and_place_is_refused() -> None:
    birth = np.full(1_000, np.datetime64("1980-05-06"))
    with pytest.raises(ValueError, match="498"):
        identities.numbers(np.zeros(1_000, dtype=int), birth, np.zeros(1_000, dtype=bool))


def test_the_city_has_two_and_a_half_members_and_about_twenty_facts_a_household(made: city.Made) -> None:
    facts = sum(made.rows.values()) - made.rows["household_register"]
    assert len(made.truth.table("people")) / HOMES == pytest.approx(2.5, abs=0.15)
    assert 17 <= facts / HOMES <= 26


def test_every_agency_delivers_its_feed_in_the_eighteen_months(
    made: city.Made, feeds: MappingProxyType[str, FeedPage]
) -> None:
    assert set(made.rows) | {"union_hardship", "serious_diseases", "accidents"} >= set(feeds)
    days = sorted(path.name for path in made.deliveries.iterdir())
    assert days[0] == "2025-01-01"
    assert days[-1] == "2026-06-30"


def test_every_header_and_code_is_one_that_the_feed_page_knows(
    made: city.Made, feeds: MappingProxyType[str, FeedPage]
) -> None:
    for feed in made.rows:
        page = feeds[feed]
        for path, sheet in sheets(made, feed):
            table = named(sheet, page)
            required = {name for name, column in page.columns.items() if column.required}
            assert required <= set(table.columns), path.name
            for name in table.columns:
                codes = page.columns[name].codes
                if codes and not page.columns[name].open:
                    assert set(table[name].dropna()) <= set(codes), (path, name)


def test_the_truth_names_the_row_and_the_blemish_of_every_spoiled_number(
    made: city.Made, feeds: MappingProxyType[str, FeedPage]
) -> None:
    links = made.truth.table("links").merge(made.truth.table("people")[["person", "id_no"]], on="person")
    seen = set()
    for (feed, received_on, file), noted in links[links["number"].notna()].groupby(["feed", "received_on", "file"]):
        table = named(read(made.deliveries / received_on.isoformat() / file), feeds[feed])
        for row in noted.itertuples():
            sent = table["id_no"].iloc[row.row_no - 1]
            assert spoiled_so(row.number, row.id_no, sent), (feed, row.number)
            seen.add(row.number)
    assert seen >= {kind for kind, share in dirt.NUMBER_DIRT if share > 0.001} | {"numberless"}


BLEMISHES: dict[str, Callable[[str, str], bool]] = {
    "clean": lambda number, sent: sent == number,
    "fifteen_digits": lambda number, sent: sent == number[:6] + number[8:17],
    "lower_case_x": lambda number, sent: sent == number.lower() != number,
    "full_width": lambda number, sent: len(sent) == 18 and not sent.isascii(),
    "spaces": lambda number, sent: sent != number and re.sub(r"\s", "", sent) == number,
    "apostrophe": lambda number, sent: sent == "'" + number,
    "one_digit_wrong": lambda number, sent: differences(number, sent) == 1 and not checksum_holds(sent),
    "two_digits_swapped": lambda number, sent: sorted(sent) == sorted(number) and not checksum_holds(sent),
    "sent_as_float": lambda number, sent: "E+17" in sent,
}


def spoiled_so(kind: str, number: str, sent: Any) -> bool:
    if kind == "numberless":
        return pd.isna(sent) or sent in ("None", "")
    return BLEMISHES[kind](number, sent)


def differences(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("seed", range(20))
def test_a_wrong_digit_or_a_swap_never_makes_another_valid_number(seed: int) -> None:
    chance = np.random.default_rng(seed)
    number = identities.numbers(np.array([3]), np.array([np.datetime64("1950-01-01") + seed]), np.array([True]))
    for kind in ("one_digit_wrong", "two_digits_swapped"):
        sent = dirt._NUMBER[kind](number[0].as_py(), chance)  # the spoiler itself, one at a time
        assert sent != number[0].as_py()
        assert sent[:-1].isdigit()
        assert not checksum_holds(sent)


def test_equal_plans_give_equal_rows_and_another_seed_another_city(
    tmp_path: Path, feeds: MappingProxyType[str, FeedPage]
) -> None:
    plan = city.Plan(60, 5, UNTIL, months=4, formats=("csv",))
    digests = []
    for name, one in (("a", plan), ("b", plan), ("c", city.Plan(60, 6, UNTIL, months=4, formats=("csv",)))):
        made = city.generate(tmp_path / name, one, pages=feeds)
        files = sorted(path for path in made.deliveries.rglob("*") if path.is_file())
        assert {path.suffix for path in files} <= {".csv", ".json"}
        digests.append([(p.relative_to(made.deliveries), hashlib.sha256(p.read_bytes()).digest()) for p in files])
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_a_plan_without_households_or_with_an_unknown_format_is_refused() -> None:
    with pytest.raises(Invalid):
        city.Plan(0, 1, UNTIL)
    with pytest.raises(Invalid):
        city.Plan(10, 1, UNTIL, formats=("doc",))


def test_regions_are_seventy_one_townships_of_seven_counties_numbered_by_the_rules(made: city.Made) -> None:
    places = regions.read_places(made.regions)
    towns = {place.code for place in places if place.level == "town"}
    assert len(towns) == 71
    assert len({place.code for place in places}) == len(places)
    assert {code[:6] for code in towns} == {code for code, *_ in COUNTIES}
    assert all(1 <= int(code[6:9]) <= 399 for code in towns)
    assert {place.parent for place in places if place.level == "village"} == towns


def test_every_household_lives_where_the_tree_knows_at_least_the_township(made: city.Made) -> None:
    tree = regions.Tree([*regions.official(), *regions.read_places(made.regions)])
    codes = made.truth.table("facts/household_register")["region"].drop_duplicates()
    found = [tree.resolve(code, on=UNTIL) for code in codes]
    assert {place.ancestor[:6] if not place.known else place.region[:6] for place in found} == {
        code for code, *_ in COUNTIES
    }
    assert 0 < sum(not place.known for place in found) < 0.1 * len(found)


def test_a_feed_stops_arriving_and_the_others_go_on(made: city.Made) -> None:
    last = {feed: max(path.parent.name for path, _ in sheets(made, feed)) for feed in ("vehicles", "real_estate")}
    assert last == {"vehicles": "2025-12-31", "real_estate": "2026-06-30"}
    assert incidents.STALE_FEED == "vehicles"


def test_one_file_was_cut_in_the_middle_of_a_row_and_came_whole_the_next_day(made: city.Made) -> None:
    broken = torn(made).with_name("wages.csv")
    said = json.loads(broken.with_name("wages.csv.manifest.json").read_text())
    assert hashlib.sha256(broken.read_bytes()).hexdigest() != said["sha256"]
    whole = made.deliveries / str(np.datetime64(broken.parent.name) + 1) / "wages.csv"
    assert hashlib.sha256(whole.read_bytes()).hexdigest() == said["sha256"]
    assert whole.read_bytes().startswith(broken.read_bytes())
    assert not broken.read_bytes().endswith(b"\n")


def test_one_file_came_twice_byte_for_byte(made: city.Made) -> None:
    contents = [path.read_bytes() for path in made.deliveries.glob("*/benefit_payments.*")]
    assert len(contents) - len(set(contents)) == 1


def test_withdrawals_name_keys_that_were_delivered_before(
    made: city.Made, feeds: MappingProxyType[str, FeedPage]
) -> None:
    taken = sorted(made.deliveries.glob("*/*.withdraw.*.manifest.json"))
    assert len(taken) == 2
    for note in taken:
        said = json.loads(note.read_text())
        assert said["mode"] == "withdraw"
        page = feeds[said["feed"]]
        keys = set(named(read(note.with_name(note.name.removesuffix(".manifest.json"))), page)[page.key[0]])
        earlier = [named(s, page)[page.key[0]] for p, s in sheets(made, said["feed"]) if "withdraw" not in p.name]
        before = set(pd.concat(earlier).dropna())
        assert len(keys) == said["rows"]
        assert sum(key in before for key in keys) >= len(keys) - 1  # a number may have been spoiled at first


def test_hardship_is_latent_persistent_and_strikes_more_after_the_shock() -> None:
    life = living.begin(people.build(city.Plan(8_000, 11, UNTIL)))
    poor, lost = [], []
    for _ in range(30):
        living.step(life)
        poor.append(life.poor.copy())
        lost.append(len(life.events.lost_work))
    assert 0.08 <= poor[17].mean() <= 0.25
    assert 0.015 <= (poor[23] & ~poor[17]).sum() / (~poor[17]).sum() <= 0.06
    assert 0.70 <= (poor[23] & poor[17]).sum() / poor[17].sum() <= 0.92
    assert sum(lost[24:]) / 6 > 1.5 * sum(lost[12:24]) / 12


def test_income_is_refused_more_often_the_more_there_is(made: city.Made) -> None:
    facts = made.truth.table("facts/household_register")
    homes = facts[facts["received_on"] == facts["received_on"].max()].drop_duplicates("household_id")
    wealth = made.truth.table("months").groupby("household")["net_year"].mean()
    homes = homes.assign(net=homes["number"].sub(1).map(wealth), missing=homes["monthly_income_per_head"].isna())
    rich = homes["net"] > homes["net"].median()
    assert homes[rich]["missing"].mean() > homes[~rich]["missing"].mean() > 0


def test_about_one_household_in_fourteen_has_a_reason_to_be_helped(made: city.Made) -> None:
    view = Hindsight(made.truth, UNTIL)
    fires = view.verdicts().query("verdict == 'fires'")
    helped = fires[~fires["rule"].isin(["private_car", "several_homes", "paid_after_death"])]
    assert 0.04 <= helped["household_id"].nunique() / len(view.homes) <= 0.12


@pytest.mark.parametrize("as_of", [date(2026, 4, 30), UNTIL])
def test_the_truth_judges_as_the_oracle_does(made: city.Made, as_of: date) -> None:
    told = oracle_deliveries(made)
    expected = set(oracle.verdicts(told, as_of))
    verdicts = Hindsight(made.truth, as_of).verdicts()
    assert set(verdicts.itertuples(index=False, name=None)) == expected
    assert len(expected) > HOMES * 0.1


def oracle_deliveries(made: city.Made) -> list[oracle.Delivery]:
    """The truth's clean facts as the oracle reads deliveries: typed rows in order of arrival."""
    told = []
    for feed in oracle.KEYS:
        table = made.truth.table(f"facts/{feed}")
        if "numberless" in table:
            table = table[~table["numberless"]]
        for (received_on, gone), rows in table.groupby(["received_on", "gone"]):
            mode = "withdraw" if gone else oracle.MODES[feed]
            told.append(oracle.Delivery(feed, received_on, mode, [typed(feed, r) for r in rows.to_dict("records")]))
    return sorted(told, key=lambda delivery: (delivery.received_on, delivery.feed != "household_register"))


KEYS_BY_NUMBER = {
    "medical_settlements": "settlement_id",
    "benefit_payments": "payment_id",
    "housing_safety": "house_no",
}


def typed(feed: str, row: dict[str, Any]) -> dict[str, Any]:
    cells: dict[str, Any] = {"id_no": str(row["person"])}
    for name, value in row.items():
        if isinstance(value, float):
            cells[name] = None if np.isnan(value) else Decimal(str(round(value, 2)))
        else:
            cells[name] = None if value is None or value is pd.NaT else value
    if feed == "disability_certificates":
        cells |= {"kind": int(row["kind"]), "degree": int(row["degree"])}
    return cells | ({KEYS_BY_NUMBER[feed]: row["number"]} if feed in KEYS_BY_NUMBER else {})


def test_a_list_says_nothing_of_a_removal_that_is_still_ahead(
    made: city.Made, feeds: MappingProxyType[str, FeedPage]
) -> None:
    named, told = feeds["anti_poverty_register"].columns["removed_on"].headers, 0
    for path, sheet in sheets(made, "anti_poverty_register"):
        column = next(name for name in sheet.columns if name in named)
        days = pd.to_datetime(sheet[column], format="mixed", errors="coerce").dropna()
        told += len(days)
        assert (days <= pd.Timestamp(path.parent.name)).all(), path.name
    assert told
