"""Random conditions and random households to judge by them."""

import pandas as pd
from hypothesis import strategies as st

from monitor.policy.language import Kind, Place

HERE = Place("rules/made_up.yaml", 1)
KINDS: dict[str, Kind] = {"a": "number", "b": "number", "f": "flag", "g": "flag", "c": "text", "d": "text"}
PARAMETERS = ("p.one", "p.two")
TEXTS = ("tekun", "dibao", "it's")
amounts = st.sampled_from([-3.0, -0.5, 0.0, 0.1, 0.2, 0.25, 0.3, 1.0, 2.5, 10_000.0, 1_000_000.01])
quarters = st.integers(-12, 12).map(lambda count: count / 4)


def written(number: float) -> str:
    text = f"{abs(number):f}".rstrip("0").rstrip(".")
    return f"(-{text})" if number < 0 else text


def numbers(literals: st.SearchStrategy[float], signs: str) -> st.SearchStrategy[str]:
    leaves = st.one_of(
        st.sampled_from(["a", "b", *(f"parameter({name})" for name in PARAMETERS)]), literals.map(written)
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds("({} {} {})".format, inner, st.sampled_from(signs), inner),
            st.builds("(-{})".format, inner),
            st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
            st.builds("max({}, {}, {})".format, inner, inner, inner),
        ),
        max_leaves=5,
    )


def relations(number: st.SearchStrategy[str], literals: st.SearchStrategy[float]) -> st.SearchStrategy[str]:
    order = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    text = st.one_of(st.sampled_from("cd"), st.sampled_from(TEXTS).map(quoted))
    listed = st.lists(st.sampled_from(TEXTS).map(quoted), min_size=1, max_size=3).map(", ".join)
    counted = st.lists(literals.map(abs).map(written), min_size=1, max_size=3).map(", ".join)
    same = st.sampled_from(["=", "!="])
    return st.one_of(
        st.builds("{} {} {}".format, number, order, number),
        st.builds("{} between {} and {}".format, number, number, number),
        st.builds("{} {} ({})".format, number, st.sampled_from(["in", "not in"]), counted),
        st.builds("{} {} {}".format, text, same, text),
        st.builds("{} {} ({})".format, st.sampled_from("cd"), st.sampled_from(["in", "not in"]), listed),
        st.builds("{} {} {}".format, st.sampled_from("fg"), same, st.sampled_from(["f", "g", "true", "false"])),
        st.builds("known({})".format, st.one_of(number, text, st.sampled_from("fg"))),
        st.sampled_from(["f", "g", "true", "false"]),
    )


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def conditions(literals: st.SearchStrategy[float] = amounts, signs: str = "+-*/") -> st.SearchStrategy[str]:
    """Conditions of every form of the grammar, as somebody would write them."""
    return st.recursive(
        relations(numbers(literals, signs), literals),
        lambda inner: st.one_of(
            st.builds("({} and {})".format, inner, inner),
            st.builds("({} or {} or {})".format, inner, inner, inner),
            st.builds("not ({})".format, inner),
            st.builds("known({})".format, inner),
        ),
        max_leaves=4,
    )


def rows(literals: st.SearchStrategy[float] = amounts) -> st.SearchStrategy[list[dict[str, object]]]:
    """Households, each value known or not, and the parameters in force for each."""
    number = st.one_of(st.none(), literals)
    flag = st.sampled_from([None, True, False])
    text = st.sampled_from([None, *TEXTS])
    row = st.fixed_dictionaries(
        {"a": number, "b": number, "f": flag, "g": flag, "c": text, "d": text, "p.one": number, "p.two": number}
    )
    return st.lists(row, min_size=1, max_size=6)


def columns(households: list[dict[str, object]]) -> tuple[dict[str, pd.Series], dict[str, pd.Series]]:
    """The households as columns and parameters, typed as the indicators' table types them."""
    types = {"number": "Float64", "flag": "boolean", "text": "str"}
    table = {name: pd.Series([row[name] for row in households], dtype=types[kind]) for name, kind in KINDS.items()}
    return table, {name: pd.Series([row[name] for row in households], dtype="Float64") for name in PARAMETERS}
