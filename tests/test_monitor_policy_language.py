"""What can be said in a condition, and how the language answers what cannot."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_worlds import conditions

from monitor.errors import Invalid
from monitor.policy.language import Place, PolicyError, kind_of, parse, say
from monitor.policy.language.parsing import DEEPEST, LONGEST
from monitor.policy.language.tree import (
    Among,
    Arithmetic,
    Between,
    Comparison,
    Expression,
    Extreme,
    Joined,
    Known,
    Name,
    Negative,
    Not,
    Number,
    Parameter,
    Text,
    Truth,
    parts,
    walk,
)

sys.setrecursionlimit(10_000)  # mutmut puts three frames where the parser has one
AT = Place("rules/x.yaml", 6, 7)
VALUE = "应为数值、'文字'、指标名、parameter(...)、known(...)、min(...)、max(...) 或括号"
A_VALUE = "expected a number, 'text', a name, parameter(...), known(...), min(...), max(...) or a bracket"
END, THE_END = "表达式结尾", "the end of the expression"
HALF = "只用半角字母、数字、符号和成对的单引号"
HALF_WIDTH = "use half-width letters, digits and signs, and close each quote"


@pytest.mark.parametrize(
    ("text", "column", "zh", "en"),
    [
        ("", 7, f"{VALUE},却见到 {END}", f"{A_VALUE}, but found {THE_END}"),
        ("a >", 10, f"{VALUE},却见到 {END}", f"{A_VALUE}, but found {THE_END}"),
        ("a and or b", 13, f"{VALUE},却见到 or", f"{A_VALUE}, but found or"),
        ("a > and", 11, f"{VALUE},却见到 and", f"{A_VALUE}, but found and"),
        ("a > not b", 11, f"{VALUE},却见到 not", f"{A_VALUE}, but found not"),
        ("between 1 and 2", 7, f"{VALUE},却见到 between", f"{A_VALUE}, but found between"),
        ("in (3)", 7, f"{VALUE},却见到 in", f"{A_VALUE}, but found in"),
        ("a > )", 11, f"{VALUE},却见到 )", f"{A_VALUE}, but found )"),
        ("(a > 1", 13, f"应为 ),却见到 {END}", f"expected ), but found {THE_END}"),
        ("known a", 13, "应为 (,却见到 a", "expected (, but found a"),
        ("known('a'", 16, f"应为 ),却见到 {END}", f"expected ), but found {THE_END}"),
        ("a not b", 13, "应为 in,却见到 b", "expected in, but found b"),
        ("a in 3", 12, "应为 (,却见到 3", "expected (, but found 3"),
        ("a in ()", 13, "应为数字或 '文字',却见到 )", "expected a number or 'text', but found )"),
        ("a in (b)", 13, "应为数字或 '文字',却见到 b", "expected a number or 'text', but found b"),
        ("a in (1 2)", 15, "应为 , 或 ),却见到 2", "expected , or ), but found 2"),
        ("a between 1 or 2", 19, "应为 and,却见到 or", "expected and, but found or"),
        ("min(a)", 12, "应为 ,,却见到 )", "expected ,, but found )"),
        ("min a", 11, "应为 (,却见到 a", "expected (, but found a"),
        ("max(a, b", 15, f"应为 , 或 ),却见到 {END}", f"expected , or ), but found {THE_END}"),
        ("parameter(3)", 17, "应为名称,却见到 3", "expected a name, but found 3"),
        ("parameter(a.'b')", 19, "应为名称,却见到 'b'", "expected a name, but found 'b'"),
        ("parameter a", 17, "应为 (,却见到 a", "expected (, but found a"),
        ("parameter(a b)", 19, "应为 ),却见到 b", "expected ), but found b"),
        (
            "a > 3 b", 13, "应在此结束,或为 and、or、比较、运算符,却见到 b",
            "expected the end, and, or, a comparison or an arithmetic sign, but found b",
        ),
        ("a == 3", 9, "不认识 ==:等于写作 =", "cannot read ==: equality is written ="),
        ("a <> 3", 9, "不认识 <>:不等于写作 !=", "cannot read <>: inequality is written !="),
        ("a && b", 9, "不认识 &&:“且”写作 and", "cannot read &&: conjunction is written and"),
        ("a || b", 9, "不认识 ||:“或”写作 or", "cannot read ||: disjunction is written or"),
        ("a，b", 8, f"不认识 ，:{HALF}", f"cannot read ，: {HALF_WIDTH}"),
        ("a > '3", 11, f"不认识 ':{HALF}", f"cannot read ': {HALF_WIDTH}"),
        ("a > 3x", 11, f"不认识 3:{HALF}", f"cannot read 3: {HALF_WIDTH}"),
        ("a > 1.2.3", 11, f"不认识 1:{HALF}", f"cannot read 1: {HALF_WIDTH}"),
        ('a = "b"', 11, f'不认识 ":{HALF}', f'cannot read ": {HALF_WIDTH}'),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_answered_with_its_column_and_what_was_expected(text, column, zh, en):
    with pytest.raises(PolicyError) as refused:
        parse(text, place=AT)
    assert refused.value.place == Place("rules/x.yaml", 6, column)
    assert refused.value.zh == f"rules/x.yaml:6:{column} {zh}"
    assert refused.value.en == f"rules/x.yaml:6:{column} {en}"


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "a.__class__", "getattr(a, 'b')", "exec('1')", "open('/etc/passwd')",
        "lambda: 1", "[a for a in b]", "a if b else c", "a; b", "`id`", "a := 1",
    ],
)  # fmt: skip
def test_what_a_programming_language_would_run_is_no_condition(text):
    with pytest.raises(PolicyError):
        parse(text, place=AT)


def test_a_policy_error_is_an_invalid_request():
    assert issubclass(PolicyError, Invalid)


def test_a_condition_may_be_as_long_as_a_person_would_read_and_no_longer():
    longest = " + ".join(["a"] * (LONGEST // 2)) + " "
    parse(longest + "+ a"[: 3 * (LONGEST % 2)], place=AT)
    parse("-" + longest, place=AT)
    with pytest.raises(PolicyError) as refused:
        parse("--" + longest, place=AT)
    assert refused.value.zh == f"rules/x.yaml:6:{7 + 2 + len(longest) - 2} 超过 300 个词和符号,请拆成几条规则"
    assert refused.value.en.endswith("more than 300 words and signs; make several rules of it")


def test_brackets_may_be_as_deep_as_a_person_would_read_and_no_deeper():
    parse("(" * (DEEPEST - 1) + "a" + ")" * (DEEPEST - 1), place=AT)
    parse(" or ".join(["(a)"] * (DEEPEST + 1)), place=AT)
    with pytest.raises(PolicyError) as refused:
        parse("(" * DEEPEST + "a" + ")" * DEEPEST, place=AT)
    assert refused.value.zh == "rules/x.yaml:6:47 括号超过 40 层"
    assert refused.value.en == "rules/x.yaml:6:47 more than 40 brackets deep"


def test_a_bracket_that_is_closed_no_longer_counts_as_deep_and_those_around_it_still_do():
    outer, closed = "(" * (DEEPEST - 2), ")" * (DEEPEST - 2)
    parse(f"{outer}(a) or (a){closed}", place=AT)
    with pytest.raises(PolicyError, match="more than 40 brackets deep") as refused:
        parse(f"{outer}(a) or ((a)){closed}", place=AT)
    assert refused.value.place.column == 7 + len(f"{outer}(a) or ((")


@given(st.text(alphabet="abf13 .()'=<>!,+-*/\n", max_size=30))
def test_any_text_is_read_or_refused_and_nothing_else_happens(text):
    columns = [7]
    try:
        parse(text, place=AT)
    except PolicyError as refused:
        columns.append(refused.place.column)
    assert 7 <= columns[-1] <= 7 + len(text)


@given(conditions())
def test_what_the_grammar_allows_is_read_and_is_a_condition(text):
    assert kind_of(parse(text, place=AT), {}) in ("flag", None)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a", Name("a", 0)),
        (" 12.50 ", Number(12.5, 1)),
        ("'it''s'", Text("it's", 0)),
        ("true", Truth(True, 0)),
        ("false", Truth(False, 0)),
        ("truely", Name("truely", 0)),
        ("c = '== <>'", Comparison("=", Name("c", 0), Text("== <>", 4), 2)),
        ("parameter(a.b_1.c)", Parameter("a.b_1.c", 0)),
        ("a = 1", Comparison("=", Name("a", 0), Number(1.0, 4), 2)),
        ("a<=b", Comparison("<=", Name("a", 0), Name("b", 3), 1)),
        ("a - b - 1", Arithmetic("-", Arithmetic("-", Name("a", 0), Name("b", 4), 2), Number(1.0, 8), 6)),
        ("a + b * 2", Arithmetic("+", Name("a", 0), Arithmetic("*", Name("b", 4), Number(2.0, 8), 6), 2)),
        ("a / b / 2", Arithmetic("/", Arithmetic("/", Name("a", 0), Name("b", 4), 2), Number(2.0, 8), 6)),
        ("--a", Negative(Negative(Name("a", 1 + 1), 1), 0)),
        ("-a * b", Arithmetic("*", Negative(Name("a", 1), 0), Name("b", 5), 3)),
        ("not not f", Not(Not(Name("f", 8), 4), 0)),
        ("not a = 1", Not(Comparison("=", Name("a", 4), Number(1.0, 8), 6), 0)),
        ("f or g and h", Joined("or", (Name("f", 0), Joined("and", (Name("g", 5), Name("h", 11)), 5)), 0)),
        ("f and g and h", Joined("and", (Name("f", 0), Name("g", 6), Name("h", 12)), 0)),
        ("f or g or h", Joined("or", (Name("f", 0), Name("g", 5), Name("h", 10)), 0)),
        ("(f or g) and h", Joined("and", (Joined("or", (Name("f", 1), Name("g", 6)), 1), Name("h", 13)), 1)),
        ("c in ('u', 2)", Among(Name("c", 0), (Text("u", 6), Number(2.0, 11)), 2)),
        ("c not in ('u')", Not(Among(Name("c", 0), (Text("u", 10),), 6), 2)),
        ("a between 1 and b + 1 and f", Joined("and", (
            Between(Name("a", 0), Number(1.0, 10), Arithmetic("+", Name("b", 16), Number(1.0, 20), 18), 2),
            Name("f", 26)), 2)),
        ("known(a)", Known(Name("a", 6), 0)),
        ("min(a, b)", Extreme("min", (Name("a", 4), Name("b", 7)), 0)),
        ("max(a, 1, b)", Extreme("max", (Name("a", 4), Number(1.0, 7), Name("b", 10)), 0)),
    ],
)  # fmt: skip
def test_the_tree_is_this(text, tree):
    assert parse(text, place=AT).root == tree


def test_an_expression_knows_what_it_reads():
    expression = parse("a > parameter(x.y) and (b in ('u') or known(c)) and a < min(d, parameter(z))", place=AT)
    assert expression.names == {"a", "b", "c", "d"}
    assert expression.parameters == {"x.y", "z"}


def test_a_walk_goes_outer_before_inner_and_left_before_right():
    root = parse("not f or a between -b and max(1, 2) or c in ('u')", place=AT).root
    shown = [type(node).__name__ for node in walk(root)]
    assert shown == ["Joined", "Not", "Name", "Between", "Name", "Negative", "Name", "Extreme", "Number", "Number",
                     "Among", "Name", "Text"]  # fmt: skip
    assert parts(Truth(True, 0)) == ()


def test_a_part_is_an_expression_of_its_own_at_the_same_place():
    whole = parse("a > parameter(p) and b > 1", place=AT)
    part = whole.part(whole.root.items[0])
    assert part == Expression(AT, whole.root.items[0])
    assert (part.names, part.parameters) == ({"a"}, {"p"})
    assert whole.every(lambda node: isinstance(node, Number)) == (Number(1.0, 25),)


def test_a_place_is_written_as_an_editor_reads_it():
    assert str(AT.at(3)) == "rules/x.yaml:6:10"
    assert str(Place("x", 2)) == "x:2:1"


KINDS = {"a": "number", "b": "number", "f": "flag", "c": "text", "d": "date", "e": "date"}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a", "number"), ("c", "text"), ("f", "flag"), ("d", "date"), ("u", None), ("3", "number"), ("'x'", "text"),
        ("true", "flag"), ("parameter(p)", "number"), ("-a", "number"), ("a + u", "number"), ("min(a, 3)", "number"),
        ("not f", "flag"), ("f and u", "flag"), ("a > 1", "flag"), ("d >= e", "flag"), ("c != 'x'", "flag"),
        ("f = true", "flag"), ("a in (1, 2)", "flag"), ("c in ('x')", "flag"), ("a between 1 and b", "flag"),
        ("d between e and u", "flag"), ("known(c)", "flag"), ("u > v", "flag"), ("u in ('x')", "flag"),
    ],
)  # fmt: skip
def test_the_kind_of_an_expression(text, kind):
    assert kind_of(parse(text, place=AT), KINDS) == kind


@pytest.mark.parametrize(
    ("text", "column", "zh", "en"),
    [
        ("a + c", 11, "此处应为数值,却是文字", "expected a number here, but this is text"),
        ("-f", 8, "此处应为数值,却是是否", "expected a number here, but this is true or false"),
        ("max(a, d)", 14, "此处应为数值,却是日期", "expected a number here, but this is a date"),
        ("f and a", 13, "此处应为是否,却是数值", "expected true or false here, but this is a number"),
        ("not c", 11, "此处应为是否,却是文字", "expected true or false here, but this is text"),
        ("a > c", 11, "此处应为数值,却是文字", "expected a number here, but this is text"),
        ("c = 3", 11, "此处应为文字,却是数值", "expected text here, but this is a number"),
        ("d > a", 11, "此处应为日期,却是数值", "expected a date here, but this is a number"),
        ("c in ('x', 3)", 18, "此处应为文字,却是数值", "expected text here, but this is a number"),
        ("a between 1 and c", 23, "此处应为数值,却是文字", "expected a number here, but this is text"),
        ("a between c and 1", 17, "此处应为数值,却是文字", "expected a number here, but this is text"),
        ("c > 'x'", 7, "文字不能比大小,只能用 =、!= 或 in", "text has no order; use =, != or in"),
        ("u <= 'x'", 7, "文字不能比大小,只能用 =、!= 或 in", "text has no order; use =, != or in"),
        ("f < true", 7, "是否不能比大小,只能用 =、!= 或 in", "true or false has no order; use =, != or in"),
        ("c between 'x' and u", 7, "文字不能比大小,只能用 =、!= 或 in", "text has no order; use =, != or in"),
        ("u between 'x' and v", 7, "文字不能比大小,只能用 =、!= 或 in", "text has no order; use =, != or in"),
        ("u between v and 'x'", 7, "文字不能比大小,只能用 =、!= 或 in", "text has no order; use =, != or in"),
        ("known(a + c)", 17, "此处应为数值,却是文字", "expected a number here, but this is text"),
    ],
)
def test_unlike_things_are_refused_where_they_meet(text, column, zh, en):
    with pytest.raises(PolicyError) as refused:
        kind_of(parse(text, place=AT), KINDS)
    assert refused.value.zh == f"rules/x.yaml:6:{column} {zh}"
    assert refused.value.en == f"rules/x.yaml:6:{column} {en}"


NAMES = {
    "zh": {
        "costs": "自付费用",
        "cars": "小汽车",
        "category": "救助类别",
        "category=dibao": "低保对象",
        "m.limit": "预警线",
    },
    "en": {
        "costs": "medical costs",
        "cars": "cars",
        "category": "category",
        "category=dibao": "dibao",
        "m.limit": "the limit",
    },
}


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("costs > parameter(m.limit)", "自付费用超过预警线", "medical costs over the limit"),
        ("costs >= 20000", "自付费用达到或超过20,000", "medical costs at least 20,000"),
        ("costs < 0.5 * x", "自付费用低于(0.5乘以x)", "medical costs below (0.5 times x)"),
        ("costs <= x / 3 + 1", "自付费用不超过((x除以3)加1)", "medical costs at most ((x divided by 3) plus 1)"),
        ("-x - y != 0", "(-x减y)不等于0", "(-x minus y) other than 0"),
        ("-(x + y) = 1234567.891", "-(x加y)等于1,234,567.891", "-(x plus y) being 1,234,567.891"),
        (
            "category in ('dibao', 'tekun') and cars > 0",
            "救助类别为低保对象、tekun之一且小汽车超过0",
            "category one of dibao, tekun and cars over 0",
        ),
        ("category in ('dibao')", "救助类别等于低保对象", "category being dibao"),
        ("category = 'dibao'", "救助类别等于低保对象", "category being dibao"),
        ("'dibao' = category", "dibao等于救助类别", "dibao being category"),
        ("category not in ('x')", "并非救助类别等于x", "not category being x"),
        ("not (f or g) and h", "(并非(f或g))且h", "(not (f or g)) and h"),
        ("f = true or g = false", "f等于是或g等于否", "f being true or g being false"),
        ("x between 1 and 2", "x在1至2之间", "x between 1 and 2"),
        ("known(costs)", "自付费用有数据", "medical costs known"),
        ("min(x, y) > 5", "(x、y中的较小者)超过5", "(the least of x, y) over 5"),
        ("max(x, 1, y) > 5", "(x、1、y中的较大者)超过5", "(the greatest of x, 1, y) over 5"),
    ],
)
def test_the_sentence_is_this(text, zh, en):
    expression = parse(text, place=AT)
    assert say(expression, language="zh", names=NAMES["zh"]) == zh
    assert say(expression, language="en", names=NAMES["en"]) == en
