"""The ways somebody looks for a name: its characters, its pinyin, its initials; a family name sounds as families do."""

import re
from collections.abc import Collection
from functools import cache, lru_cache
from itertools import product

from monitor.matching.names import DOTS, dictionary, fold, plain_syllable

LEAST = 2
MOST_VARIANTS = 6
# A family name's own sound, where the dictionary puts another first; 尉迟 and its like are read together.
_FAMILIES = {
    "单": "shan", "解": "xie", "曾": "zeng", "仇": "qiu", "翟": "zhai", "查": "zha", "朴": "piao", "盖": "ge",
    "区": "ou", "任": "ren", "华": "hua", "缪": "miao", "员": "yun", "折": "she", "乐": "yue", "洗": "xian",
    "冼": "xian", "覃": "qin", "种": "chong", "秘": "bi", "黑": "he", "召": "shao", "祭": "zhai", "繁": "po",
    "牟": "mou", "隗": "wei", "郇": "xun", "褚": "chu", "那": "na", "能": "nai", "过": "guo", "纪": "ji",
    "宁": "ning", "葛": "ge", "逄": "pang", "宓": "mi", "阚": "kan", "肖": "xiao", "应": "ying", "卜": "bu",
    "柏": "bai", "车": "che", "都": "du",
}  # fmt: skip
DOUBLE = {
    "尉迟": ("yu", "chi"), "万俟": ("mo", "qi"), "长孙": ("zhang", "sun"), "令狐": ("ling", "hu"),
    "澹台": ("tan", "tai"), "鲜于": ("xian", "yu"), "单于": ("chan", "yu"), "呼延": ("hu", "yan"),
    "宗政": ("zong", "zheng"),
}  # fmt: skip
_LETTERS = re.compile(r"[a-z]+").fullmatch
_PARTS = re.compile(f"[{re.escape(DOTS)}]").split


@lru_cache(maxsize=200_000)
def ways(name: str) -> frozenset[str]:
    """Return every key under which ``name`` is found, each at least two signs long: whole, and from its beginning.

    A name in parts is found by each part too. Keys of characters, of pinyin and of initials are told apart.
    """
    parts = _PARTS(name)
    if len(parts) == 1:
        return frozenset(_ways(fold(name)))
    forms = {fold(part) for part in parts}
    return frozenset(key for form in {fold(name), *forms} for key in _ways(form))


def asked(text: str) -> frozenset[str]:
    """Return the keys that ``text``, as somebody typed it, may stand for; empty when it is too short to seek by."""
    typed = re.sub(r"[\s'\u2019-]", "", text.casefold()).replace("ü", "v")
    if _LETTERS(typed):
        return frozenset({f"p:{typed}", f"i:{typed}"}) if len(typed) >= LEAST else frozenset()
    folded = fold(text)
    return frozenset({f"n:{folded}"}) if len(folded) >= LEAST else frozenset()


def _ways(folded: str) -> list[str]:
    """Spelt out in one piece: it is done for every person of a register."""
    keys = ["n:" + folded[:end] for end in range(LEAST, len(folded) + 1)]
    for syllables in _sounds(folded):
        initials = sound = ""
        for spoken, syllable in enumerate(syllables, 1):
            initials, sound = initials + syllable[0], sound + syllable
            if spoken >= LEAST:
                keys.append("i:" + initials)
                keys += ["p:" + sound] if "v" not in sound else ["p:" + spelt for spelt in _spellings(sound)]
    return keys


def _sounds(folded: str) -> list[tuple[str, ...]]:
    """The ways a name may sound: all of its family name's readings, and the given name's usual ones."""
    if not folded:
        return []
    given = tuple(map(usual, folded[1:]))
    found = [(first, *given) for first in family(folded[0])]
    double = DOUBLE.get(folded[:2])
    return ([(*double, *given[1:])] if double else []) + found[:MOST_VARIANTS]


@cache
def family(sign: str) -> tuple[str, ...]:
    """Return the ways a character sounds at the head of a name, the family's own first."""
    own = _FAMILIES.get(sign)
    return tuple(dict.fromkeys([*([own] if own else []), *_readings(sign)]))


def _spellings(sound: str) -> Collection[str]:
    """lv is typed lv, lyu or lu."""
    pieces = sound.split("v")
    mixed = product(("v", "yu", "u"), repeat=len(pieces) - 1)
    return {pieces[0] + "".join(map("".join, zip(each, pieces[1:], strict=True))) for each in mixed}


@cache
def _readings(sign: str) -> tuple[str, ...]:
    said = dictionary().get(ord(sign))
    return tuple(dict.fromkeys(map(plain_syllable, said.split(",")))) if said else (sign,)


@cache
def usual(sign: str) -> str:
    """Return the way a character mostly sounds; one without a reading is its own."""
    return _readings(sign)[0]
