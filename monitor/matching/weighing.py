"""A stated model of Fellegi and Sunter as one statement: to the last bit what Splink would answer by the same model.

Splink asks its database some twenty times before it compares the first pair; sixty tickets a delivery are not worth
that. A model that has to learn stays with Splink.
"""

from collections.abc import Sequence
from math import log2
from typing import Any

Model = dict[str, Any]
COLUMNS = ("name", "sound", "birth", "phone", "town", "village")


def statement(model: Model, blocks: Sequence[Sequence[str]], *, at_least: float) -> str:
    """Return DuckDB's SELECT of ``row_l``, ``row_r``, ``match_weight`` and ``match_probability`` of all likely pairs.

    The records are the relations ``a_left`` and ``b_right``, from which people may be left out who share no block with
    anybody. Two are compared that share the columns of one of ``blocks``; a rare name weighs more by its ``share`` in
    ``c_shares``: how often it stands on both whole sides together.
    """
    prior = log2(_odds(model["probability_two_random_records_match"]))
    parts = [part for comparison in model["comparisons"] for part in _weights(comparison)]
    weight = " + ".join([_number(prior), *parts])
    return f"""
WITH met AS ({_met(blocks)}),
    weighed AS (
        SELECT row_l, row_r, {weight} AS match_weight
        FROM met LEFT JOIN c_shares AS here ON here.name = name_l
            LEFT JOIN c_shares AS there ON there.name = name_r
    )
SELECT row_l, row_r, match_weight,
    CASE WHEN match_weight >= 0 THEN 1.0 / (1.0 + power(cast(2 AS float8), -match_weight))
        ELSE power(cast(2 AS float8), match_weight) / (1.0 + power(cast(2 AS float8), match_weight)) END
        AS match_probability
FROM weighed WHERE match_weight >= {_number(log2(_odds(at_least)))}
"""  # noqa: S608 - made of the model's own conditions and of numbers; no record is in it


def _met(blocks: Sequence[Sequence[str]]) -> str:
    """Each pair once, by the first block that it shares."""
    columns = ", ".join(f"l.{name} AS {name}_l, r.{name} AS {name}_r" for name in ("row", *COLUMNS))
    shared = [" AND ".join(f"l.{name} = r.{name}" for name in block) for block in blocks]
    return " UNION ALL ".join(
        f"SELECT {columns} FROM a_left AS l JOIN b_right AS r ON {same}"  # noqa: S608
        + (f" WHERE NOT coalesce({' OR '.join(f'({earlier})' for earlier in shared[:place])}, false)" if place else "")
        for place, same in enumerate(shared)
    )


def _weights(comparison: Model) -> list[str]:
    """What each level of a comparison weighs, and beside it what the rarity of an equal value adds."""
    levels = comparison["comparison_levels"]
    exact = next((level["u_probability"] for level in levels if "tf_adjustment_column" in level), None)
    weighed = _cases(levels, [_weight(level) for level in levels])
    if exact is None:
        return [weighed]
    rarer = (
        f"coalesce({_number(log2(exact))} - log2(greatest(coalesce(here.share, there.share), "
        f"coalesce(there.share, here.share), {_number(0.0)})), {_number(0.0)})"
    )
    return [
        weighed,
        _cases(levels, [rarer if "tf_adjustment_column" in level else _number(0.0) for level in levels]),
    ]


def _cases(levels: Sequence[Model], values: Sequence[str]) -> str:
    told = [
        f"ELSE {value}" if level["sql_condition"] == "ELSE" else f"WHEN {level['sql_condition']} THEN {value}"
        for level, value in zip(levels, values, strict=True)
    ]
    return f"CASE {' '.join(told)} END"


def _weight(level: Model) -> str:
    if level.get("is_null_level"):
        return _number(0.0)
    return _number(log2(level["m_probability"] / level["u_probability"]))


def _odds(probability: float) -> float:
    return probability / (1 - probability)


def _number(value: float) -> str:
    return f"cast({value!r} AS float8)"
