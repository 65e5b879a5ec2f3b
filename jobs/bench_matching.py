"""How fast and how right matching is, on made-up people whose truth is known.

The people: surnames and given characters as unevenly spread as real ones, households that share phone and
village. The second list holds nine tenths of them, with the slips that typists make, and strangers, some of them
relatives who give the same phone and address.
"""

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from monitor.matching import evidence, names

Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.str_]
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_COUNTIES = np.array(["340202", "340207", "340209", "340210", "340212", "340223", "340281"])
_STRANGERS, _RELATED = 0.1, 0.3
_SHARED = ("phone", "county", "town", "village")
_NAME_SOUND, _NAME_OTHER = 0.03, 0.015
_BIRTH_SLIP, _BIRTH_ABSENT = 0.03, 0.02
_PHONE_ABSENT, _PHONE_CHANGED = 0.3, 0.08
_MOVED, _VILLAGE_ABSENT = 0.02, 0.2


@dataclass(frozen=True)
class People:
    """A list of made-up people, one array a column."""

    name: Texts
    birth: Texts
    phone: Texts
    county: Texts
    town: Texts
    village: Texts

    def written(self) -> dict[str, pa.Array]:
        """Return the columns as a file would give them; an empty text is an absent one."""
        return {key: pa.array(np.where(column == "", None, column)) for key, column in vars(self).items()}

    def take(self, rows: Ints) -> "People":
        return People(**{key: column[rows] for key, column in vars(self).items()})


def made_up(count: int, random: np.random.Generator) -> People:
    """Return ``count`` people in households of one to five, who share a phone and a village."""
    household = np.cumsum(random.random(count) < 0.42)
    homes = int(household[-1]) + 1
    phone = np.char.add("1", random.integers(3 * 10**9, 10**10, homes).astype(str))[household]
    county = _COUNTIES[random.integers(0, len(_COUNTIES), homes)][household]
    town = np.char.add(county, (101 + random.integers(0, 10, homes)).astype(str)[household])
    village = np.char.add(town, (201 + random.integers(0, 12, homes)).astype(str)[household])
    born = np.datetime64("1935-01-01") + random.integers(0, 32_000, count)
    birth = np.char.replace(born.astype(str), "-", "")
    return People(_names(count, random), birth, phone, county, town, village)


def written_again(people: People, random: np.random.Generator) -> tuple[People, Ints]:
    """Return the second list in another order, and for each of its rows the row of ``people`` or -1."""
    count = len(people.name)
    same = random.permutation(count)
    strangers = random.random(count) < _STRANGERS
    fresh = _relatives(made_up(count, random), people.take(same), random)
    columns = {key: np.where(strangers, getattr(fresh, key), column) for key, column in vars(people.take(same)).items()}
    columns["name"] = _respelt(columns["name"], random)
    columns["birth"] = _slipped(columns["birth"], random)
    changed = random.random(count) < _PHONE_CHANGED
    columns["phone"] = np.where(changed, fresh.phone, columns["phone"])
    columns["phone"] = np.where(random.random(count) < _PHONE_ABSENT, "", columns["phone"])
    moved = random.random(count) < _MOVED
    for key in ("county", "town", "village"):
        columns[key] = np.where(moved, getattr(fresh, key), columns[key])
    columns["village"] = np.where(random.random(count) < _VILLAGE_ABSENT, "", columns["village"])
    return People(**columns), np.where(strangers, -1, same)


def _relatives(fresh: People, people: People, random: np.random.Generator) -> People:
    """Make some of ``fresh`` relatives of ``people``: same family name, phone and village, another given name."""
    related = random.random(len(fresh.name)) < _RELATED
    family = np.array([name[:1] for name in people.name])
    given = np.array([name[1:] for name in fresh.name])
    shared = {key: np.where(related, getattr(people, key), getattr(fresh, key)) for key in _SHARED}
    return People(name=np.where(related, np.char.add(family, given), fresh.name), birth=fresh.birth, **shared)


def bench_evidence(count: int = 1_000_000, *, seed: int = 7) -> dict[str, Any]:
    """Compare ``count`` with ``count`` records without a number: seconds, and one-to-one against the truth.

    The clock covers everything from the names as written to the ranked pairs: keys, training, prediction.
    """
    random = np.random.default_rng(seed)
    people = made_up(count, random)
    again, same = written_again(people, random)
    listed, known = again.written(), people.written()
    started = time.perf_counter()
    left, right = evidence.records(**listed), evidence.records(**known)
    prepared = time.perf_counter()
    pairs = evidence.compare(left, right)
    ended = time.perf_counter()
    judged = {f"one_to_one_{level}": _judged(pairs.one_to_one(level), same) for level in (0.9, 0.99)}
    return {
        "records": count,
        "seconds": ended - started,
        "seconds_preparing": prepared - started,
        "pairs": len(pairs.table),
        **judged,
        "baseline_name_and_birth": _judged(_baseline(left, right), same),
    }


def _judged(pairs: pa.Table, same: Ints) -> dict[str, float]:
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    right_ones = int((same[left] == right).sum())
    return {"precision": right_ones / max(1, len(left)), "recall": right_ones / int((same >= 0).sum())}


def _baseline(left: pa.Table, right: pa.Table) -> pa.Table:
    """Equal name and birth date, each once on its side."""
    unique = []
    for side, row in ((left, "left"), (right, "right")):
        counted = (
            side.select(["name", "birth", "row"])
            .group_by(["name", "birth"])
            .aggregate([("row", "min"), ("row", "count")])
        )
        once = counted.filter(pa.compute.equal(counted["row_count"], 1)).drop_columns(["row_count"])
        unique.append(once.rename_columns(["name", "birth", row]))
    return unique[0].join(unique[1], keys=["name", "birth"], join_type="inner")


def _names(count: int, random: np.random.Generator) -> Texts:
    surnames = _uneven(np.array(list(_SURNAMES)), 8, 1.2, count, random)
    characters = random.permutation(_common_characters())
    first = _uneven(characters, 20, 1.3, count, random)
    second = np.where(random.random(count) < 0.8, _uneven(characters, 20, 1.3, count, random), "")
    return np.char.add(np.char.add(surnames, first), second)


def _uneven(values: Texts, shift: int, power: float, count: int, random: np.random.Generator) -> Texts:
    weights = (np.arange(len(values)) + shift) ** -power
    return values[random.choice(len(values), count, p=weights / weights.sum())]


def _common_characters() -> Texts:
    """The 3,755 common characters of GB 2312."""
    rows = [bytes((0xA0 + row, 0xA0 + cell)) for row in range(16, 56) for cell in range(1, 95)]
    return np.array(list(b"".join(rows[:-5]).decode("gb2312")))


def _respelt(written: Texts, random: np.random.Generator) -> Texts:
    """Change one character of some names: to another of the same sound, or to any other."""
    characters = _common_characters()
    by_sound: defaultdict[str, list[str]] = defaultdict(list)
    for character in characters:
        by_sound[names.sound(character)].append(character)
    chance = random.random(len(written))
    result = written.copy()
    for row in np.flatnonzero(chance < _NAME_SOUND + _NAME_OTHER).tolist():
        name, place = written[row], int(random.integers(1, len(written[row])))
        pool = by_sound[names.sound(name[place])] if chance[row] < _NAME_SOUND else characters
        result[row] = name[:place] + random.choice(pool) + name[place + 1 :]
    return result


def _slipped(birth: Texts, random: np.random.Generator) -> Texts:
    """Change one digit of some birth dates and leave some out."""
    chance = random.random(len(birth))
    result = birth.copy()
    for row in np.flatnonzero(chance < _BIRTH_SLIP).tolist():
        place = int(random.integers(2, 8))
        result[row] = birth[row][:place] + str(random.integers(0, 10)) + birth[row][place + 1 :]
    result[chance > 1 - _BIRTH_ABSENT] = ""
    return result
