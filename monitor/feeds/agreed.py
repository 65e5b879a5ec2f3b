"""Which feed a file is, and which of its columns is which: by name, by manifest, or by the header itself."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path

from monitor.errors import Invalid
from monitor.feeds.problems import Problem, shape
from monitor.feeds.text import Sheet
from monitor.feeds.values import folded
from monitor.policy.feed_pages import FeedPage, read_feed
from monitor.policy.reading import pages, read_page

PACK = Path(__file__).resolve().parents[1] / "policy"
REGISTER = "household_register"
Feeds = Mapping[str, FeedPage]
_UNIT = re.compile(r"[(（\[【][^)）\]】万]*[)）\]】]$")


@dataclass(frozen=True)
class Recognised:
    """A sheet understood: its feed, and for each of the feed's columns found, its place in the sheet."""

    page: FeedPage
    sheet: Sheet
    places: Mapping[str, int]
    problems: tuple[Problem, ...]


@lru_cache(maxsize=8)
def feed_pages(root: Path = PACK) -> Feeds:
    """Return every feed page of a policy pack, read once in a process."""
    return {name: read_feed(name, read_page(path, root)) for name, path in pages(root, "feeds")}


def by_name(feeds: Feeds, file_name: str) -> str | None:
    """Return the feed that a file's name begins with, in English or as the page describes it in Chinese."""
    stem = file_name.split(".")[0].strip()
    named = {name.lower(): name for name in feeds} | {page.description.zh: name for name, page in feeds.items()}
    return named.get(stem.lower())


def recognise(feeds: Feeds, sheets: Sequence[Sheet], *, feed: str | None, keys_only: bool = False) -> Recognised:
    """Find the one sheet that is a delivery and the place of each column in it.

    With ``keys_only`` (a withdrawal) only the key's columns are needed. Refuses a header without a required
    column, one that names a column twice, and a file that fits several feeds, naming what to mend.
    """
    found = [_fit(page, sheet, keys_only) for sheet in sheets for page in _asked(feeds, feed)]
    fitting = [fit for fit in found if not fit[1]]
    if not fitting:
        raise _unfit(feeds, feed, found, sheets)
    most = max(len(fit[0].places) for fit in fitting)
    best = [fit[0] for fit in fitting if len(fit[0].places) == most]
    if len({one.page.name for one in best}) > 1:
        names = "、".join(sorted({one.page.name for one in best}))
        raise Invalid(
            zh=f"表头同时符合 {names}，请在文件名或 --feed 中写明",
            en=f"the header fits several feeds ({names}): name the feed in the file's name or with --feed",
        )
    if len({id(one.sheet) for one in best}) > 1:
        raise Invalid(
            zh="工作簿里有多个数据表，请合并为一个", en="the workbook holds several sheets of data: put all rows on one"
        )
    return best[0]


def _asked(feeds: Feeds, feed: str | None) -> list[FeedPage]:
    if feed is None:
        return list(feeds.values())
    if feed not in feeds:
        raise unnamed()
    return [feeds[feed]]


def unnamed() -> Invalid:
    """Return the refusal of a feed's name that nobody agreed on; the name is not repeated, for it may be anything."""
    return Invalid(
        zh="文件名、命令或清单写明的部门数据不在约定之内；lowincome feeds 可列出全部名称",
        en="the feed that the name, the command or the manifest states does not exist; lowincome feeds lists them all",
    )


def _fit(page: FeedPage, sheet: Sheet, keys_only: bool) -> tuple[Recognised, list[str]]:
    """Place the header's columns; returns what is missing, too."""
    known = {_plain(header): name for name, column in page.columns.items() for header in (name, *column.headers)}
    places: dict[str, int] = {}
    problems: list[Problem] = []
    for place, header in enumerate(sheet.header):
        name = known.get(_plain(header))
        if name is None:
            problems.append(_unknown(place, header))
        elif name in places:
            raise Invalid(
                zh=f"“{page.columns[name].headers[0]}”（{name}）一列出现了两次",
                en=f'the column "{name}" stands in the header twice',
            )
        else:
            places[name] = place
    needed = page.key if keys_only else [name for name, column in page.columns.items() if column.required]
    missing = [name for name in needed if name not in places]
    return Recognised(page, sheet, places, tuple(problems)), missing


def _plain(header: str) -> str:
    return _UNIT.sub("", folded(header).strip("'\"﻿ ").replace(" ", "")).lower()


def _unknown(place: int, header: str) -> Problem:
    """An unknown column is told by its letter and its shape: a file without a header has people's data there."""
    letter = chr(65 + place) if place < 26 else f"{chr(64 + place // 26)}{chr(65 + place % 26)}"
    return Problem(
        "column_unknown",
        f"第 {letter} 列不在约定之内，已忽略（形如 {shape(header)}）",
        f"column {letter} is not in the agreement and was ignored (it looks like {shape(header)})",
    )


def _unfit(
    feeds: Feeds, feed: str | None, found: Sequence[tuple[Recognised, list[str]]], sheets: Sequence[Sheet]
) -> Invalid:
    if not found:
        return Invalid(zh="文件是空的", en="the file is empty")
    if feed is None:
        return Invalid(
            zh="表头不符合任何部门数据，请在文件名或 --feed 中写明是哪一种",
            en="the header fits no feed: name the feed in the file's name or with --feed",
        )
    missing = min((lacking for _, lacking in found), key=len)
    zh = "、".join(f"{feeds[feed].columns[name].headers[0]}（{name}）" for name in missing)
    zh_hint, en_hint = _rather(feeds, sheets) or ("", "")
    return Invalid(
        zh=f"{feeds[feed].description.zh}缺少必需的列：{zh}；请检查表头{zh_hint}",
        en=f"{feed} lacks required columns: {', '.join(missing)}; check the header{en_hint}",
    )


def _rather(feeds: Feeds, sheets: Sequence[Sheet]) -> tuple[str, str] | None:
    """Name the one feed whose every required column the header has: the file may bear another's name."""
    fitting = []
    for page, sheet in product(feeds.values(), sheets):
        with suppress(Invalid):
            fitting += [page] if not _fit(page, sheet, keys_only=False)[1] else []
    if len({page.name for page in fitting}) != 1:
        return None
    page = fitting[0]
    return f"，它像是{page.description.zh}（{page.name}）", f": it looks like {page.name}"
