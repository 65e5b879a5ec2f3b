"""Read a page of YAML strictly: every value keeps the line that it stands on, and nothing is guessed.

Duplicate keys, unknown keys, anchors and tags are refused. ``yes``, ``no`` and ``on`` are texts, a day is
a text until a field asks for one, and keys are always texts, so that the region "00" stays "00".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import cast

import yaml

from monitor.policy.language import Place, PolicyError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Scalar = str | int | float | bool | None
WHOLE = re.compile(r"-?(0|[1-9]\d*)\Z")
DECIMAL = re.compile(r"-?(0|[1-9]\d*)\.\d+\Z")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_WIDE_COLON = re.compile(r"\s*(- )?[A-Za-z_][\w.]*：")
_TAB = re.compile(r"( *)\t")
WORDS: Mapping[str, Scalar] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True)
class Words:
    """One thing said in both languages."""

    zh: str
    en: str

    def __getitem__(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Part:
    """A piece of a page: a scalar, a list of parts or a mapping of parts, and where it stands."""

    value: "Scalar | list[Part] | dict[str, Part]"
    place: Place

    def refuse(self, *, zh: str, en: str) -> PolicyError:
        return PolicyError(self.place, zh=zh, en=en)

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.refuse(zh="应为文字", en="expected text")
        return self.value

    def number(self) -> float:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.refuse(zh="应为数字", en="expected a number")
        return float(self.value)

    def whole(self) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.refuse(zh="应为整数", en="expected a whole number")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.refuse(zh="应为 true 或 false", en="expected true or false")
        return self.value

    def day(self) -> date:
        return read_day(self.text(), self.place)

    def scalar(self) -> Scalar:
        if isinstance(self.value, list | dict):
            raise self.refuse(zh="应为单个值", en="expected a single value")
        return self.value

    def items(self) -> "list[Part]":
        if not isinstance(self.value, list):
            raise self.refuse(zh="应为列表", en="expected a list")
        return self.value

    def entries(self) -> "dict[str, Part]":
        if not isinstance(self.value, dict):
            raise self.refuse(zh="应为“名称: 值”的映射", en="expected a mapping of name: value")
        return self.value

    def choice(self, *known: str) -> str:
        text = self.text()
        if text not in known:
            listed = ", ".join(known)
            raise self.refuse(zh=f"“{text}”不在可选值内:{listed}", en=f'"{text}" is not one of: {listed}')
        return text

    def words(self) -> Words:
        """Both languages, or the same text for both."""
        if isinstance(self.value, str):
            return Words(self.text(), self.text())
        said = self.fields(required=("zh", "en"))
        return Words(said["zh"].text(), said["en"].text())

    def fields(self, *, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> "dict[str, Part]":
        """Return the entries of this mapping; refuses one that is missing or that no page has."""
        entries = self.entries()
        for key, part in entries.items():
            if key not in (*required, *optional):
                raise _unknown(part, key, (*required, *optional))
        for key in required:
            if key not in entries:
                raise self.refuse(zh=f"缺少“{key}”", en=f'"{key}" is missing')
        return entries


def _unknown(part: Part, key: str, known: tuple[str, ...]) -> PolicyError:
    near, listed = get_close_matches(key, known, n=1), ", ".join(known)
    zh, en = f"不认识“{key}”;可用:{listed}", f'unknown key "{key}"; known: {listed}'
    if near:
        zh, en = f"不认识“{key}”,是否指 {near[0]}?可用:{listed}", f"{en}; did you mean {near[0]}?"
    if key.isdigit() and part.value is None:
        zh, en = f"{zh};数字里不写千分位逗号", f"{en}; a number is written without commas"
    return part.refuse(zh=zh, en=en)


def read_day(text: str, place: Place) -> date:
    """Read an ISO day; refuses any other way to write one, and a day that no calendar has."""
    try:
        if DAY.match(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise PolicyError(place, zh=f"“{text}”不是 YYYY-MM-DD 的日期", en=f'"{text}" is not a day written YYYY-MM-DD')


def read_page(path: Path, root: Path) -> Part:
    """Read one page below ``root``; places name the file relative to it. Refuses what is not written in UTF-8."""
    file, written = str(path.relative_to(root)), path.read_bytes()
    try:
        return read_text(written.decode("utf-8-sig"), file)
    except UnicodeDecodeError as fault:
        raise PolicyError(
            Place(file, written.count(b"\n", 0, fault.start) + 1),
            zh="不是 UTF-8 编码(可能存成了 ANSI/GBK),请另存为 UTF-8",
            en="not in UTF-8: save the page again as UTF-8",
        ) from fault


def read_text(text: str, file: str) -> Part:
    """Read a page given as text; ``file`` is the name that its errors carry."""
    try:
        node = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as fault:
        raise _unreadable(text, file, fault) from fault
    except yaml.YAMLError as fault:
        zh, en = "含有控制字符,不是文本文件", "it holds control characters: not a text file"
        raise PolicyError(Place(file, 1), zh=zh, en=en) from fault
    if node is None:
        raise PolicyError(Place(file, 1), zh="页面是空的", en="the page is empty")
    return _part(node, file, set())


def _unreadable(text: str, file: str, fault: yaml.MarkedYAMLError) -> PolicyError:
    """Say what is wrong by what staff do: an input method's colon and a tab are told where they stand."""
    mark = fault.problem_mark
    last = mark.line + 1 if mark else 1
    for number, line in enumerate(text.splitlines()[:last], start=1):
        if wide := _WIDE_COLON.match(line):
            zh, en = (
                "冒号是全角的,请改为半角冒号加一个空格",
                "the colon is full-width: write a half-width one and a space",
            )
            return PolicyError(Place(file, number, wide.end()), zh=zh, en=en)
        if tab := _TAB.match(line):
            zh, en = "缩进用了制表符(Tab),请改为空格", "the line is indented by a tab: use spaces"
            return PolicyError(Place(file, number, tab.end()), zh=zh, en=en)
    return PolicyError(
        Place(file, last, mark.column + 1 if mark else 1),
        zh="不是可读的 YAML:请看这一行和上一行的缩进、冒号、引号和括号是否成对",
        en=f"not readable as YAML: {fault.problem}; look at the indents, colons, quotes and brackets here and above",
    )


def pages(root: Path, folder: str) -> Iterator[tuple[str, Path]]:
    """Yield the dotted name and the path of every page below ``folder``, in the order of their names."""
    base = root / folder
    for path in sorted(base.rglob("*.yaml")):
        yield ".".join(path.relative_to(base).with_suffix("").parts), path


def _part(node: yaml.Node, file: str, seen: set[int]) -> Part:
    place = _place(node, file)
    if id(node) in seen:
        raise PolicyError(place, zh="不用 YAML 引用(& 和 *)", en="YAML anchors and aliases are not used")
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return Part([_part(item, file, seen) for item in node.value], place)
    if isinstance(node, yaml.MappingNode):
        return Part(_entries(node, file, seen), place)
    return Part(_scalar(cast(yaml.ScalarNode, node)), place)


def _place(node: yaml.Node, file: str) -> Place:
    """Where the text itself begins: after an opening quote, below the sign of a block."""
    place = Place(file, node.start_mark.line + 1, node.start_mark.column + 1)
    style = node.style if isinstance(node, yaml.ScalarNode) else None
    if style in ("|", ">"):
        return Place(file, place.line + 1)
    return place.at(1 if style else 0)


def _entries(node: yaml.MappingNode, file: str, seen: set[int]) -> dict[str, Part]:
    entries: dict[str, Part] = {}
    for key, value in node.value:
        place = Place(file, key.start_mark.line + 1, key.start_mark.column + 1)
        if not isinstance(key, yaml.ScalarNode):
            raise PolicyError(place, zh="名称应为文字", en="a key must be text")
        if key.value in entries:
            raise PolicyError(place, zh=f"“{key.value}”写了两次", en=f'"{key.value}" is written twice')
        entries[key.value] = _part(value, file, seen)
    return entries


def _scalar(node: yaml.ScalarNode) -> Scalar:
    text = str(node.value)
    if node.style:
        return text
    if text in WORDS:
        return WORDS[text]
    if WHOLE.match(text):
        return int(text)
    return float(text) if DECIMAL.match(text) else text
