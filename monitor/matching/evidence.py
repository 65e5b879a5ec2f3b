"""Records without a number: whom name, sound, birth date, phone and place point to, weighed by Splink.

Fellegi and Sunter's model inside a county, rare names weighing more than common ones. What it finds is
proposed to a worker and never linked by itself; two persons for whom equally much speaks stay two.
Source of the method: Splink 5 (Ministry of Justice, UK), link_only, DuckDB.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from splink import DuckDBAPI, Linker, block_on

from monitor.matching import names

LIKELY = 0.99
POSSIBLE = 0.5
# Below this many records on either side nothing can be learned of how often true pairs differ.
_ENOUGH_TO_LEARN = 5_000
# With more pairs than this in all, a common name alone no longer makes a pair worth comparing.
_MANY_PAIRS = 1e11
_SHARE_IN_REGISTER = 0.5
_ENOUGH_FOR_A_TENTH = 200_000
_PAIRS_FOR_U = 1.1e6
_SEED = 11
_SHOWN = 5

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
    listed = _encoded(name)
    forms, sounds, families = names.keys(listed.dictionary.to_pylist())
    nameless = pa.array([not form for form in forms]).to_numpy(zero_copy_only=False)
    empty = pa.nulls(len(listed), pa.string())
    columns = {
        "row": pa.array(range(len(listed)), pa.int64()),
        "name": pa.array(forms, mask=nameless).take(listed.indices),
        "sound": pa.array(sounds, mask=nameless).take(listed.indices),
        "family": pa.array(families, mask=nameless).take(listed.indices),
        "birth": empty if birth is None else birth,
        "phone": empty if phone is None else _phones(phone),
        "county": county,
        "town": empty if town is None else town,
        "village": empty if village is None else village,
    }
    return pa.table(columns)


def compare(left: pa.Table, right: pa.Table, *, at_least: float = POSSIBLE) -> Pairs:
    """Return the pairs of ``left`` and ``right`` whose probability is ``at_least``, in a fixed order.

    With many records the model learns from them how often true pairs differ (EM); with few it uses
    the stated shares below. What two random people share by chance is always taken from the records.
    """
    if not len(left) or not len(right):
        return Pairs(_EMPTY)
    present = [column for column in ("birth", "phone", "town") if _both_have(left, right, column)]
    backend = DuckDBAPI()
    linker = _linker(backend, left, right, _learned(left, right, present))
    predicted = linker.inference.predict(threshold_match_probability=at_least, warning_mode="never")
    backend.duckdb_con.table(predicted.physical_name).create_view("pairs")
    return Pairs(backend.duckdb_con.sql(_RANKING).to_arrow_table())


def _linker(backend: DuckDBAPI, left: pa.Table, right: pa.Table, model: dict[str, Any]) -> Linker:
    backend.duckdb_con.execute("SET enable_progress_bar = false")
    sides = [
        backend.register(left, dataset_display_name="a_left"),
        backend.register(right, dataset_display_name="b_right"),
    ]
    return Linker(sides, model, log_level=None, validate_settings=False)


def _learned(left: pa.Table, right: pa.Table, present: Sequence[str]) -> dict[str, Any]:
    """Return the model with its shares learned, each from the tenth of the records that tells it without bias."""
    model = _taught(left, right, _settings(present, len(left), len(right)), by="row")
    if min(len(left), len(right)) >= _ENOUGH_TO_LEARN:
        for column in ("sound", *[column for column in ("birth", "phone") if column in present][:1]):
            model = _taught(left, right, model, by=column)
    return model


def _taught(left: pa.Table, right: pa.Table, model: dict[str, Any], *, by: str) -> dict[str, Any]:
    """Teach the model chance agreement from random pairs (``row``), or slips from the pairs equal in a column."""
    linker = _linker(DuckDBAPI(), _tenth(left, by), _tenth(right, by), model)
    if by == "row":
        linker.training.estimate_u_using_random_sampling(max_pairs=_PAIRS_FOR_U, seed=_SEED)
    else:
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


def _settings(present: Sequence[str], asked: int, people: int) -> dict[str, Any]:
    compared = [_NAME, *(_COMPARED[column] for column in present)]
    blocks = [block_on("county", *columns) for columns in _blocks(present, narrow=asked * people > _MANY_PAIRS)]
    return {
        "link_type": "link_only",
        "unique_id_column_name": "row",
        "comparisons": compared,
        "blocking_rules_to_generate_predictions": blocks,
        "probability_two_random_records_match": _SHARE_IN_REGISTER / people,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "max_iterations": 8,
    }


def _blocks(present: Sequence[str], *, narrow: bool) -> list[tuple[str, ...]]:
    """Return what two records must share, county apart, to be compared at all: one of these."""
    slips = [("family", column) for column in ("birth", "phone") if column in present]
    further = [("sound", column) for column in ("town", "birth") if column in present]
    return [*further, *slips] if narrow and further else [("sound",), *slips]


def _level(condition: str, label: str, m: float, **more: Any) -> dict[str, Any]:
    return {"sql_condition": condition, "label_for_charts": label, "m_probability": m, **more}


def _comparison(column: str, *levels: dict[str, Any]) -> dict[str, Any]:
    absent = {
        "sql_condition": f"{column}_l IS NULL OR {column}_r IS NULL",
        "label_for_charts": "absent",
        "is_null_level": True,
    }
    left_over = 1 - sum(level["m_probability"] for level in levels)
    return {
        "output_column_name": column,
        "comparison_levels": [absent, *levels, _level("ELSE", "different", left_over)],
    }


_NAME = _comparison(
    "name",
    _level("name_l = name_r", "equal", 0.93, tf_adjustment_column="name"),
    _level("sound_l = sound_r", "sound", 0.04, tf_adjustment_column="name"),
    _level(
        "left(name_l, 1) = left(name_r, 1) AND length(name_l) = length(name_r) AND levenshtein(name_l, name_r) = 1",
        "one character",
        0.02,
    ),
)
_COMPARED = {
    "birth": _comparison(
        "birth",
        _level("birth_l = birth_r", "equal", 0.95),
        _level("hamming(birth_l, birth_r) = 1", "one slip", 0.04),
    ),
    "phone": _comparison(
        "phone",
        _level("phone_l = phone_r", "equal", 0.75),
        _level("length(phone_l) = length(phone_r) AND hamming(phone_l, phone_r) = 1", "one slip", 0.05),
    ),
    "town": _comparison(
        "town",
        _level("village_l = village_r", "village", 0.7),
        _level("town_l = town_r", "town", 0.2),
    ),
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


def _encoded(column: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column if pa.types.is_dictionary(column.type) else column.dictionary_encode()


def _phones(column: pa.Array) -> pa.Array:
    digits = pc.replace_substring_regex(column, r"[^0-9]", "")
    last = pc.utf8_slice_codeunits(digits, start=-11)
    return pc.if_else(pc.greater_equal(pc.utf8_length(last), 7), last, None)
