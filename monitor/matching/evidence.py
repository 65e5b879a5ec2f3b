"""Records without a number: whom name, sound, birth date, phone and place point to, weighed by Splink.

Fellegi and Sunter's model inside a county, rare names weighing more than common ones. What it finds is
proposed to a worker and never linked by itself; two persons for whom equally much speaks stay two.
Source of the method: Splink 5 (Ministry of Justice, UK), link_only, DuckDB.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from splink import DuckDBAPI, Linker, block_on

from monitor.matching import chance, names, weighing
from monitor.matching.chance import Luck

Places = npt.NDArray[np.int64]
LIKELY = 0.99
POSSIBLE = 0.5
# Below this many records on either side nothing can be learned of how often true pairs differ.
_ENOUGH_TO_LEARN = 5_000
# With more pairs than this in all, a common name alone no longer makes a pair worth comparing.
_MANY_PAIRS = 1e11
# Each block has one of these, by which few people are alike.
_TELLING = ("sound", "birth", "phone")
_SHARE_IN_REGISTER = 0.5
_ENOUGH_FOR_A_TENTH = 200_000

logging.getLogger("splink").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Pairs:
    """Pairs that may be one person: ``left`` and ``right`` rows, probability and weight (bits), best first.

    ``alone``: nobody else on the right has nearly as much speaking for it (one bit less at least);
    ``mutual``: nor has anybody else on the left.
    """

    table: pa.Table

    def one_to_one(self, at_least: float) -> pa.Table:
        """Return the pairs in which each is the other's only best, from a probability on."""
        likely = pc.greater_equal(self.table["probability"], at_least)
        return self.table.filter(pc.and_(self.table["mutual"], likely))


def records(
    *,
    name: pa.Array | pa.ChunkedArray,
    county: pa.Array,
    birth: pa.Array | None = None,
    phone: pa.Array | None = None,
    town: pa.Array | None = None,
    village: pa.Array | None = None,
) -> pa.Table:
    """Return records ready to be compared: names folded and sounded, phones as their last eleven digits.

    ``birth`` is text of the form YYYYMMDD. Columns that a feed has not got are null throughout.
    """
    listed = name.combine_chunks() if isinstance(name, pa.ChunkedArray) else name
    forms, sounds, families = names.keys(listed)
    nameless = forms.is_null().to_numpy(zero_copy_only=False)
    empty = pa.nulls(len(listed), pa.string())
    columns = {
        "row": pa.array(np.arange(len(listed))),
        "name": forms,
        "sound": pa.array(sounds, mask=nameless),
        "family": pa.array(families, mask=nameless),
        "birth": empty if birth is None else birth,
        "phone": empty if phone is None else _phones(phone),
        "county": county,
        "town": empty if town is None else town,
        "village": empty if village is None else village,
    }
    return pa.table(columns)


@dataclass(frozen=True)
class Register:
    """The right side of a comparison, of whom only few need be readable.

    ``alike`` has the columns of ``records`` but ``row``, some perhaps as codes, which are equal where the values are;
    ``coded`` returns the left side's so. ``read`` returns the records of some, in order, ``row`` their place.
    """

    alike: pa.Table
    coded: Callable[[pa.Table], pa.Table]
    read: Callable[[Places], pa.Table]


def compare(left: pa.Table, right: pa.Table, *, at_least: float = POSSIBLE, luck: Luck | None = None) -> Pairs:
    """Return the pairs of ``left`` and ``right`` whose probability is ``at_least``, in a fixed order.

    With many records the model learns from them how often true pairs differ (Splink's EM); with few it uses
    the stated shares below, and one statement says what Splink would. What two random people share by chance is
    counted from the right side; ``luck`` hands it over if it has been counted before.
    """
    if not len(left) or not len(right):
        return Pairs(_EMPTY)
    readable = Register(right, lambda records: records, lambda places: right.take(pa.array(places)))
    return compare_with(left, readable, luck or chance.count(right), at_least=at_least)


def compare_with(left: pa.Table, register: Register, luck: Luck, *, at_least: float = POSSIBLE) -> Pairs:
    """Return what ``compare`` would, reading of the register only those whom somebody on the left may be."""
    alike = register.alike
    present = [column for column in ("birth", "phone", "town") if _both_have(left, alike, column)]
    if min(len(left), len(alike)) >= _ENOUGH_TO_LEARN:
        right = register.read(np.arange(len(alike)))
        return by_splink(left, right, _learned(left, right, present, luck), at_least=at_least)
    narrow = _are_many(left, alike)
    blocks = [("county", *columns) for columns in _blocks(present, narrow=narrow)]
    coded = register.coded(left)
    places = _met(coded, alike, blocks)
    right = register.read(places)
    shares = _shares(
        (left["name"], coded["name"]), (right["name"], alike["name"].take(pa.array(places))), alike["name"]
    )
    with closing(_database().cursor()) as cursor:
        for name, records in (("a_left", left), ("b_right", right), ("c_shares", shares)):
            cursor.register(name, records)
        stated = weighing.statement(_model(luck, present, narrow=narrow), blocks, at_least=at_least)
        cursor.execute(f"CREATE TEMP VIEW pairs AS {stated}")
        found = Pairs(cursor.sql(_RANKING).to_arrow_table())
        cursor.execute("DROP VIEW pairs")
    return found


def _met(left: pa.Table, right: pa.Table, blocks: Sequence[Sequence[str]]) -> Places:
    """Return the places of those on the right who share all columns of a block with somebody on the left."""
    telling = {column for block in blocks for column in block if column in _TELLING}
    some = [pc.is_in(right[column], value_set=pc.drop_null(pc.unique(left[column]))) for column in sorted(telling)]
    places = np.flatnonzero(reduce(pc.or_, some))
    listed = right.select(sorted({column for block in blocks for column in block})).take(pa.array(places))
    met = np.zeros(len(places), np.bool_)
    for block in blocks:
        asked = set(zip(*(left[column].to_pylist() for column in block), strict=True))
        rows = zip(*(listed[column].to_pylist() for column in block), strict=True)
        met |= np.fromiter((row in asked for row in rows), np.bool_, len(places))
    return places[met]


def _shares(left: tuple[pa.Array, pa.Array], right: tuple[pa.Array, pa.Array], everybody: pa.ChunkedArray) -> pa.Table:
    """Return how often each name of the left side, or of those read of the right, stands on both sides together.

    Names come with what they are on the right side, where of ``everybody`` nothing else may be known.
    """
    codes = {
        name: code for side in (left, right) for name, code in zip(*(each.to_pylist() for each in side), strict=True)
    }
    codes.pop(None, None)
    met = everybody.filter(pc.is_in(everybody, value_set=pa.array(codes.values(), everybody.type)))
    here, there = (
        {each["values"]: each["counts"] for each in pc.value_counts(names).to_pylist()} for names in (left[0], met)
    )
    total = sum(len(names) - names.null_count for names in (left[0], everybody))
    shares = [(here.get(name, 0) + there.get(code, 0)) / total for name, code in codes.items()]
    return pa.table({"name": pa.array(codes, pa.string()), "share": pa.array(shares, pa.float64())})


def by_splink(left: pa.Table, right: pa.Table, model: dict[str, Any], *, at_least: float) -> Pairs:
    """Return the pairs as Splink itself weighs them by ``model``; for a stated model ``compare`` answers the same."""
    backend = DuckDBAPI()
    linker = _linker(backend, left, right, model)
    predicted = linker.inference.predict(threshold_match_probability=at_least, warning_mode="never")
    backend.duckdb_con.table(predicted.physical_name).create_view("pairs")
    return Pairs(backend.duckdb_con.sql(_RANKING).to_arrow_table())


@cache
def _database() -> Any:
    """A database in memory that holds nothing: each comparison brings its records and takes them away."""
    connection = DuckDBAPI().duckdb_con
    connection.execute("SET enable_progress_bar = false")
    return connection


def _are_many(left: pa.Table, right: pa.Table) -> bool:
    return len(left) * len(right) > _MANY_PAIRS


def _linker(backend: DuckDBAPI, left: pa.Table, right: pa.Table, model: dict[str, Any]) -> Linker:
    backend.duckdb_con.execute("SET enable_progress_bar = false")
    sides = [
        backend.register(left, dataset_display_name="a_left"),
        backend.register(right, dataset_display_name="b_right"),
    ]
    return Linker(sides, model, log_level=None, validate_settings=False)


def _learned(left: pa.Table, right: pa.Table, present: Sequence[str], luck: Luck) -> dict[str, Any]:
    """Return the model: chance agreement counted from the register, slips learned from the records."""
    model = _model(luck, present, narrow=_are_many(left, right))
    for column in ("sound", *[column for column in ("birth", "phone") if column in present][:1]):
        model = _taught(left, right, model, by=column)
    return model


def _taught(left: pa.Table, right: pa.Table, model: dict[str, Any], *, by: str) -> dict[str, Any]:
    """Teach the model how often true pairs differ, from the pairs equal in a column (EM)."""
    linker = _linker(DuckDBAPI(), _tenth(left, by), _tenth(right, by), model)
    linker.training.estimate_parameters_using_expectation_maximisation(
        block_on("county", by), estimate_without_term_frequencies=True
    )
    taught: dict[str, Any] = linker.misc.save_model_to_json()
    return taught


def _tenth(side: pa.Table, by: str) -> pa.Table:
    if len(side) <= _ENOUGH_FOR_A_TENTH:
        return side
    if pa.types.is_integer(side[by].type):
        whole = pc.divide(side[by], 10)
        return side.filter(pc.equal(pc.subtract(side[by], pc.multiply(whole, 10)), 3))
    return side.filter(pc.ends_with(side[by], "3"))


def _model(luck: Luck, present: Sequence[str], *, narrow: bool) -> dict[str, Any]:
    return {
        "link_type": "link_only",
        "unique_id_column_name": "row",
        "comparisons": [_comparison(column, luck.levels[column]) for column in ("name", *present)],
        "blocking_rules_to_generate_predictions": [
            block_on("county", *columns) for columns in _blocks(present, narrow=narrow)
        ],
        "probability_two_random_records_match": _SHARE_IN_REGISTER / luck.county,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "max_iterations": 8,
    }


def _blocks(present: Sequence[str], *, narrow: bool) -> list[tuple[str, ...]]:
    """Return what two records must share, county apart, to be compared at all: one of these."""
    slips = [("family", column) for column in ("birth", "phone") if column in present]
    return [("sound", "town"), *slips] if narrow and "town" in present and slips else [("sound",), *slips]


def _comparison(column: str, by_chance: Sequence[float]) -> dict[str, Any]:
    """Return how a column is compared, with the chance of each level and the assumed share of true pairs in it."""
    absent = {
        "sql_condition": f"{column}_l IS NULL OR {column}_r IS NULL",
        "label_for_charts": "absent",
        "is_null_level": True,
    }
    stated = [*_LEVELS[column], ("ELSE", 1 - sum(share for _, share in _LEVELS[column]))]
    levels = [
        {"sql_condition": condition, "label_for_charts": condition, "m_probability": share, "u_probability": by_luck}
        for (condition, share), by_luck in zip(stated, by_chance, strict=True)
    ]
    if column == "name":
        for level in levels[:2]:
            level["tf_adjustment_column"] = "name"
    return {"output_column_name": column, "comparison_levels": [absent, *levels]}


# Best first, each with the share of true pairs assumed in it until something better is learned.
_LEVELS: dict[str, list[tuple[str, float]]] = {
    "name": [
        ("name_l = name_r", 0.93),
        ("sound_l = sound_r", 0.04),
        (
            "left(name_l, 1) = left(name_r, 1) AND length(name_l) = length(name_r) AND levenshtein(name_l, name_r) = 1",
            0.02,
        ),
    ],
    "birth": [("birth_l = birth_r", 0.95), ("hamming(birth_l, birth_r) = 1", 0.04)],
    "phone": [
        ("phone_l = phone_r", 0.75),
        ("length(phone_l) = length(phone_r) AND hamming(phone_l, phone_r) = 1", 0.05),
    ],
    "town": [("village_l = village_r", 0.7), ("town_l = town_r", 0.2)],
}
_RANKING = """
WITH weighed AS (
    SELECT row_l AS "left", row_r AS "right", match_probability AS probability, match_weight AS weight,
        lead(match_weight) OVER (PARTITION BY row_l ORDER BY match_weight DESC, row_r) AS next_left,
        lead(match_weight) OVER (PARTITION BY row_r ORDER BY match_weight DESC, row_l) AS next_right,
        row_number() OVER (PARTITION BY row_l ORDER BY match_weight DESC, row_r) AS place_left,
        row_number() OVER (PARTITION BY row_r ORDER BY match_weight DESC, row_l) AS place_right
    FROM pairs
)
SELECT "left", "right", probability, weight,
    place_left = 1 AND coalesce(weight - next_left >= 1, true) AS alone,
    place_left = 1 AND coalesce(weight - next_left >= 1, true)
        AND place_right = 1 AND coalesce(weight - next_right >= 1, true) AS mutual
FROM weighed ORDER BY "left", place_left
"""
_EMPTY = pa.table(
    {
        "left": pa.array([], pa.int64()),
        "right": pa.array([], pa.int64()),
        "probability": pa.array([], pa.float64()),
        "weight": pa.array([], pa.float64()),
        "alone": pa.array([], pa.bool_()),
        "mutual": pa.array([], pa.bool_()),
    }
)


def _both_have(left: pa.Table, right: pa.Table, column: str) -> bool:
    return bool(left[column].null_count < len(left) and right[column].null_count < len(right))


def _phones(column: pa.Array) -> pa.Array:
    plain = pc.match_substring_regex(column, r"^[0-9]{11}$")
    if pc.all(plain).as_py():
        return column
    digits = pc.utf8_slice_codeunits(pc.replace_substring_regex(column, r"[^0-9]", ""), start=-11)
    return pc.if_else(pc.greater_equal(pc.utf8_length(digits), 7), digits, None)
