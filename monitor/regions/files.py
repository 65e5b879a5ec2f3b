"""Region files: the dated codes that ship with the service, and lists of towns and villages to add.

A list is CSV (UTF-8, header) or YAML with the fields of ``Place``; only ``code`` and ``name`` are required.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from monitor.errors import Invalid
from monitor.regions.codes import level_of, short

OFFICIAL = "official"
SINCE_EVER = date(1900, 1, 1)


@dataclass(frozen=True)
class Place:
    """An official code (short form) with its name, valid from a day until another (exclusive).

    ``successor`` is the code that took its territory over. ``scheme`` is the numbering that the code
    belongs to: local systems have used official-looking codes for other places. ``mark`` says how sure
    the entry is (sourced, recalled, made up). ``under`` is the region that manages the place where its
    digits say another: a street handed to a development zone.
    """

    code: str
    name: str
    scheme: str = OFFICIAL
    valid_from: date = SINCE_EVER
    valid_to: date | None = None
    successor: str | None = None
    mark: str = "sourced"
    under: str | None = None

    @property
    def parent(self) -> str | None:
        """The code one level up, by who manages the place; None for a province."""
        return self.under or self.prefix

    @property
    def prefix(self) -> str | None:
        """The code one level up by the digits alone."""
        ends = {4: 2, 6: 4, 9: 6, 12: 9}
        return self.code[: ends[len(self.code)]] if len(self.code) in ends else None

    @property
    def level(self) -> str:
        return level_of(self.code)

    def valid(self, on: date) -> bool:
        """Whether the code is in force on a day."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


@cache
def official() -> tuple[Place, ...]:
    """Return the codes that ship with the service: the province, the city, its counties then and now."""
    return read_places(Path(__file__).with_name("wuhu.yaml"))


def read_places(path: Path) -> tuple[Place, ...]:
    """Read a region file; refuses it naming row and field if a code, a date or a field is wrong."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _places(csv.DictReader(file), path.name)
    return _places(yaml.safe_load(path.read_text(encoding="utf-8")), path.name)


def _places(rows: Iterable[Mapping[str, Any]], file: str) -> tuple[Place, ...]:
    return tuple(
        _place({k: v for k, v in row.items() if v not in (None, "")}, file, at) for at, row in enumerate(rows, 1)
    )


def _place(row: dict[str, Any], file: str, at: int) -> Place:
    for field in row.keys() - {field.name for field in fields(Place)}:
        raise _wrong(file, at, field, "没有这个字段", "there is no such field")
    for field in {"code", "name"} - row.keys():
        raise _wrong(file, at, field, "缺少", "is missing")
    return Place(**{field: _read(field, value, file, at) for field, value in row.items()})


def _read(field: str, value: object, file: str, at: int) -> Any:
    if field in ("code", "successor", "under"):
        code = short(str(value))
        if code is None:
            raise _wrong(file, at, field, "不是2、4、6、9或12位代码", "is no code of 2, 4, 6, 9 or 12 digits")
        return code
    if field in ("valid_from", "valid_to") and not isinstance(value, date):
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise _wrong(file, at, field, "须为 YYYY-MM-DD", "must be YYYY-MM-DD") from None
    return value


def _wrong(file: str, at: int, field: str, zh: str, en: str) -> Invalid:
    return Invalid(zh=f"{file} 第{at}条 {field}：{zh}", en=f"{file}, entry {at}, {field}: {en}")
