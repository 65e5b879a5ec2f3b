"""Names as keys: what is one name stays one, what is another never becomes it."""

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.matching import names
from monitor.matching.names import Agreement

HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
PLAIN = st.text(HAN, min_size=2, max_size=4)


@pytest.mark.parametrize("dot", ["·", "•", "・", "･", "．", ".", "‧", "∙", " ", "\u3000", ""])
def test_the_dot_of_a_minority_name_may_take_any_form(dot: str) -> None:
    assert names.fold(f"阿卜杜{dot}热合曼") == names.fold("阿卜杜·热合曼")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("张三", " 张\u3000三 ", Agreement.EQUAL),
        ("ＡＢ", "ab", Agreement.EQUAL),
        ("王䶮", "王\ue863", Agreement.EQUAL),
        ("李龻", "李\ue863", Agreement.DIFFERENT),
        ("李\u9fbb", "李\ue864", Agreement.EQUAL),
        ("陈\U00020087", "陈\ue816", Agreement.EQUAL),
        ("豈", "\uf900", Agreement.EQUAL),
        ("王傑", "王杰", Agreement.SOUND),
        ("吕丽", "吕莉", Agreement.SOUND),
        ("王YAN", "王燕", Agreement.SOUND),
        ("陈龘", "陈?", Agreement.READABLE),
        ("陈龘", "陈？", Agreement.READABLE),
        ("张*", "张三", Agreement.READABLE),
        ("陈?", "陈?", Agreement.READABLE),
        ("陈\ue000", "陈龘", Agreement.READABLE),
        ("张*", "李三", Agreement.DIFFERENT),
        ("**", "张三", Agreement.DIFFERENT),
        ("张*", "张三丰", Agreement.DIFFERENT),
        ("张三", "张四", Agreement.DIFFERENT),
        ("吕丽", "吕芦", Agreement.DIFFERENT),
        ("", "", Agreement.DIFFERENT),
        (None, "张三", Agreement.DIFFERENT),
        ("张三", " ", Agreement.DIFFERENT),
    ],
)
def test_two_names_agree_as_far_as_they_are_written_alike(one: str | None, other: str, expected: Agreement) -> None:
    assert names.agreement(one, other) is expected
    assert names.agreement(other, one) is expected


@given(st.text(max_size=12))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert names.fold(names.fold(text)) == names.fold(text)


@given(PLAIN, PLAIN)
def test_plain_names_are_equal_only_if_they_are_the_same(one: str, other: str) -> None:
    assert (names.agreement(one, other) is Agreement.EQUAL) == (one == other)


@given(st.lists(st.one_of(st.none(), PLAIN, st.text(max_size=5), st.text(HAN, max_size=14)), max_size=20))
@example(["é" * 3, "张\u2e81", "\u4dff三", "\u9fff\ua000", "a" * 9, "\U00020087" * 3])
def test_a_column_of_names_is_folded_as_each_is(listed: list[str | None]) -> None:
    forms, sounds, families = names.keys(pa.array(["?", *listed], pa.string()).slice(1))
    assert [form or "" for form in forms.to_pylist()] == [names.fold(name) for name in listed]
    assert not any(number for number, form in zip(families.tolist(), forms.to_pylist(), strict=True) if form is None)
    assert len(sounds) == len(listed)


@given(PLAIN, PLAIN)
def test_names_of_one_length_have_one_number_if_each_character_sounds_alike(one: str, other: str) -> None:
    alike = len(one) == len(other) and all(map(lambda a, b: names.sound(a) == names.sound(b), one, other))
    _, sounds, families = names.keys(pa.array([one, other]))
    assert (sounds[0] == sounds[1]) == alike
    assert (families[0] == families[1]) == (names.sound(one[0]) == names.sound(other[0]))


def test_homophones_share_their_number() -> None:
    _, sounds, families = names.keys(pa.array(["王傑", "汪杰", "王 杰", "王姐", "", None]))
    assert sounds[0] == sounds[1] == sounds[2] == sounds[3]
    assert families.tolist()[:4] == [families[0]] * 4
    assert sounds.tolist()[4:] == [0, 0]
