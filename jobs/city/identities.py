"""ID numbers, names and phone numbers that can belong to nobody, yet are valid in form.

Address prefixes: GB/T 2260 gives counties under a prefecture 01-20 and 21-50, county-level cities from 81 on; 3402
has used no code above 340281, 3426 (Chaohu prefecture) and 3414 (Chaohu city) none above 342626 and 341424. The
prefixes below were therefore never issued. Mobile numbers begin 13 to 19; none was ever allotted under 12.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.city.plan import Days, Flags, Ints

HOME_PREFIXES = ("340291", "340292", "340293", "340294", "340295", "340296", "340297")
LEGACY_PREFIXES = ("342691", "342692", "341491", "341492")
OUTSIDE_PREFIXES = ("340298", "340299", "342699")
PREFIXES = (*HOME_PREFIXES, *LEGACY_PREFIXES, *OUTSIDE_PREFIXES)
PHONE_PREFIX = "12"

WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
CHECK = np.frombuffer(b"10X98765432", dtype=np.uint8)

SURNAMES = tuple(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘"
    "杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_GIVEN = (  # the characters of given names; those of one group sound the same
    "伟炜玮 芳方 静靖净 敏闽 丽莉俐 强蔷 磊垒 军君钧 洋阳扬 勇永咏 艳燕彦 杰洁捷 娟涓 涛韬 明铭鸣 超 "
    "秀绣 霞侠 平萍苹 刚钢 桂贵 英瑛莹 华桦 玉钰 兰岚澜 梅玫 红虹鸿 志智治 建健剑 文雯纹 辉晖徽 力立励 "
    "宇羽雨 轩宣 涵晗 梓子紫 浩昊皓 欣新心 诗师 怡宜 博伯 俊峻骏 凯楷 婷廷庭 云芸耘 峰锋枫 春椿 国 "
    "庆 福 荣蓉容 发 珍真 凤奉 仙先"
)
HOMOPHONES = tuple(_GIVEN.split())
RARE = ("䶮", "㛃", "𬭚", "𫍽", "𠅤", "䲟")
MINORITY = (
    ("阿依古丽", "买买提"),
    ("古丽娜尔", "艾力"),
    ("迪丽努尔", "吐尔逊"),
    ("扎西", "顿珠"),
    ("其其格", "巴特尔"),
)

GIVEN = tuple("".join(HOMOPHONES))


@dataclass(frozen=True)
class Identities:
    """Numbers, names and phones of the city's people, then of outsiders who only appear in feeds."""

    numbers: pa.StringArray
    names: pa.StringArray
    phones: pa.StringArray


def numbers(prefix: Ints, birth: Days, female: Flags) -> pa.StringArray:
    """Return one 18-digit number a person, all different, valid by GB 11643."""
    order = _rank(prefix.astype(np.int64) * 200_000 + birth.astype("M8[D]").astype(np.int64) + 60_000, female)
    sequence = ((order * 137 + prefix * 61) % 498) * 2 + np.where(female, 0, 1)
    digits = np.empty((len(prefix), 18), dtype=np.uint8)
    heads = np.frombuffer("".join(PREFIXES).encode(), dtype=np.uint8).reshape(-1, 6)
    digits[:, :6] = heads[prefix]
    digits[:, 6:14] = _birth_digits(birth)
    for place, power in ((14, 100), (15, 10), (16, 1)):
        digits[:, place] = 48 + sequence // power % 10
    digits[:, 17] = CHECK[((digits[:, :17].astype(np.int64) - 48) @ WEIGHTS) % 11]
    return strings(digits)


def strings(letters: np.ndarray) -> pa.StringArray:
    """Return the rows of a matrix of ASCII codes as an Arrow array of text."""
    count, width = letters.shape
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(width) if count * width < 2**31 else None
    if offsets is None:
        half = count // 2
        return pa.chunked_array([strings(letters[:half]), strings(letters[half:])]).combine_chunks()
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters)))


def _birth_digits(birth: Days) -> np.ndarray:
    month = birth.astype("M8[M]")
    year = month.astype("M8[Y]").astype(np.int64) + 1970
    number = year * 10_000 + (month.astype(np.int64) % 12 + 1) * 100
    number += (birth - month.astype("M8[D]")).astype(np.int64) + 1
    powers = 10 ** np.arange(7, -1, -1, dtype=np.int64)
    return (48 + number[:, None] // powers % 10).astype(np.uint8)


def _rank(group: np.ndarray, female: Flags) -> np.ndarray:
    """Return each row's place among the rows of its group."""
    key = group * 2 + female
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(ordered)])
    rank = np.empty(len(key), dtype=np.int64)
    rank[order] = np.arange(len(key)) - np.repeat(starts, sizes)
    if len(sizes) and sizes.max() > 498:
        raise ValueError("more than 498 people share a prefix, a birthday and a sex: add prefixes")
    return rank


def names(chance: np.random.Generator, surname: Ints) -> pa.StringArray:
    """Return a name for each surname; few carry a character outside GBK or a middle dot."""
    count = len(surname)
    given, blank = pa.array(GIVEN), len(GIVEN)
    tail = np.where(chance.random(count) < 0.25, blank, chance.integers(0, blank, count))
    second = pa.concat_arrays([given, pa.array([""])]).take(pa.array(tail))
    first = given.take(pa.array(chance.integers(0, blank, count)))
    plain = pc.binary_join_element_wise(pa.array(SURNAMES).take(pa.array(surname)), first, second, "")
    rare = np.flatnonzero(chance.random(count) < 0.004)
    odd = chance.integers(0, 60, len(rare))
    texts = [_rare(SURNAMES[surname[row]], int(kind)) for row, kind in zip(rare, odd, strict=True)]
    mask = np.zeros(count, dtype=bool)
    mask[rare] = True
    return pc.replace_with_mask(plain, pa.array(mask), pa.array(texts, pa.string()))


def _rare(surname: str, kind: int) -> str:
    if kind < 30:
        return "·".join(MINORITY[kind % len(MINORITY)])
    return surname + RARE[kind % len(RARE)] + GIVEN[kind]


def phones(chance: np.random.Generator, count: int) -> pa.StringArray:
    """Return eleven digits that begin with a prefix no operator was given."""
    return pc.cast(pa.array(12_000_000_000 + chance.integers(0, 1_000_000_000, count)), pa.string())
