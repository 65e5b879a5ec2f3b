"""Who is judged: the closed language over a table's columns."""

import pandas as pd
import pytest

from models.cohort import chosen
from models.refusals import Unlearnable

TABLE = pd.DataFrame(
    {
        "fi": [0, 1, None, 0],
        "age": [70, 20, 65, 30],
        "kind": ["a", "b", None, "c d"],
        "on time": [1.0, 2.0, 3.0, 4.0],
        "收入": [100, 200, 300, 400],
        "old": [True, False, True, False],
        "seen": pd.to_datetime(["2020-01-01", "2021-01-01", None, "2022-01-01"]),
    }
)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("fi == 0", [0, 3]),
        ("not fi == 0", [1]),
        ("fi != 0", [1]),
        ("fi == 0 and age > 60", [0]),
        ("fi == 0 or age >= 65", [0, 2, 3]),
        ("kind in ('a', 'c d')", [0, 3]),
        ("kind not in ['a']", [1, 3]),
        ("kind is missing", [2]),
        ("fi is not missing", [0, 1, 3]),
        ("20 < age <= 65", [2, 3]),
        ("`on time` < 3 and `on time` > -1", [0, 1]),
        ("收入 >= 300", [2, 3]),
        ("old and not (age < 70)", [0]),
        ("old == true", [0, 2]),
        ("seen >= '2021-01-01'", [1, 3]),
        ("age > `on time`", [0, 1, 2, 3]),
        ("true", [0, 1, 2, 3]),
    ],
)
def test_a_condition_chooses_the_rows_of_which_it_is_true(text: str, rows: list[int]) -> None:
    assert list(TABLE.index[chosen(TABLE, text)]) == rows


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "age.sum() > 1",
        "(lambda: 1)() == age",
        "[x for x in age] == age",
        "age[0] > 1",
        "age + 1 > 2",
        "age if old else fi",
        "f'{age}' == 'a'",
        "age := 3",
        "age = 3",
        "age >",
        "",
        "age",
        "1 == 1",
        "age in kind",
        "age == (1, 2)",
        "kind < 3",
        "age == missing",
        "nobody == 1",
        "not " * 5000 + "old",
        "age > 1" + " and age > 1" * 400,
        "((" * 300 + "old" + "))" * 300,
    ],
)
def test_what_the_language_has_no_word_for_is_refused_and_never_run(text: str) -> None:
    with pytest.raises(Unlearnable, match=" / "):
        chosen(TABLE, text)
