"""Regions looked for as people call them: by name, by pinyin, by initials or by the beginning of a code."""

from collections.abc import Iterator
from datetime import date

from monitor.errors import NotFound
from monitor.matching.names import fold
from monitor.matching.spelling import asked, ways
from monitor.regions import Place, Tree

MOST = 50


def search(tree: Tree, text: str, on: date, *, most: int = MOST) -> list[Place]:
    """Return the regions in force on a day that ``text`` may mean, higher ones first; too short a text finds none."""
    found = sorted(_meant(tree, text.strip(), on), key=lambda place: (len(place.code), place.code))
    return found[:most]


def no_such() -> NotFound:
    """Return the refusal of a code that the tree does not hold."""
    return NotFound(zh="区划树中没有这个代码", en="the tree of regions does not hold that code")


def _meant(tree: Tree, text: str, on: date) -> Iterator[Place]:
    if len(text) < 2:
        return
    if text.isdigit():
        yield from (place for place in tree.standing(on) if place.code.startswith(text.rstrip("0") or text))
        return
    keys, folded = asked(text), fold(text)
    for place in tree.standing(on):
        if (folded and folded in fold(place.name)) or keys & ways(place.name):
            yield place
