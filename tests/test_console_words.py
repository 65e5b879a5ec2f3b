"""The console's words for what the service writes down: each act of the audit has its own, in both languages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from monitor.cases import referrals
from monitor.lifecycle.alert import ALERT
from monitor.lifecycle.case import CASE

ROOT = Path(__file__).parent.parent
AUDIT = ROOT / "api" / "console" / "src" / "screens" / "audit"
ACT = re.compile(r"'([a-z_]+\.[a-z_]+)'")
# Where the source puts an act together: the word after the dot is passed to this function of this file, at this place.
PASSED = {
    "model": ("jobs/commands/models.py", "act", 1),
    "proposal": ("monitor/matching/links.py", "_decide", 2),
    "suggestion": ("monitor/sampling/suggesting.py", "_decide", 2),
    "view": ("monitor/work/views.py", "_note", 2),
}
STATES = {
    "account": {"enabled", "disabled"},
    "export": {"asked", "agreed", "refused"},
    "referral": {"accepted", *referrals.ENDED},
}


def passed(file: str, function: str, place: int) -> set[str]:
    """Return the words that a file passes to a function at one place."""
    found = set()
    for call in calls_of(ROOT / file):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        word = call.args[place] if name == function and len(call.args) > place else None
        found |= {str(word.value)} if isinstance(word, ast.Constant) else set()
    assert found, f"{file} passes nothing to {function}"
    return found


def calls_of(path: Path) -> Iterator[ast.Call]:
    yield from (one for one in ast.walk(ast.parse(path.read_text())) if isinstance(one, ast.Call))


def calls() -> Iterator[ast.Call]:
    for folder in ("api", "jobs", "monitor"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield from calls_of(path)


def said() -> Iterator[ast.expr]:
    """Every expression that names an act for the audit."""
    for call in calls():
        yield from (one.value for one in call.keywords if one.arg == "action")
        if isinstance(call.func, ast.Name) and call.func.id == "_noted":
            yield from call.args


def acts() -> tuple[set[str], set[str]]:
    """Return the acts that stand in the source whole, and the beginnings of those put together."""
    whole, begun = {"audit.verified"}, set()
    for one in said():
        for part in ast.walk(one):
            if isinstance(part, ast.JoinedStr) and isinstance(part.values[0], ast.Constant):
                begun.add(str(part.values[0].value).removesuffix("."))
            elif isinstance(part, ast.Constant) and re.fullmatch(r"[a-z_]+\.[a-z_]+", str(part.value)):
                whole.add(str(part.value))
    return whole, begun


def wanted() -> set[str]:
    whole, _ = acts()
    moved = {f"{machine.name}.{edge.kind}" for machine in (ALERT, CASE) for edge in machine.edges.values()}
    after = STATES | {kind: passed(*where) for kind, where in PASSED.items()}
    return whole | moved | {f"{kind}.{what}" for kind, words in after.items() for what in words}


def test_every_act_of_the_audit_has_a_word_in_both_languages() -> None:
    catalogue = (AUDIT / "acts.ts").read_text().split("\n  },\n  {\n")
    assert len(catalogue) == 2
    for language in catalogue:
        assert wanted() - set(ACT.findall(language)) == set()


def test_the_source_puts_together_no_act_that_is_not_told_of_here() -> None:
    whole, begun = acts()
    assert begun == {*PASSED, *STATES}
    assert {"visits.import_undone", "run.released", "delivery.committed", "delivery.refused", "photo.added"} <= whole


def test_an_act_that_the_audit_is_narrowed_to_is_one_that_is_written_down() -> None:
    narrowed = set(ACT.findall((AUDIT / "asked.ts").read_text()))
    assert len(narrowed) > 30
    assert narrowed - wanted() == set()
