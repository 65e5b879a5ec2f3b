"""A table of any columns, read from a file and turned into numbers that a model can read."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from models.refusals import Unlearnable, Unscorable, named

Kind = Literal["number", "truth", "date", "category"]
LEVELS_MOST = 60
LEVEL_ROWS_LEAST = 5
_ID_SHARE = 0.5
_ID_LEVELS = 50
_READABLE = 0.99
_ENCODINGS = ("utf-8-sig", "gb18030")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# What offices and statistics packages write where they know nothing, beside what pandas reads as such.
_NOTHING = (".", "-", "--", "缺失", "不详", "未知")
_MARKS = r"^[¥￥]\s*|\s*[元%]$"
_THOUSANDS = r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$"


def read(path: Path) -> pd.DataFrame:
    """Read a CSV (UTF-8, GB18030 or UTF-16 with its mark, names in its first line) or a Parquet file.

    A CSV may be parted by commas, semicolons (then numbers may have a decimal comma, where none has a point) or tabs.
    "." and "-" are missing. Refuses an empty or unclear file.
    """
    try:
        table = _parquet(path) if path.suffix.lower() in (".parquet", ".pq") else _csv(path)
    except FileNotFoundError:
        raise Unlearnable(zh=f"没有这个文件：{path.name}", en=f"there is no such file: {path.name}") from None
    except (pa.ArrowException, pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError) as error:
        raise Unlearnable(zh=f"无法读取 {path.name}：{error}", en=f"{path.name} cannot be read: {error}") from None
    twice = table.columns[table.columns.duplicated()].unique().tolist()
    if twice:
        raise Unlearnable(
            zh=f"列名重复：{named(twice)}；请改名", en=f"columns of the same name: {named(twice)}; rename them"
        )
    if table.empty:
        raise Unlearnable(zh="表中没有数据", en="the table has no rows")
    return table.reset_index(drop=True)


def _parquet(path: Path) -> pd.DataFrame:
    table = pq.read_table(path)
    names = table.column_names
    if len(set(names)) < len(names):
        return pd.DataFrame(columns=pd.Index(names))
    frame: pd.DataFrame = table.to_pandas()
    kept = [name for name in frame.index.names if name is not None and name not in frame.columns]
    return frame.reset_index(level=kept) if kept else frame


def _csv(path: Path) -> pd.DataFrame:
    with path.open("rb") as file:
        marked = file.read(2) in _UTF_16
    for encoding in ("utf-16",) if marked else _ENCODINGS:
        try:
            head, sep = _head(path, encoding)
            table = _cells(path, encoding, sep, ".")
            if sep == ";" and not any(map(_has_parts, (table[name] for name in table.select_dtypes("float")))):
                table = _cells(path, encoding, sep, ",")
        except UnicodeError:
            continue
        names = [str(name) for name in head.iloc[0]]
        return table if len(set(names)) == len(names) == table.shape[1] else table.set_axis(names, axis=1)
    raise Unlearnable(
        zh="CSV 编码应为 UTF-8、GB18030 或带标记的 UTF-16",
        en="a CSV file is in UTF-8, GB18030 or UTF-16 with its mark",
    )


def _cells(path: Path, encoding: str, sep: str, decimal: str) -> pd.DataFrame:
    nothing = list(_NOTHING)
    return pd.read_csv(path, encoding=encoding, low_memory=False, sep=sep, decimal=decimal, na_values=nothing)


def _has_parts(values: "pd.Series[float]") -> bool:
    return bool((values.dropna() % 1 != 0).any())


def _head(path: Path, encoding: str) -> tuple[pd.DataFrame, str]:
    """Return the line of names, and what parts them."""
    heads = {sep: pd.read_csv(path, header=None, nrows=1, dtype=str, encoding=encoding, sep=sep) for sep in ",;\t"}
    sep = max(heads, key=lambda one: heads[one].shape[1])
    return heads[sep], sep


@dataclass(frozen=True)
class Column:
    """How a column becomes a number: itself, 0 and 1, days since 1970, or its category's place in ``levels``."""

    name: str
    kind: Kind
    levels: tuple[str, ...] = ()

    def numbers(self, values: "pd.Series[Any]") -> np.ndarray:
        """Return the column as float64; missing, unreadable and never-seen categories are NaN."""
        match self.kind:
            case "date":
                return days(values)
            case "category":
                place = {level: float(code) for code, level in enumerate(self.levels)}
                return _texts(values).map(place).to_numpy(dtype=np.float64, na_value=np.nan)
            case _:
                return amounts(values)


@dataclass(frozen=True)
class Columns:
    """What the features of a table are, learned from the rows that a model may learn from and from no others (LR5).

    ``left_out`` says, by column, why it is no feature: constant, never filled, or as good as an id.
    """

    features: tuple[Column, ...]
    left_out: dict[str, str]

    @classmethod
    def learned(cls, table: pd.DataFrame, *, but: Iterable[str] = ()) -> Self:
        """Learn how the columns of ``table``, all ``but`` some, are read. Refuses infinities, naming the columns."""
        barred, found, left_out = set(but), [], {}
        infinite = [str(name) for name in table.columns if name not in barred and _is_infinite(table[name])]
        if infinite:
            raise Unlearnable(
                zh=f"这些列含无穷大：{named(infinite)}；请改为缺失或合理数值",
                en=f"infinite values in {named(infinite)}: make them missing or finite",
            )
        for name in table.columns:
            if name in barred:
                continue
            column, why = _learned(table[name])
            if why:
                left_out[str(name)] = why
            elif column is not None:
                found.append(column)
        return cls(tuple(found), left_out)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.features)

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.features if column.kind == "category")

    def without(self, names: Iterable[str], why: str) -> Self:
        """Return them but for some; ``why`` is kept beside each, unless it is empty."""
        gone = set(names)
        left = {name: why for name in self.names if name in gone and why}
        return replace(self, features=tuple(one for one in self.features if one.name not in gone),
                       left_out=self.left_out | left)  # fmt: skip

    def numbers(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the features as float64, one column each, always in the learned order whatever the table's.

        Refuses a table that lacks a feature, or has infinities where a number is wanted; columns more are not read.
        """
        lost = [name for name in self.names if name not in table.columns]
        if lost:
            raise Unscorable(
                zh=f"缺少列：{named(lost)}；请补齐（可为空）",
                en=f"columns are lacking: {named(lost)}; add them, empty if unknown",
            )
        made = {column.name: column.numbers(table[column.name]) for column in self.features}
        infinite = [name for name, values in made.items() if np.isinf(values).any()]
        if infinite:
            raise Unscorable(
                zh=f"这些列含无穷大：{named(infinite)}；请改为缺失或合理数值",
                en=f"infinite values in {named(infinite)}: make them missing or finite",
            )
        return pd.DataFrame(made, index=table.index)

    def as_plain(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return {"features": [asdict(column) for column in self.features], "left_out": dict(self.left_out)}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        """Return what ``as_plain`` was told."""
        features = [Column(one["name"], one["kind"], tuple(one["levels"])) for one in plain["features"]]
        return cls(tuple(features), dict(plain["left_out"]))


def _is_infinite(values: "pd.Series[Any]") -> bool:
    return pd.api.types.is_float_dtype(values.dtype) and bool(
        np.isinf(values.to_numpy(dtype=np.float64, na_value=np.nan)).any()
    )


def _learned(values: "pd.Series[Any]") -> tuple[Column | None, str]:
    known = values.dropna()
    if known.empty:
        return None, "没有任何值 / never filled"
    name, kind = str(values.name), _kind(known)
    if kind is None:
        return None, "不是数值、日期、真假或类别 / no number, date, truth or category"
    if kind != "category":
        column = Column(name, kind)
        filled = column.numbers(known)
        return (
            (column, "")
            if np.unique(filled[np.isfinite(filled)]).size > 1 or len(known) < len(values)
            else (
                None,
                "只有一个值 / one value only",
            )
        )
    counts = _texts(known).value_counts()
    if len(counts) > _ID_LEVELS and len(counts) > _ID_SHARE * len(known):
        return None, "几乎每行不同，视为编号 / different in almost every row: an id"
    if len(counts) == 1 and len(known) == len(values):
        return None, "只有一个值 / one value only"
    ranked = sorted(
        counts[counts >= min(LEVEL_ROWS_LEAST, counts.max())].items(), key=lambda one: (-one[1], str(one[0]))
    )
    return Column(name, "category", tuple(str(level) for level, _ in ranked[:LEVELS_MOST])), ""


def _kind(known: "pd.Series[Any]") -> Kind | None:
    dtype = known.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return "truth"
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        return "number"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "date"
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if known.map(lambda value: isinstance(value, list | dict | set | np.ndarray | bytes)).any():
        return None
    if np.mean(~np.isnan(amounts(known))) >= _READABLE:
        return "number"
    if np.isfinite(days(known)).mean() >= _READABLE:
        return "date"
    return "category"


def amounts(values: "pd.Series[Any]") -> np.ndarray:
    """Return numbers, or texts that say such (``1,234.5``, ``12%``, ``¥30``, ``5元``), as float64, else NaN."""
    if not pd.api.types.is_numeric_dtype(values.dtype):
        told = pd.to_numeric(values.astype("object"), errors="coerce")
        if told.notna().sum() == values.notna().sum():
            return told.to_numpy(dtype=np.float64, na_value=np.nan)
        texts = values.astype("string").str.strip()
        texts = texts.str.replace(_MARKS, "", regex=True)
        values = texts.mask(texts.str.match(_THOUSANDS).fillna(False), texts.str.replace(",", "", regex=False))
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)


def _texts(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return values as text, a whole float as a whole number, so that a file's storage does not rename a category."""
    texts = values.astype("string")
    return texts.str.strip().str.removesuffix(".0")


def days(values: "pd.Series[Any]") -> np.ndarray:
    """Return dates, or texts that say such, as days since 1970; NaN where they say none."""
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        texts = values.astype("string").str.strip().str.replace("/", "-", regex=False)
        texts = texts.where(texts.str.match(r"^\d{4}-\d{1,2}-\d{1,2}([ T].*)?$").fillna(False))
        values = pd.to_datetime(texts, errors="coerce", format="ISO8601", utc=True)
    instants = pd.to_datetime(values, utc=True).dt.tz_localize(None)
    return ((instants - pd.Timestamp(1970, 1, 1)) / pd.Timedelta(days=1)).to_numpy(dtype=np.float64, na_value=np.nan)
