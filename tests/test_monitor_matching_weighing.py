"""A stated model weighed in one statement: Splink's own answer, to the last bit, in whatever thread it is asked."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

from monitor.matching import chance, evidence

FAMILIES, GIVEN = "王汪李黎张章刘柳陈程", "伟玮芳方娜英敏静净丽强磊杰傑"
COUNTIES = ("340202", "340207", None)


def side(rows: int, chance_: np.random.Generator, *, empty: float, birth: bool) -> pa.Table:
    """People of few names, phones and places, so that every level of agreement is met; some cells are empty."""

    def column(cells: list[str]) -> pa.Array:
        return pa.array(cells, pa.string(), mask=chance_.random(rows) < empty)

    towns = chance_.integers(1, 5, rows)
    return evidence.records(
        name=column(
            [
                FAMILIES[chance_.integers(len(FAMILIES))] + "".join(chance_.choice(list(GIVEN), chance_.integers(1, 3)))
                for _ in range(rows)
            ]
        ),
        county=pa.array([COUNTIES[at] for at in chance_.choice(3, rows, p=[0.6, 0.3, 0.1])], pa.string()),
        phone=column([f"1390000{number:04d}" for number in chance_.integers(0, 400, rows)]),
        birth=column([f"19{year}010{day}" for year, day in chance_.integers((61, 1), (70, 10), (rows, 2))])
        if birth
        else None,
        town=column([f"34020210{town}" for town in towns]),
        village=column([f"34020210{town}20{house}" for town, house in zip(towns, towns % 3, strict=True)]),
    )


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("birth", [False, True])
@pytest.mark.parametrize("empty", [0.0, 0.3])
def test_one_statement_says_what_splink_says(seed: int, birth: bool, empty: float) -> None:
    chance_ = np.random.default_rng(seed)
    left, right = side(60, chance_, empty=empty, birth=birth), side(1500, chance_, empty=empty, birth=True)
    present = [column for column in ("birth", "phone", "town") if left[column].null_count < len(left)]
    model = evidence._model(chance.count(right), present, narrow=False)
    splink = evidence.by_splink(left, right, model, at_least=0.001)
    assert evidence.compare(left, right, at_least=0.001).table.equals(splink.table)
    assert len(splink.table) > 20


def test_a_list_of_many_pairs_is_narrowed_as_splink_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "_MANY_PAIRS", 1e3)
    chance_ = np.random.default_rng(9)
    left, right = (side(rows, chance_, empty=0.1, birth=True) for rows in (60, 1500))
    model = evidence._model(chance.count(right), ["birth", "phone", "town"], narrow=True)
    splink = evidence.by_splink(left, right, model, at_least=0.001)
    assert evidence.compare(left, right, at_least=0.001).table.equals(splink.table)
    assert len(splink.table) > 5


def test_lists_compared_beside_each_other_do_not_mix() -> None:
    lists = [side(40, np.random.default_rng(seed), empty=0.1, birth=False) for seed in range(6)]
    register = side(1500, np.random.default_rng(50), empty=0.1, birth=True)
    alone = [evidence.compare(one, register, at_least=0.001).table for one in lists]
    with ThreadPoolExecutor(3) as pool:
        together = pool.map(lambda one: evidence.compare(one, register, at_least=0.001).table, lists)
        assert all(one.equals(other) for one, other in zip(alone, together, strict=True))
    assert len({str(table.to_pylist()) for table in alone}) == len(lists)
