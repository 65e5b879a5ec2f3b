"""What the codes are called that an entry of the audit holds: regions, rules, feeds, and the words of a decision."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, Field

from api.deps import Laws
from monitor.cases import codes
from monitor.service import today
from monitor.work import passing, taking

PLACES = frozenset(("region", "county", "town", "village", "shared"))


class CalledOut(BaseModel):
    """A code in words."""

    zh: str = Field(description="名称 / in Chinese")
    en: str = Field(description="英文名称；区划与中文同 / in English; a region has one name")


def called(details: Iterable[Mapping[str, Any]], laws: Laws) -> dict[str, CalledOut]:
    """Return what each code in ``details`` is called now; what is no code, or none any more, is left out."""
    policy, named = laws.on(today()), _decisions()
    named |= {name: (one.description["zh"], one.description["en"]) for name, one in policy.rules.items()}
    named |= {name: (one.description["zh"], one.description["en"]) for name, one in policy.feeds.items()}
    found = dict[str, CalledOut]()
    for key, value in _said(details):
        said = _place(value, laws) if key in PLACES else named.get(value)
        if said is not None:
            found[value] = CalledOut(zh=said[0], en=said[1])
    return found


def _said(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text in what an entry tells, with what it was told under."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _said(inner, str(name))
    elif isinstance(value, Iterable):
        for inner in value:
            yield from _said(inner, key)


def _place(code: str, laws: Laws) -> tuple[str, str] | None:
    name = laws.tree.full_name(code, today())
    return None if code in name else (name, name)


def _decisions() -> dict[str, tuple[str, str]]:
    findings = {code: (one.zh, one.en) for code, one in codes.FINDINGS.items()}
    tables = (
        codes.REASON_CODES, codes.SENT_BACK, codes.PAUSED, codes.WAYS, codes.CASE_WAYS, *codes.CASE_WHYS.values(),
        taking.PUT_OFF, taking.HANDED_ON,
    )  # fmt: skip
    return findings | {code: said for table in tables for code, said in table.items()} | passing.WHY
