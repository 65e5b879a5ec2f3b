"""Feed pages: what each agency sends, and past which limits a delivery waits for a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from monitor.policy.language import Kind, Place
from monitor.policy.reading import Part, Scalar, Words
from monitor.policy.vocabulary import UNITS

ColumnType = Literal[
    "text", "secret", "id", "name", "phone", "address", "region", "date", "month",
    "money", "number", "integer", "flag", "code", "term",
]  # fmt: skip
KINDS: dict[str, Kind] = {
    "text": "text", "region": "text", "code": "text", "term": "text",
    "date": "date", "month": "date",
    "money": "number", "number": "number", "integer": "number",
    "flag": "flag",
}  # fmt: skip
PERSONAL: tuple[ColumnType, ...] = ("secret", "id", "name", "phone", "address")
CADENCES = ("daily", "weekly", "monthly", "quarterly", "termly", "yearly", "event")


@dataclass(frozen=True)
class Column:
    """One column of a feed; ``headers`` are the names that agencies write above it.

    ``codes`` gives each code its name, ``words`` the code of every word that agencies write for one; with
    ``open`` a code that is not listed is kept as it is. With ``future`` a date may lie ahead of its delivery.
    """

    name: str
    headers: tuple[str, ...]
    type: ColumnType
    required: bool = False
    codes: Mapping[str, str] | None = None
    words: Mapping[str, str] | None = None
    open: bool = False
    future: bool = False
    default: Scalar = None
    low: float | None = None
    high: float | None = None
    unit: str = ""

    @property
    def personal(self) -> bool:
        """Whether the column never enters the lake."""
        return self.type in PERSONAL

    @property
    def kind(self) -> Kind | None:
        return KINDS.get(self.type)


@dataclass(frozen=True)
class Quality:
    """The limits past which a delivery is held for a person; None where there is no limit."""

    rows_low: float | None = None
    rows_high: float | None = None
    rows_from: int = 0
    nulls: float | None = None
    unmatched_rise: float | None = None
    amount_column: str | None = None
    amount_shift: float | None = None
    errors: float | None = None
    counties_shift: float | None = None
    counties_from: int = 0


@dataclass(frozen=True)
class FeedPage:
    """What one agency sends: its columns, key, mode, rhythm, legal basis and limits of quality."""

    name: str
    place: Place
    description: Words
    agency: Words
    legal_basis: Mapping[str, str]
    key: tuple[str, ...]
    mode: Literal["full", "append"]
    cadence: str
    fresh_days: int | None
    happened_on: str | None
    match: Literal["id", "evidence"]
    nil_return: bool
    columns: Mapping[str, Column]
    quality: Quality

    @property
    def amount_unit(self) -> str:
        """The unit of the amount that a row of evidence shows; empty where rows count different things."""
        name = self.quality.amount_column
        return "yuan" if name is None or self.columns[name].type == "money" else self.columns[name].unit

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The kinds of the columns that the lake keeps, for checking an expression over them."""
        return {c.name: c.kind for c in self.columns.values() if c.kind is not None}


def read_feed(name: str, page: Part) -> FeedPage:
    """Read one feed page; refuses a key or window column that the feed does not have."""
    said = page.fields(
        required=("description", "agency", "legal_basis", "key", "mode", "cadence", "fresh_days", "columns"),
        optional=("happened_on", "match", "nil_return", "quality"),
    )
    columns = {key: _column(key, part) for key, part in said["columns"].entries().items()}
    happened_on = said["happened_on"] if "happened_on" in said and said["happened_on"].value is not None else None
    for part in [*said["key"].items(), *([happened_on] if happened_on else [])]:
        if part.text() not in columns:
            raise part.refuse(zh=f"没有“{part.text()}”这一列", en=f'there is no column "{part.text()}"')
    return FeedPage(
        name=name,
        place=page.place,
        description=said["description"].words(),
        agency=said["agency"].words(),
        legal_basis={key: part.text() for key, part in said["legal_basis"].entries().items()},
        key=tuple(part.text() for part in said["key"].items()),
        mode=cast(Literal["full"], said["mode"].choice("full", "append")),
        cadence=said["cadence"].choice(*CADENCES),
        fresh_days=None if said["fresh_days"].value is None else said["fresh_days"].whole(),
        happened_on=happened_on.text() if happened_on else None,
        match=cast(Literal["id"], said["match"].choice("id", "evidence") if "match" in said else "id"),
        nil_return="nil_return" in said and said["nil_return"].flag(),
        columns=columns,
        quality=_quality(said["quality"], columns) if "quality" in said else Quality(),
    )


def _column(name: str, part: Part) -> Column:
    said = part.fields(
        required=("zh", "type"), optional=("required", "codes", "open", "future", "default", "min", "max", "unit")
    )
    codes = _codes(said["codes"]) if "codes" in said else None
    return Column(
        name=name,
        headers=tuple(item.text() for item in said["zh"].items()),
        type=cast(ColumnType, said["type"].choice(*PERSONAL, *KINDS)),
        required="required" in said and said["required"].flag(),
        codes={code: words[0] for code, words in codes.items()} if codes else None,
        words={word: code for code, words in codes.items() for word in words} if codes else None,
        open="open" in said and said["open"].flag(),
        future="future" in said and said["future"].flag(),
        default=said["default"].scalar() if "default" in said else None,
        low=said["min"].number() if "min" in said else None,
        high=said["max"].number() if "max" in said else None,
        unit=said["unit"].choice(*UNITS) if "unit" in said else "",
    )


def _codes(part: Part) -> dict[str, list[str]]:
    """Read each code's words, one or a list; refuses a word that would mean two codes."""
    codes: dict[str, list[str]] = {}
    seen: set[str] = set()
    for code, said in part.entries().items():
        listed = said.items() if isinstance(said.value, list) else [said]
        for word in listed:
            if word.text() in seen:
                raise word.refuse(zh=f"“{word.text()}”写在两个代码下", en=f'"{word.text()}" stands for two codes')
            seen.add(word.text())
        codes[code] = [word.text() for word in listed]
    return codes


def _quality(part: Part, columns: Mapping[str, Column]) -> Quality:
    said = part.fields(required=(), optional=("rows", "nulls", "unmatched", "amount", "errors", "counties"))
    rows = said["rows"].fields(required=("low", "high"), optional=("from",)) if "rows" in said else {}
    amount = said["amount"].fields(required=("column", "shift")) if "amount" in said else {}
    counties = said["counties"].fields(required=("shift",), optional=("from",)) if "counties" in said else {}
    if amount and amount["column"].choice(*columns) and columns[amount["column"].text()].kind != "number":
        raise amount["column"].refuse(zh="不是数值列", en="not a column of numbers")
    return Quality(
        rows_low=rows["low"].number() if rows else None,
        rows_high=rows["high"].number() if rows else None,
        rows_from=rows["from"].whole() if "from" in rows else 0,
        nulls=said["nulls"].number() if "nulls" in said else None,
        unmatched_rise=said["unmatched"].fields(required=("rise",))["rise"].number() if "unmatched" in said else None,
        amount_column=amount["column"].text() if amount else None,
        amount_shift=amount["shift"].number() if amount else None,
        errors=said["errors"].number() if "errors" in said else None,
        counties_shift=counties["shift"].number() if counties else None,
        counties_from=counties["from"].whole() if "from" in counties else 0,
    )
