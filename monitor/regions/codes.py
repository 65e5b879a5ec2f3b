"""Region codes as text: twelve digits in statistics, as many as they need here.

2 province, 2 city, 2 county, 3 town, 3 village. The short form leaves out the levels that are all zeros, so that a
region encloses exactly the codes that begin with its own: 34 Anhui, 3402 Wuhu, 340202 Jinghu, 340202001 a street.
"""

LEVELS = {0: "nation", 2: "province", 4: "city", 6: "county", 9: "town", 12: "village"}
_ENDS = (2, 4, 6, 9, 12)


def short(code: str) -> str | None:
    """Return the short form of a code of any official length; None for what is no code."""
    if not (code.isascii() and code.isdigit()) or len(code) not in _ENDS or code.startswith("00"):
        return None
    start = len(code)
    for end in reversed(_ENDS[: _ENDS.index(start)]):
        if code[end:start].strip("0"):
            break
        start = end
    return code[:start]


def pad(code: str) -> str:
    """Return the twelve digits of a code."""
    return code.ljust(12, "0")


def level_of(code: str) -> str:
    """Return the level of a short code: nation, province, city, county, town or village."""
    return LEVELS[len(code)]


def parents(code: str) -> list[str]:
    """Return the short codes that enclose ``code``, nearest first; the nation is not among them."""
    return [code[:end] for end in reversed(_ENDS) if end < len(code)]


def inside(code: str, region: str) -> bool:
    """Whether ``code`` (any length) lies in ``region`` (any length); the empty region is the nation."""
    enclosing = short(region) or ""
    return code.startswith(enclosing)
