"""ID numbers by the column: whatever the column holds, row by row what the plain form says."""

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.matching import ids, numbers

DIGITS = st.text("0123456789", min_size=17, max_size=17)
BORN = st.builds(
    lambda place, day, last: f"{place}{day:%Y%m%d}{last}",
    st.text("0123456789", min_size=6, max_size=6),
    st.dates(date(1930, 1, 1), date(2020, 12, 31)),
    st.text("0123456789", min_size=3, max_size=3),
)
VALID = DIGITS.map(lambda digits: digits + ids.check_digit(digits))
NOISE = st.text(ids.SPACES + ids.QUOTES, max_size=3)


def _full_width(text: str) -> str:
    return "".join(chr(ord(character) + 0xFEE0) for character in text)


def _broken(text: str, place: int, character: str) -> str:
    return text[:place] + character + text[place + 1 :]


ENTRIES = st.one_of(
    st.none(),
    VALID,
    VALID.map(str.lower),
    VALID.map(_full_width),
    VALID.map(lambda number: number[:15]),
    st.builds(lambda left, number, right: left + number + right, NOISE, VALID, NOISE),
    st.builds(lambda left, number, right: left + number[:15] + right, NOISE, VALID, NOISE),
    st.builds(_broken, VALID, st.integers(0, 17), st.sampled_from("0123456789XxOlé·٣ ")),
    VALID.map(lambda number: f"{float(int(number[:17]) * 10):.4g}"),
    VALID.map(lambda number: number[:15] + "000"),
    st.from_regex(r"[A-Za-z]{1,4}[0-9]{5,20}", fullmatch=True),
    st.text(max_size=20),
)


def _rows(read: numbers.Numbers) -> list[ids.Normalised]:
    return [ids.Normalised(ids.Kind(kind), read.text(row)) for row, kind in enumerate(read.kinds.tolist())]


@given(st.lists(ENTRIES, max_size=30))
@example(
    [
        "110105\u0660\u0660\u0660\u0660\u0660\u0660",
        "１１０１０５４９１２３１００２",
        "\x00" * 18,
        "é" * 9,
        "\U00020087" * 3,
    ]
)
def test_a_column_is_read_as_its_entries_are(entries: list[str | None]) -> None:
    expected = [ids.normalise(entry) for entry in entries]
    column = pa.array(entries, pa.string())
    assert _rows(numbers.normalise(column)) == expected
    assert _rows(numbers.normalise(column.dictionary_encode())) == expected
    assert _rows(numbers.normalise(pa.chunked_array([column, column]))) == expected * 2
    assert _rows(numbers.normalise(pa.array(["?", *entries], pa.string()).slice(1))) == expected


def test_more_rows_than_a_block_are_read_in_their_places() -> None:
    entries = [f"{row * 10**11:017d}" for row in range(200_000)]
    entries = [digits + ids.check_digit(digits) for digits in entries]
    entries[70_000], entries[150_000] = " " + entries[70_000], entries[150_000].lower()
    read = numbers.normalise(pa.array(entries))
    assert read.keys.tolist() == [row * 10**11 for row in range(200_000)]


@given(VALID)
def test_a_key_stands_for_one_number(number: str) -> None:
    assert numbers.text_of(numbers.key_of(number)) == number


@pytest.mark.parametrize("number", ["", "E12345678", "110105194912310021"])
def test_what_has_no_eighteen_checked_digits_has_no_key(number: str) -> None:
    assert numbers.key_of(number) == numbers.NO_KEY


@given(st.lists(BORN, min_size=1, max_size=8), st.data())
def test_the_numbers_near_a_column_are_those_near_each_of_its_texts(bodies: list[str], data: st.DataObject) -> None:
    damaged = []
    for body in bodies:
        number, place = body + ids.check_digit(body), data.draw(st.integers(0, 16))
        swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        damaged += [swapped, number[:place] + data.draw(st.sampled_from("0123456789XO")) + number[place + 1 :]]
        damaged.append(number[:17] + data.draw(st.sampled_from("0123456789XO")))
    near = numbers.near(damaged)
    sides = (near.texts.tolist(), near.keys.tolist(), near.slips.tolist())
    found = [
        (at, numbers.text_of(key), (slip,) if slip < 18 else (slip - 18, slip - 17))
        for at, key, slip in zip(*sides, strict=True)
        if ids.birth_on(numbers.text_of(key))
    ]
    told = []
    for at, text in enumerate(damaged):
        if not set(text[:17]) <= set("0123456789") or text[17] == "O":
            assert at in near.unsought
        else:
            assert at not in near.unsought
            told += [(at, each.number, each.places) for each in ids.candidates(text)]
    assert found == told
