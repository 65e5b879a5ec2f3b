"""The tables of states and edges as a page, for people to read and for a test to hold against the code."""

from collections.abc import Iterator
from pathlib import Path

from monitor.lifecycle.alert import ALERT
from monitor.lifecycle.case import CASE
from monitor.lifecycle.edges import NEW, Edge, Machine

PAGE = Path(__file__).parent.parent / "decisions" / "0040-the-life-of-an-alert.md"
START = "<!-- made by monitor.lifecycle.page: ./lowincome never edits below by hand -->"
_ORDER = ("village", "township", "county", "city", "department", "machine")


def tables() -> str:
    """Return both machines as Markdown: their states, then every edge with what it takes and what it does."""
    return "\n".join([*_tables(ALERT, "预警 / An alert"), "", *_tables(CASE, "帮扶个案 / A case"), ""])


def write() -> None:
    """Put the tables on the page below its mark; what stands above stays as it is."""
    above = PAGE.read_text(encoding="utf-8").split(START)[0]
    PAGE.write_text(f"{above}{START}\n\n{tables()}", encoding="utf-8")


def _tables(machine: Machine, title: str) -> Iterator[str]:
    yield from (f"## {title}", "", "| state | 状态 | means | over |", "|---|---|---|---|")
    for state, (zh, en) in machine.states.items():
        yield f"| `{state}` | {zh} | {en} | {'yes' if state in machine.ends else ''} |"
    yield from ("", "| edge | 操作 | from → to | who | reason | what must hold; what it sets | told outside | undo |")
    yield "|---|---|---|---|---|---|---|---|"
    for edge in machine.edges.values():
        yield _row(edge)


def _row(edge: Edge) -> str:
    guard = " ".join((edge.guard.__doc__ or "").split()) if edge.guard else ""
    sets = f"sets {', '.join(edge.sets)}" if edge.sets else ""
    cells = (
        f"`{edge.name}`", edge.zh, _moves(edge), ", ".join(desk for desk in _ORDER if desk in edge.desks),
        ", ".join(sorted(edge.codes)) or ("required" if edge.needs_why else ""),
        "; ".join(part for part in (guard, sets) if part), "yes" if edge.outside else "",
        "30 s" if edge.undoable else "",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _moves(edge: Edge) -> str:
    """Sources that lead to one target stand together."""
    by_target: dict[str, list[str]] = {}
    for source, target in edge.moves.items():
        by_target.setdefault(target, []).append("new" if source == NEW else source)
    return "; ".join(f"{', '.join(sources)} → {target}" for target, sources in by_target.items())
