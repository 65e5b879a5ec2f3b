"""Read a page of YAML strictly: every value keeps the line that it stands on, and nothing is guessed.

Duplicate keys, unknown keys, anchors and tags are refused. ``yes``, ``no`` and ``on`` are texts, a day is
a text until a field asks for one, and keys are always texts, so that the region "00" stays "00".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

import yaml

from monitor.policy.language import Place, PolicyError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Scalar = str | int | float | bool | None
WHOLE = re.compile(r"-?(0|[1-9]\d*)\Z")
DECIMAL = re.compile(r"-?(0|[1-9]\d*)\.\d+\Z")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
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
                known = ", ".join((*required, *optional))
                raise part.refuse(zh=f"不认识“{key}”;可用:{known}", en=f'unknown key "{key}"; known: {known}')
        for key in required:
            if key not in entries:
                raise self.refuse(zh=f"缺少“{key}”", en=f'"{key}" is missing')
        return entries


def read_day(text: str, place: Place) -> date:
    """Read an ISO day; refuses any other way to write one, and a day that no calendar has."""
    try:
        if DAY.match(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise PolicyError(place, zh=f"“{text}”不是 YYYY-MM-DD 的日期", en=f'"{text}" is not a day written YYYY-MM-DD')


def read_page(path: Path, root: Path) -> Part:
    """Read one page below ``root``; places name the file relative to it."""
    return read_text(path.read_text(encoding="utf-8"), str(path.relative_to(root)))


def read_text(text: str, file: str) -> Part:
    """Read a page given as text; ``file`` is the name that its errors carry."""
    try:
        node = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1)
        raise PolicyError(place, zh="不是可读的 YAML", en=f"not readable as YAML: {fault.problem}") from fault
    if node is None:
        raise PolicyError(Place(file, 1), zh="页面是空的", en="the page is empty")
    return _part(node, file, set())


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
