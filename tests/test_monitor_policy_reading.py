"""Pages are read strictly, and every refusal names file, line and column in both languages."""

from datetime import date

import pytest

from monitor.policy import PolicyError
from monitor.policy.reading import Words, pages, read_page, read_text


def at(text, *keys):
    part = read_text(text, "rules/x.yaml")
    for key in keys:
        part = part.value[key]
    return part


@pytest.mark.parametrize(
    ("text", "place", "zh", "en"),
    [
        ("a: 1\nb: 2\na: 3\n", "3:1", "“a”写了两次", '"a" is written twice'),
        ("a: &x 1\nb: *x\n", "1:4", "不用 YAML 引用(& 和 *)", "YAML anchors and aliases are not used"),
        ("? [1]\n: 2\n", "1:3", "名称应为文字", "a key must be text"),
        ("a: [1\nb: 2\n", "2:2", "不是可读的 YAML", "not readable as YAML"),
        ("", "1:1", "页面是空的", "the page is empty"),
        ("a: 1\nlevel：red\nb: 2\n", "2:6", "冒号是全角的", "the colon is full-width"),
        ("a:\n - level：red\n b: 2\n", "2:9", "冒号是全角的", "the colon is full-width"),
        ("a: 1\nb:\n\tc: 2\n", "3:1", "缩进用了制表符", "the line is indented by a tab"),
        ("a: 1\0\n", "1:1", "含有控制字符", "it holds control characters"),
    ],
)
def test_a_page_that_is_not_as_pages_are_is_refused(text, place, zh, en):
    with pytest.raises(PolicyError) as refused:
        read_text(text, "rules/x.yaml")
    assert refused.value.zh.startswith(f"rules/x.yaml:{place} {zh}")
    assert refused.value.en.startswith(f"rules/x.yaml:{place} {en}")


def test_a_page_saved_as_gbk_says_so_with_its_line_and_a_mark_of_utf_8_is_no_harm(tmp_path):
    page = tmp_path / "rules" / "x.yaml"
    page.parent.mkdir()
    page.write_bytes("a: 1\nb: 低保\n".encode("gb18030"))
    with pytest.raises(PolicyError) as refused:
        read_page(page, tmp_path)
    assert refused.value.zh == "rules/x.yaml:2:1 不是 UTF-8 编码(可能存成了 ANSI/GBK),请另存为 UTF-8"
    assert "save the page again as UTF-8" in refused.value.en
    page.write_bytes("a: 低保\n".encode("utf-8-sig"))
    assert read_page(page, tmp_path).entries()["a"].text() == "低保"


def test_nothing_is_guessed():
    page = read_text("a: yes\nb: 2024-01-01\nc: '5'\nd: 1_000\ne: 00\nf: 5\ng: -1.50\nh: true\ni: ~\nj:\nk: off\n", "x")
    values = {key: part.value for key, part in page.value.items()}
    assert values == {
        "a": "yes", "b": "2024-01-01", "c": "5", "d": "1_000", "e": "00", "f": 5, "g": -1.5, "h": True,
        "i": None, "j": None, "k": "off",
    }  # fmt: skip


def test_keys_are_texts_so_that_the_nation_stays_00():
    assert list(read_text('00: 1\n"01": 2\ntrue: 3\n', "x").value) == ["00", "01", "true"]


@pytest.mark.parametrize(
    ("read", "text", "zh", "en"),
    [
        ("text", "3", "应为文字", "expected text"),
        ("text", "' '", "应为文字", "expected text"),
        ("number", "x", "应为数字", "expected a number"),
        ("number", "true", "应为数字", "expected a number"),
        ("whole", "1.5", "应为整数", "expected a whole number"),
        ("whole", "false", "应为整数", "expected a whole number"),
        ("flag", "yes", "应为 true 或 false", "expected true or false"),
        ("day", "2024-1-1", "“2024-1-1”不是 YYYY-MM-DD 的日期", '"2024-1-1" is not a day written YYYY-MM-DD'),
        ("day", "2024-02-30", "“2024-02-30”不是 YYYY-MM-DD 的日期", '"2024-02-30" is not a day written YYYY-MM-DD'),
        ("day", "20240101x", "“20240101x”不是 YYYY-MM-DD 的日期", '"20240101x" is not a day written YYYY-MM-DD'),
        ("scalar", "[1]", "应为单个值", "expected a single value"),
        ("items", "x", "应为列表", "expected a list"),
        ("entries", "x", "应为“名称: 值”的映射", "expected a mapping of name: value"),
    ],
)
def test_a_value_of_another_sort_is_refused_where_it_stands(read, text, zh, en):
    part = at(f"a:\n  b: {text}\n", "a", "b")
    with pytest.raises(PolicyError) as refused:
        getattr(part, read)()
    column = 7 if "'" in text else 6
    assert refused.value.zh == f"rules/x.yaml:2:{column} {zh}"
    assert refused.value.en == f"rules/x.yaml:2:{column} {en}"


def test_values_come_out_as_what_they_are():
    page = read_text("t: x\nn: 2\nf: 2.5\nw: 3\ny: true\nd: 2024-02-29\nl: [1]\n", "x").value
    assert page["t"].text() == "x"
    assert (page["n"].number(), page["f"].number(), page["w"].whole()) == (2.0, 2.5, 3)
    assert page["y"].flag() is True
    assert page["d"].day() == date(2024, 2, 29)
    assert [item.scalar() for item in page["l"].items()] == [1]


def test_unknown_and_missing_keys_are_refused():
    page = read_text("a: 1\nc: 2\n", "rules/x.yaml")
    with pytest.raises(PolicyError, match=r'rules/x\.yaml:2:4 unknown key "c"; known: a, b') as unknown:
        page.fields(required=("a",), optional=("b",))
    with pytest.raises(PolicyError, match=r'rules/x\.yaml:1:1 "b" is missing') as missing:
        page.fields(required=("a", "b"), optional=("c",))
    assert unknown.value.zh == "rules/x.yaml:2:4 不认识“c”;可用:a, b"
    assert missing.value.zh == "rules/x.yaml:1:1 缺少“b”"


def test_a_key_that_is_nearly_right_is_offered_and_a_comma_within_a_number_is_told():
    with pytest.raises(PolicyError, match="did you mean when") as near:
        read_text("wehn: 1\n", "x").fields(required=("when", "level"))
    assert near.value.zh == "x:1:7 不认识“wehn”,是否指 when?可用:when, level"
    with pytest.raises(PolicyError, match="a number is written without commas"):
        read_text("{tekun: 1,000}", "x").fields(required=("tekun",))


def test_a_choice_names_what_can_be_chosen():
    part = at("a: blue\n", "a")
    assert part.choice("red", "blue") == "blue"
    with pytest.raises(PolicyError, match='"blue" is not one of: red, green') as refused:
        part.choice("red", "green")
    assert refused.value.zh.endswith("“blue”不在可选值内:red, green")


def test_words_are_one_text_for_both_languages_or_one_each():
    assert at("a: x\n", "a").words() == Words("x", "x")
    both = at("a: {zh: 甲, en: b}\n", "a").words()
    assert (both["zh"], both["en"]) == ("甲", "b")
    with pytest.raises(PolicyError, match='"en" is missing'):
        at("a: {zh: 甲}\n", "a").words()


def test_a_quoted_text_begins_after_its_quote_and_a_block_below_its_sign():
    assert str(at("a: 'x'\n", "a").place) == "rules/x.yaml:1:5"
    assert str(at("a: >-\n  x\n", "a").place) == "rules/x.yaml:2:1"


def test_pages_come_by_their_dotted_names_in_order(tmp_path):
    for name in ("b.yaml", "sub/a.yaml", "a.yaml", "note.md"):
        path = tmp_path / "rules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x: 1\n", encoding="utf-8")
    found = dict(pages(tmp_path, "rules"))
    assert list(found) == ["a", "b", "sub.a"]
    assert str(read_page(found["sub.a"], tmp_path).place) == "rules/sub/a.yaml:1:1"
