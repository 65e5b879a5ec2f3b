"""Text files of every encoding and shape are read whole, or refused whole."""

import codecs
import contextlib

import pytest
from drops import as_csv, settlements
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import Invalid
from monitor.feeds.text import LINE_LIMIT, read_text, utf8

ROWS = settlements(3, name="欧阳䶮·买买提")
TEXT = as_csv(ROWS)
ENCODINGS = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with BOM": TEXT.encode("utf-8-sig"),
    "UTF-16 little": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "UTF-16 big": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "GB18030": TEXT.encode("gb18030"),
}


def cells(data: bytes) -> list[list[str | None]]:
    return [list(row.values()) for row in read_text(data).cells.to_pylist()]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_agreed_encoding_gives_the_same_cells(encoding: str) -> None:
    assert cells(ENCODINGS[encoding]) == [list(row.values()) for row in ROWS]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_every_agreed_delimiter_gives_the_same_cells(delimiter: str) -> None:
    assert cells(as_csv(ROWS, delimiter=delimiter).encode()) == [list(row.values()) for row in ROWS]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_line_end_gives_the_same_cells(ending: str) -> None:
    assert cells(TEXT.replace("\r\n", ending).encode()) == [list(row.values()) for row in ROWS]


@given(
    st.text(st.characters(codec="gb18030", exclude_characters='\0\r\n,"\ufeff', exclude_categories=["Cs"]), min_size=20)
)
def test_a_gb18030_file_is_decoded_as_a_whole_and_never_by_the_field(text: str) -> None:
    """A short Chinese text in GB18030 may be valid UTF-8 by accident: a long file is not."""
    written = f"表头一,表头二,表头三,表头四\n{text},乙,丙,丁\n"
    assert utf8(written.encode("gb18030")).decode() == written


def test_rare_characters_and_full_width_digits_come_through_as_written() -> None:
    for encoding in ("utf-8", "gb18030"):
        data = "a,b\n𬭚䶮\ue863,３４０２９８\n".encode(encoding)
        assert cells(data) == [["𬭚䶮\ue863", "３４０２９８"]]


def test_mixed_encodings_are_refused_with_the_line() -> None:
    with pytest.raises(Invalid, match="line 3 cannot be decoded"):
        read_text("a,b\n1,好\n".encode() + "2,好\n".encode("gb18030") + b"3,\xff\xff\n")


@pytest.mark.parametrize("cut", [1, 2])
def test_a_file_cut_within_a_character_is_refused(cut: int) -> None:
    data = "a,b\n1,好".encode()
    with pytest.raises(Invalid, match="cut off"):
        read_text(data[:-cut])


def test_a_nul_byte_is_refused() -> None:
    with pytest.raises(Invalid, match="NUL"):
        read_text(b"a,b\n1,\0\n")


def test_a_quote_that_never_closes_is_refused() -> None:
    with pytest.raises(Invalid, match="quote"):
        read_text(b'a,b\n1,"2\n3,4\n')


def test_stray_quotes_that_swallow_lines_are_refused() -> None:
    with pytest.raises(Invalid, match="quotes are broken"):
        read_text(b'a,b\n"1,2\n3,4\n5,6"7,8,9\n')


def test_quoted_delimiters_quotes_and_line_ends_are_cells() -> None:
    assert cells(b'a,b\n"1,1","say ""no""\nor yes"\n') == [["1,1", 'say "no"\nor yes']]


def test_rows_with_too_many_or_too_few_fields_are_numbered_and_left_out() -> None:
    sheet = read_text(b"a,b\n1,2\n3\n4,5,6\n7,8\n")
    assert (sheet.ragged, sheet.row_no.tolist()) == ((3, 4), [2, 5])
    assert cells(b"a,b\n1,2\n3\n4,5,6\n7,8\n") == [["1", "2"], ["7", "8"]]


def test_empty_lines_keep_the_numbering_of_a_spreadsheet() -> None:
    sheet = read_text(b"a,b\n\n1,2\n\n3,4\n")
    kept = [number for number, row in zip(sheet.row_no, sheet.cells.to_pylist(), strict=True) if any(row.values())]
    assert kept == [3, 5]


def test_a_last_line_with_too_few_fields_and_no_end_is_refused() -> None:
    with pytest.raises(Invalid, match=r"row 3.*cut off"):
        read_text(b"a,b\n1,2\n3")


def test_a_missing_line_end_is_remembered() -> None:
    assert read_text(b"a,b\n1,2").open_end
    assert not read_text(b"a,b\n1,2\n").open_end


@pytest.mark.parametrize("data", [b"x" * 3 * LINE_LIMIT, b"a,b\n" + b"y" * (100 << 20) + b",1\n"])
def test_a_line_of_many_megabytes_is_refused_in_bounded_memory(data: bytes) -> None:
    with pytest.raises(Invalid, match=r"longer than allowed|more than 500 columns"):
        read_text(data)


def test_a_header_of_thousands_of_columns_is_refused() -> None:
    with pytest.raises(Invalid, match="500 columns"):
        read_text(b"a," * 5000 + b"\n1\n")


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_and_nothing_else_happens(data: bytes) -> None:
    with contextlib.suppress(Invalid):
        sheet = read_text(data)
        assert sheet.cells.num_columns == len(sheet.header)


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=2, max_size=2)
    )
)
def test_whatever_a_csv_writer_writes_is_read_back(rows: list[list[str]]) -> None:
    written = as_csv([{"a": one, "b": two} for one, two in rows], columns=["a", "b"])
    found = read_text(written.encode()).cells.to_pylist()
    assert [[cell or "" for cell in row.values()] for row in found if any(row.values())] == [
        row for row in rows if any(row)
    ]
