"""Score pages: what a model's score may do. Who wants more of it finds no word for that here."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from monitor.policy.language import Place
from monitor.policy.reading import Part, Words
from monitor.policy.thresholds import Reference, Status, read_reference

RISK_SCORE = "risk_score"
ORDERS = ("inside_level", "nothing")
_PARAMETER = re.compile(r"parameter\(([a-z0-9_.]+)\)\Z")


@dataclass(frozen=True)
class ScorePage:
    """``orders``: alerts of one level may be ordered by the score, never across levels.

    ``most`` and ``least`` name the parameters of the list of suggestions: how many may wait in a county, and from which
    score on; both None where the score suggests nobody. ``sentence`` is what each suggestion begins with.
    """

    name: str
    place: Place
    description: Words
    orders: bool
    most: str | None
    least: str | None
    sentence: Words
    reference: Reference
    status: Status


def read_score(name: str, page: Part) -> ScorePage:
    """Read one score page; refuses any use but ordering inside a level and suggesting up to a quota."""
    said = page.fields(required=("description", "order", "sentence", "reference"), optional=("suggest", "status"))
    quota = said["suggest"].fields(required=("most", "least")) if "suggest" in said else {}
    return ScorePage(
        name=name,
        place=page.place,
        description=said["description"].words(),
        orders=said["order"].choice(*ORDERS) == "inside_level",
        most=_parameter(quota["most"]) if quota else None,
        least=_parameter(quota["least"]) if quota else None,
        sentence=said["sentence"].words(),
        reference=read_reference(said["reference"]),
        status=cast(Status, said["status"].choice("sourced", "sample") if "status" in said else "sourced"),
    )


def check_score(page: ScorePage, parameters: Collection[str]) -> None:
    """Refuse a quota by a parameter that no page gives: a list without a limit is not what was decided."""
    for name in (page.most, page.least):
        if name is not None and name not in parameters:
            zh, en = f"没有参数 {name} 的页面", f"no page gives the parameter {name}"
            raise Part(name, page.place).refuse(zh=zh, en=en)


def _parameter(part: Part) -> str:
    found = _PARAMETER.match(part.text())
    if found is None:
        raise part.refuse(zh="应为 parameter(名称)", en="expected parameter(name)")
    return found[1]
