"""The page of sources: which tables and views of other databases are read, how, and as which feed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import TableClause, column, table

from monitor.errors import Invalid
from monitor.feeds.agreed import Feeds

# By kind of watermark: how far back rows may still come late and are found, in days or, of numbers, in numbers.
OVERLAP: Mapping[str, float] = {"datetime": 1, "date": 1, "integer": 1000, "text": 0}
_NEEDED = ("feed", "url_file", "relation", "columns")
_WORDS = {*_NEEDED, "watermark", "kind", "overlap"}


@dataclass(frozen=True)
class Source:
    """One table or view of another database, and how its rows become a delivery of ``feed``.

    ``whole``: the feed is a full list, so the relation is read whole and needs no ``watermark``.
    """

    name: str
    feed: str
    whole: bool
    url_file: Path
    relation: str
    watermark: str
    kind: str
    overlap: float
    columns: Mapping[str, str]

    @property
    def rows(self) -> TableClause:
        """The relation as it is named there: ``view`` or ``schema.view``."""
        schema, _, name = self.relation.rpartition(".")
        return table(name, *(column(one) for one in self.named), schema=schema or None)

    @property
    def named(self) -> list[str]:
        """The columns of theirs that the page names."""
        return sorted({*self.columns.values()} | ({self.watermark} - {""}))

    def value(self, written: str) -> Any:
        """Return a mark as it is compared there, from how it was written down; refuses one of another kind."""
        try:
            if self.kind == "integer":
                return int(Decimal(written))
            if self.kind == "text":
                return written
            return datetime.fromisoformat(written) if self.kind == "datetime" else date.fromisoformat(written)
        except (ValueError, ArithmeticError):
            raise self.unfit() from None

    def floor(self, mark: Any) -> Any:
        """Return how far back from ``mark`` rows may still come late."""
        if self.kind == "text":
            return mark
        return mark - (int(self.overlap) if self.kind == "integer" else timedelta(days=self.overlap))

    def unfit(self) -> Invalid:
        """What to say of a watermark that is not of the kind the page says."""
        return Invalid(
            zh=f"{self.relation} 的列“{self.watermark}”不是 {self.kind} 类型，或类型已改变："
            f"请在取数设置中改正 watermark、kind；若已换列，请给该来源另起名称，从头读取",
            en=f'column "{self.watermark}" of {self.relation} is not of kind {self.kind}, or no longer: mend watermark '
            "and kind on the page; for another column give the source a new name, and it is read from its beginning",
        )


def written(mark: Any) -> str:
    """Write a mark down, so that ``Source.value`` reads it again."""
    return mark.isoformat() if isinstance(mark, date | datetime) else str(mark)


def read_sources(page: Path, feeds: Feeds) -> tuple[list[Source], dict[str, Invalid]]:
    """Read the page of sources (YAML): those that can be read, and by name what is wrong with the others.

    Each entry: ``feed``, ``url_file`` (a file, closed to others, that holds the SQLAlchemy URL), ``relation``,
    ``columns`` (feed column: their column) and, unless the feed is a full list, ``watermark`` (a column that grows
    with every change), ``kind`` of the watermark, ``overlap``. Refuses a page that cannot be read at all.
    """
    try:
        said = yaml.safe_load(page.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        kind = type(error).__name__
        raise Invalid(
            zh=f"取数设置 {page.name} 无法读取（{kind}）：须为 UTF-8 编码的 YAML，见 monitor/deploy/pulls.example.yaml",
            en=f"{page.name} cannot be read ({kind}): YAML in UTF-8, as monitor/deploy/pulls.example.yaml shows",
        ) from None
    if not isinstance(said, dict):
        raise Invalid(zh=f"{page.name} 须为“名称: 设置”的形式", en=f"{page.name} must map names to settings")
    found: list[Source] = []
    wrong: dict[str, Invalid] = {}
    for name, entry in said.items():
        try:
            found.append(_source(page, str(name)[:64], entry, feeds))
        except Invalid as refusal:
            wrong[str(name)[:64]] = refusal
    return found, wrong


def _source(page: Path, name: str, entry: Any, feeds: Feeds) -> Source:
    if not isinstance(entry, dict):
        raise _wrong(page, name, ", ".join(_NEEDED))
    missing = [one for one in _NEEDED if not entry.get(one)] + [str(one) for one in entry if one not in _WORDS]
    if missing or not isinstance(entry["columns"], dict):
        raise _wrong(page, name, ", ".join(missing) or "columns")
    feed = feeds.get(entry["feed"])
    if feed is None:
        raise _wrong(page, name, f"feed ({', '.join(feeds)})")
    strange = [str(one) for one in entry["columns"] if one not in feed.columns]
    if strange:
        raise _wrong(page, name, f"columns: {', '.join(strange)} ({', '.join(feed.columns)})")
    whole, kind = feed.mode == "full", entry.get("kind", "datetime")
    overlap = entry.get("overlap", OVERLAP.get(kind, 0))
    if kind not in OVERLAP or not (whole or entry.get("watermark")):
        raise _wrong(page, name, f"kind ({', '.join(OVERLAP)})" if kind not in OVERLAP else "watermark")
    if isinstance(overlap, bool) or not isinstance(overlap, int | float) or not 0 <= overlap < 1e9:
        raise _wrong(page, name, "overlap")
    return Source(
        name, feed.name, whole, (page.parent / entry["url_file"]).absolute(), str(entry["relation"]),
        "" if whole else str(entry["watermark"]), kind, float(overlap),
        {str(ours): str(theirs) for ours, theirs in entry["columns"].items()},
    )  # fmt: skip


def _wrong(page: Path, name: str, what: str) -> Invalid:
    return Invalid(zh=f"{page.name} 的 {name} 缺少或写错：{what}", en=f"{page.name}, {name}: missing or wrong: {what}")
