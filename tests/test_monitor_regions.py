"""Region codes: followed through every change, hung under an ancestor when unknown, never dropped."""

import uuid
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from factories import register
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from monitor import regions
from monitor.access import Viewer, scope
from monitor.errors import Invalid
from monitor.regions import Place, Tree
from monitor.tables import Household, Region

TODAY = date(2026, 4, 30)
TOWNS = (
    Place("340202001", "镜街"),
    Place("340202001002", "甲社区"),
    Place("340210101", "乙镇"),
    Place("340210101203", "丙村"),
    Place("340209001", "丁街道"),
)
TREE = Tree([*regions.official(), *TOWNS])
CODES = st.one_of(
    st.from_regex(r"3402[0-9]{2}", fullmatch=True),
    st.from_regex(r"34(02|14|26)[0-9]{2}(000|001|101)(000|002|203)", fullmatch=True),
    st.from_regex(r"[0-9]{0,13}", fullmatch=True),
    st.text(max_size=6),
)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("34", "34"),
        ("340000", "34"),
        ("340200", "3402"),
        ("340202", "340202"),
        ("340202000000", "340202"),
        ("340202001000", "340202001"),
        ("340202001002", "340202001002"),
        ("340202100", "340202100"),
        ("340202000001", "340202000001"),
        ("000000", None),
        ("3402021", None),
        ("", None),
        ("34020X", None),
        ("３４０２０２", None),
    ],
)
def test_a_code_has_one_short_form(code: str, expected: str | None) -> None:
    assert regions.short(code) == expected


@pytest.mark.parametrize(
    ("code", "county"),
    [
        ("340202", "340202"),
        ("340204", "340202"),
        ("340203", "340209"),
        ("340208", "340209"),
        ("340221", "340210"),
        ("340222", "340212"),
        ("340225", "340281"),
        ("341422", "340281"),
        ("342623", "340281"),
        ("340271", "340271"),
    ],
)
def test_a_former_county_is_its_successor_today_and_itself_before(code: str, county: str) -> None:
    found = TREE.resolve(code, TODAY)
    assert (found.county, found.known, found.region) == (county, True, county.ljust(12, "0"))


@pytest.mark.parametrize(
    ("code", "on", "region"),
    [
        ("340221", date(2019, 12, 31), "340221"),
        ("340221", date(2020, 1, 1), "340210"),
        ("342623", date(1998, 12, 31), "342623"),
        ("342623", date(2005, 6, 1), "341422"),
        ("342623", date(2015, 6, 1), "340225"),
        ("340203", date(2004, 12, 31), "340203"),
        ("340210", date(2015, 1, 1), "340210"),
    ],
)
def test_a_code_is_followed_as_far_as_the_day(code: str, on: date, region: str) -> None:
    assert TREE.resolve(code, on).region == region.ljust(12, "0")


def test_a_known_village_has_its_whole_path() -> None:
    assert TREE.resolve("340202001002", TODAY) == regions.Resolved(
        "340202001002", "340202001002", "340202", "340202001", "340202001002", known=True
    )


def test_a_village_of_a_county_that_went_over_whole_keeps_its_digits() -> None:
    found = TREE.resolve("340221101203", TODAY)
    assert (found.region, found.village, found.known) == ("340210101203", "340210101203", True)


def test_a_town_of_a_county_that_was_merged_is_not_taken_for_another() -> None:
    found = TREE.resolve("340208001000", TODAY)
    assert (found.county, found.town, found.known) == ("340209", None, False)


@pytest.mark.parametrize(
    ("code", "region", "ancestor", "path"),
    [
        ("340202001099", "340202001099", "340202001", ("340202", "340202001", None)),
        ("340202077001", "340202077001", "340202", ("340202", None, None)),
        ("340299001001", "340299001001", "3402", ("340200", None, None)),
        ("341999000000", "341999000000", "34", ("340000", None, None)),
        ("110101001001", "110101001001", None, ("110101", "110101001", "110101001001")),
        ("nonsense", "340200000000", "3402", ("340200", None, None)),
        (None, "340200000000", "3402", ("340200", None, None)),
    ],
)
def test_an_unknown_code_hangs_under_its_nearest_known_ancestor(
    code: str | None, region: str, ancestor: str | None, path: tuple[str | None, ...]
) -> None:
    found = TREE.resolve(code, TODAY)
    assert (found.region, found.ancestor, found.known) == (region, ancestor, False)
    assert (found.county, found.town, found.village) == path


@pytest.mark.parametrize(
    ("code", "scheme", "county"),
    [
        ("340209", "official", "340209"),
        ("340209", "local_zones", "340271"),
        ("340210", "local_zones", "340207"),
        ("340211", "local_zones", "340272"),
        ("340202", "local_zones", "340202"),
        ("340209", "shifted_list", "340210"),
        ("340210", "shifted_list", "340212"),
    ],
)
def test_the_same_code_means_another_place_in_another_scheme(code: str, scheme: str, county: str) -> None:
    assert TREE.resolve(code, TODAY, scheme=scheme).county == county


@given(st.lists(st.one_of(st.none(), CODES), max_size=20))
def test_a_column_resolves_as_its_codes_do_and_drops_none(codes: list[str | None]) -> None:
    column = pa.array(codes, pa.string())
    found = TREE.canonical(column, TODAY)
    assert TREE.canonical(pa.chunked_array([column, column]), TODAY).region.to_pylist() == found.region.to_pylist() * 2
    each = [TREE.resolve(code, TODAY) for code in codes]
    assert found.region.to_pylist() == [one.region for one in each]
    assert found.county.to_pylist() == [one.county for one in each]
    assert found.town.to_pylist() == [one.town for one in each]
    assert found.village.to_pylist() == [one.village for one in each]
    assert found.known.tolist() == [one.known for one in each]
    assert sum(found.unknown.values()) == sum(not one.known for one in each)


@given(CODES, st.dates(date(1995, 1, 1), date(2030, 1, 1)))
def test_resolving_twice_moves_nothing(code: str, on: date) -> None:
    once = TREE.resolve(code, on)
    again = TREE.resolve(once.region, on)
    assert (again.region, again.county, again.town) == (once.region, once.county, once.town)


@pytest.mark.parametrize(
    ("address", "within", "code"),
    [
        ("芜湖市镜湖区镜街甲社区3栋201室", None, "340202001002"),
        ("镜湖区镜街8号", None, "340202001"),
        ("甲社区5幢", None, "340202001002"),
        ("湾沚区乙镇丙村四组", "340210", "340210101203"),
        ("湾沚区乙镇丙村四组", "340202", None),
        ("芜湖市某路9号", None, None),
        ("镜湖区与湾沚区之间", None, None),
        ("", None, None),
    ],
)
def test_an_address_lies_in_the_smallest_place_that_it_names(
    address: str, within: str | None, code: str | None
) -> None:
    assert TREE.locate(address, TODAY, within=within) == code


def test_names_follow_the_day() -> None:
    assert TREE.name("340221", date(2019, 1, 1)) == "芜湖县"
    assert TREE.name("340203", date(2004, 1, 1)) == "马塘区"
    assert TREE.name("999999", TODAY) == "999999"
    assert TREE.full_name("340202001002", TODAY) == "芜湖市镜湖区镜街甲社区"


def test_the_counties_of_today_are_the_citys_children() -> None:
    now = {place.name for place in TREE.children("340200", TODAY)}
    assert now == {"镜湖区", "鸠江区", "弋江区", "湾沚区", "繁昌区", "南陵县", "无为市"} | {
        "芜湖经济技术开发区",
        "安徽芜湖三山经济开发区",
    }
    assert "芜湖县" in {place.name for place in TREE.children("3402", date(2018, 1, 1))}


def test_a_region_encloses_what_begins_with_it() -> None:
    assert regions.inside("340202001002", "340200")
    assert regions.inside("340202001002", "340202001000")
    assert not regions.inside("340207001002", "340202")
    assert regions.inside("110101001001", "")


def test_regions_are_stored_once_and_read_back(session: Session, tmp_path: Path) -> None:
    listed = tmp_path / "towns.csv"
    listed.write_text(
        "code,name,valid_from\n340202001000,镜街,2020-01-01\n340202001002,甲社区,\n", encoding="utf-8-sig"
    )
    places = regions.read_places(listed)
    added = regions.load_regions(session, places)
    assert added == len(regions.official()) + 2
    assert regions.load_regions(session, places) == 0
    assert session.scalar(select(func.count()).select_from(Region)) == added
    tree = regions.read_tree(session)
    assert tree.resolve("340202001002", TODAY).village == "340202001002"
    stored = session.get_one(Region, ("340202001", "official", date(2020, 1, 1)))
    assert (stored.parent, stored.level) == ("340202", "town")


def test_an_installation_without_a_list_has_the_official_codes(session: Session) -> None:
    assert regions.read_tree(session).resolve("340221", TODAY).county == "340210"


@pytest.mark.parametrize(
    ("line", "field"),
    [("34020,x,", "code"), (",x,", "code"), ("340202,,", "name"), ("340202,x,2020/1/1", "valid_from")],
)
def test_a_wrong_list_is_refused_naming_entry_and_field(tmp_path: Path, line: str, field: str) -> None:
    listed = tmp_path / "towns.csv"
    listed.write_text(f"code,name,valid_from\n340202,好,\n{line}\n", encoding="utf-8")
    with pytest.raises(Invalid, match=rf"towns.csv, entry 2, {field}"):
        regions.read_places(listed)


def test_a_list_with_a_field_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    listed = tmp_path / "towns.yaml"
    listed.write_text('[{code: "340202", name: x, colour: red}]', encoding="utf-8")
    with pytest.raises(Invalid, match="entry 1, colour"):
        regions.read_places(listed)


def test_a_full_name_ends_with_the_whole_code_where_the_tree_does_not_reach() -> None:
    tree = Tree(regions.official())
    assert tree.full_name("340223100003", date(2026, 3, 1)) == "芜湖市南陵县 340223100003"
    assert tree.full_name("340223", date(2026, 3, 1)) == "芜湖市南陵县"


def test_a_street_handed_to_a_zone_lies_in_the_zone_by_its_path_and_what_lay_in_it_moves(session: Session) -> None:
    regions.load_regions(session, [Place("340202001", "镜街"), Place("340202001002", "甲社区")])
    register(session, region="340202001002")
    register(session, region="340202002001", start=2)

    def seen(region: str) -> list[str]:
        whose = Viewer(uuid.UUID(int=1), "n", "reviewer", region)
        return sorted(session.scalars(scope(select(Household.household_no), whose, of=Household)))

    assert (seen("340202"), seen("340271")) == (["H000001", "H000002"], [])
    regions.load_regions(session, [Place("340202001", "镜街", under="340271")])
    assert (seen("340202"), seen("340271"), seen("340202001")) == (["H000002"], ["H000001"], ["H000001"])
    paths = dict(session.execute(select(Region.code, Region.path).where(Region.scheme == "official")).all())
    assert paths["340202001002"] == "/34/3402/340271/340202001/340202001002/"
    found = regions.read_tree(session).resolve("340202001002", TODAY)
    assert (found.county, found.town, found.village) == ("340271", "340202001", "340202001002")
    regions.load_regions(session, [Place("340202001", "镜街")])
    assert (seen("340202"), seen("340271")) == (["H000001", "H000002"], [])


def test_a_county_that_came_under_another_city_is_that_citys_though_its_digits_say_another(session: Session) -> None:
    regions.load_regions(session, [Place("3414", "巢湖市"), Place("340299", "新县", under="3414")])
    register(session, region="340299001001")
    register(session, region="340298001001", start=2)
    for region, numbers in (("3402", ["H000002"]), ("3414", ["H000001"]), ("34", ["H000001", "H000002"]), ("33", [])):
        whose = Viewer(uuid.UUID(int=1), "n", "supervisor", region)
        assert sorted(session.scalars(scope(select(Household.household_no), whose, of=Household))) == numbers
