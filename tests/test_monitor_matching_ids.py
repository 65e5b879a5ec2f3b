"""ID numbers one at a time: every kind of entry, every slip, against the plain text of GB 11643."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.matching import ids
from monitor.matching.ids import Kind, Normalised

KNOWN = "11010519491231002X"
DAYS = st.dates(date(1900, 1, 1), date(2030, 12, 31))


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A valid 18-digit resident number, its check character found by trying all eleven."""
    place, day, sequence = draw(st.integers(110000, 659999)), draw(DAYS), draw(st.integers(0, 999))
    body = f"{place:06d}{day:%Y%m%d}{sequence:03d}"
    return next(body + last for last in "0123456789X" if satisfies_standard(body + last))


def satisfies_standard(number: str) -> bool:
    """GB 11643 in its own form: the sum of 2^(18-i) times the i-th value leaves 1 modulo 11."""
    values = [10 if character == "X" else int(character) for character in number]
    return sum(value * 2 ** (18 - place) for place, value in enumerate(values, 1)) % 11 == 1


def all_slips(number: str) -> set[str]:
    """Every text one wrong character or one swap away, made the slow way."""
    wrong = {number[:i] + c + number[i + 1 :] for i in range(18) for c in "0123456789X"}
    swapped = {number[:i] + number[i + 1] + number[i] + number[i + 2 :] for i in range(17)}
    return (wrong | swapped) - {number}


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        (None, Kind.MISSING, None),
        ("", Kind.MISSING, None),
        (" \u3000'", Kind.MISSING, None),
        (KNOWN, Kind.RESIDENT, KNOWN),
        (KNOWN.lower(), Kind.RESIDENT, KNOWN),
        ("'" + KNOWN + "\t", Kind.RESIDENT, KNOWN),
        ('="' + KNOWN + '"', Kind.RESIDENT, KNOWN),
        ("\u200b110105 1949\u30001231\u00a0002x\ufeff", Kind.RESIDENT, KNOWN),
        (
            "\uff11\uff11\uff10\uff11\uff10\uff15\uff11\uff19\uff14\uff19\uff11\uff12\uff13\uff11\uff10\uff10\uff12\uff38",
            Kind.RESIDENT,
            KNOWN,
        ),
        ("11010519491231002\uff58", Kind.RESIDENT, KNOWN),
        ("\uff0711010519491231002\uff38", Kind.RESIDENT, KNOWN),
        ("340203730821692", Kind.EXPANDED, "340203197308216925"),
        ("810000199408230021", Kind.PERMIT, "810000199408230021"),
        ("820000199408230023", Kind.PERMIT, "820000199408230023"),
        ("830000199408230025", Kind.PERMIT, "830000199408230025"),
        ("930101198001010013", Kind.FOREIGNER, "930101198001010013"),
        ("chn110105491231", Kind.FOREIGNER, "CHN110105491231"),
        ("E12345678", Kind.OTHER, "E12345678"),
        ("h000326", Kind.OTHER, "H000326"),
        ("ABCD123456", Kind.OTHER, "ABCD123456"),
        ("P" + "1" * 19, Kind.OTHER, "P" + "1" * 19),
        ("5.2E+17", Kind.PRECISION_LOST, None),
        ("3.4e17", Kind.PRECISION_LOST, None),
        ("3E17", Kind.PRECISION_LOST, None),
        ("\uff13.\uff14\uff25\uff0b\uff11\uff17", Kind.PRECISION_LOST, None),
        ("340203730821692.0", Kind.PRECISION_LOST, None),
        ("340203197308216925.", Kind.PRECISION_LOST, None),
        ("340221198312145000", Kind.PRECISION_LOST, None),
        ("110105194912310021", Kind.DAMAGED, None),
        ("1101051949123100X2", Kind.DAMAGED, None),
        ("1101O5194912310021", Kind.DAMAGED, None),
        ("11O1O5194912310021", Kind.DAMAGED, None),
        ("11O1O519491231002X", Kind.INVALID, None),
        ("1101051949123l002X", Kind.DAMAGED, None),
        ("11010519491231\u0660\u0660\u0660\u0660", Kind.INVALID, None),
        ("1101051949123100\u0662\u0661", Kind.DAMAGED, None),
        ("3402037308216X2", Kind.INVALID, None),
        ("34020373082169\u0662", Kind.INVALID, None),
        ("3402037308216", Kind.INVALID, None),
        ("ABCDE123456", Kind.INVALID, None),
        ("E12345", Kind.INVALID, None),
        ("P" + "1" * 20, Kind.INVALID, None),
        ("E12345678\u5f20", Kind.INVALID, None),
        ("\u65e0", Kind.INVALID, None),
        ("3.4E-17", Kind.INVALID, None),
        ("A3.4E17", Kind.INVALID, None),
    ],
)
def test_every_entry_is_given_its_kind_and_only_a_usable_one_a_number(
    text: str | None, kind: Kind, number: str | None
) -> None:
    assert ids.normalise(text) == Normalised(kind, number)


def test_every_full_width_sign_is_made_half_width_and_only_letters_are_made_large() -> None:
    assert ids.clean("\uff00\uff01\uff5e\uff5f") == "\uff00!~\uff5f"
    assert ids.clean("az{\uff41\uff5a\uff5b") == "AZ{AZ{"


def test_a_valid_number_that_ends_in_three_zeros_is_not_taken_for_a_lost_one() -> None:
    number = "340202198001015000"
    assert ids.checksum_ok(number)
    assert ids.normalise(number).kind is Kind.RESIDENT


@given(numbers())
def test_the_check_digit_is_that_of_the_standard(number: str) -> None:
    assert ids.check_digit(number[:17]) == number[17]
    assert ids.checksum_ok(number)
    assert ids.normalise(number) == Normalised(Kind.RESIDENT, number)


@given(numbers(), st.data())
def test_every_wrong_digit_breaks_the_checksum(number: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, 17))
    other = data.draw(st.sampled_from([c for c in "0123456789X" if c != number[place]]))
    assert not ids.checksum_ok(number[:place] + other + number[place + 1 :])


@pytest.mark.parametrize("text", ["", KNOWN[:17], KNOWN + "1", KNOWN.lower(), "1101051949123100\u0662X", "X" * 18])
def test_a_text_of_another_form_fails_the_checksum(text: str) -> None:
    assert not ids.checksum_ok(text)


@pytest.mark.parametrize("text", ["3402021980010100", "340202198001010000"])
def test_a_check_digit_is_computed_of_seventeen_digits_only(text: str) -> None:
    with pytest.raises(ValueError, match="argument"):
        ids.check_digit(text)


@pytest.mark.parametrize("text", [KNOWN[:17], KNOWN + "1"])
def test_candidates_are_sought_for_eighteen_characters_only(text: str) -> None:
    with pytest.raises(ValueError, match="argument"):
        ids.candidates(text)


def test_only_ascii_digits_count_as_digits() -> None:
    assert not ids.checksum_ok("\u0661" * 17 + ids.check_digit("1" * 17))
    assert ids.birth_on("110105\u0661\u0669\u0664\u0669\u0661\u0662\u0663\u0661002X") is None


@given(numbers().filter(lambda number: number[6:8] == "19"))
def test_a_fifteen_digit_number_grows_into_the_eighteen_digit_one(number: str) -> None:
    assert ids.expand_15(number[:6] + number[8:17]) == number
    assert ids.normalise(number[:6] + number[8:17]) == Normalised(Kind.EXPANDED, number)


@example(date(1949, 12, 31), "3", "2")
@given(DAYS, st.sampled_from("13579"), st.sampled_from("02468"))
def test_a_number_tells_birth_date_and_sex(day: date, odd: str, even: str) -> None:
    head = f"340202{day:%Y%m%d}"
    assert ids.birth_on(head + "0012") == day
    assert ids.sex(head + f"00{odd}2") == "1"
    assert ids.sex(head + f"00{even}1") == "2"


@pytest.mark.parametrize("segment", ["20230230", "19001301", "00000101", "1990010X", ""])
def test_a_day_that_never_was_gives_no_birth_date(segment: str) -> None:
    assert ids.birth_on("340202" + segment) is None


@given(numbers(), st.data())
def test_candidates_are_exactly_the_valid_numbers_one_slip_away(number: str, data: st.DataObject) -> None:
    damaged = data.draw(st.sampled_from(sorted(s for s in all_slips(number) if not ids.checksum_ok(s))))
    expected = {s for s in all_slips(damaged) if ids.checksum_ok(s) and ids.birth_on(s)}
    found = ids.candidates(damaged)
    assert {each.number for each in found} == expected
    assert number in expected
    assert len(found) == len(expected)


@given(numbers(), st.integers(0, 17), st.sampled_from("OIl?"))
def test_a_stranger_among_the_digits_is_replaced_and_nothing_else(number: str, place: int, stranger: str) -> None:
    damaged = number[:place] + stranger + number[place + 1 :]
    assert [(each.number, each.slip, each.places) for each in ids.candidates(damaged)] == [(number, "digit", (place,))]


def test_two_strangers_leave_no_candidate() -> None:
    assert ids.candidates("11O1O519491231002X") == ()


def test_a_candidate_says_where_the_slip_was() -> None:
    found = {each.number: (each.slip, each.places, each.keeps_birth) for each in ids.candidates("340221198312145775")}
    assert found["340221198312145776"] == ("digit", (17,), True)
    assert found["340224198312145775"] == ("digit", (5,), True)
    assert found["340221798312145775"] == ("digit", (6,), False)
    assert found["340221198312125775"] == ("digit", (13,), False)
    assert found["340221198312141775"] == ("digit", (14,), True)
    assert found["340221198311245775"] == ("swap", (11, 12), False)


@pytest.mark.parametrize("place", range(17))
def test_whatever_two_neighbours_were_swapped_the_number_is_found_again(place: int) -> None:
    damaged = KNOWN[:place] + KNOWN[place + 1] + KNOWN[place] + KNOWN[place + 2 :]
    found = [(slip.number, slip.places) for slip in ids.candidates(damaged) if slip.slip == "swap"]
    assert (KNOWN, (place, place + 1)) in found


@pytest.mark.parametrize(
    ("place", "keeps"), [(4, True), (5, False), (6, False), (12, False), (13, False), (14, True), (16, True)]
)
def test_a_swap_across_the_edge_of_the_birth_date_does_not_keep_it(place: int, keeps: bool) -> None:
    assert ids.Candidate(KNOWN, "swap", (place, place + 1)).keeps_birth is keeps


def test_candidates_come_digits_first_and_from_left_to_right() -> None:
    found = ids.candidates("340221198312145775")
    assert [each.slip for each in found] == sorted(each.slip for each in found)
    for slip in ("digit", "swap"):
        places = [each.places for each in found if each.slip == slip]
        assert places == sorted(places)


def test_every_kind_is_explained_in_both_languages() -> None:
    assert set(ids.EXPLAINED) == set(Kind)
    assert all(zh and en for zh, en in ids.EXPLAINED.values())
    assert {kind for kind in Kind if ids.normalise(_example(kind)).number} == ids.USABLE


def _example(kind: Kind) -> str:
    return {
        Kind.MISSING: "",
        Kind.RESIDENT: KNOWN,
        Kind.EXPANDED: "340203730821692",
        Kind.PERMIT: "810000199408230021",
        Kind.FOREIGNER: "CHN110105491231",
        Kind.OTHER: "E12345678",
        Kind.DAMAGED: "110105194912310021",
        Kind.PRECISION_LOST: "1.1E17",
        Kind.INVALID: "?",
    }[kind]
