"""The data register: of every column, what for, from where, of which class, how long, and who sees it.

The pages beside this file are what an officer approves; the erasure reads them, and a test holds them against the
tables, so a column without an entry fails the build.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from monitor.errors import Invalid

HERE = Path(__file__).parent
CLASSES = ("internal", "personal", "sensitive")


@dataclass(frozen=True)
class Keep:
    """How long: ``days`` after the date in ``since``, then rows are deleted or ``columns`` made blank.

    Without days, rows stay ``forever`` (why is said in both languages) or as long as another table's
    (``together_with``).
    """

    days: int | None = None
    since: str | None = None
    then: str | None = None
    columns: tuple[str, ...] = ()
    forever: Mapping[str, str] | None = None
    together_with: str | None = None


@dataclass(frozen=True)
class Entry:
    """What the register says of one table; ``classes`` names the class of each column."""

    table: str
    purpose: Mapping[str, str]
    source: str
    basis: str
    keep: Keep
    sees: tuple[str, ...]
    classes: Mapping[str, str]
    in_the_clear: Mapping[str, str]


@lru_cache(maxsize=4)
def read(root: Path = HERE) -> Mapping[str, Entry]:
    """Return the entry of every table; refuses a page that does not say all of it, naming page and table."""
    found: dict[str, Entry] = {}
    for page in sorted(root.glob("*.yaml")):
        for table, said in yaml.safe_load(page.read_text(encoding="utf-8")).items():
            if table in found:
                raise Invalid(zh=f"{page.name}：{table} 重复", en=f"{page.name}: {table} is there twice")
            try:
                found[table] = _entry(table, said)
            except (KeyError, TypeError, ValueError) as error:
                raise Invalid(
                    zh=f"{page.name}：{table} 不完整（{error}）", en=f"{page.name}: {table} is not complete ({error})"
                ) from error
    return found


def _entry(table: str, said: Mapping[str, Any]) -> Entry:
    classes = {column: kind for kind in CLASSES for column in said.get(kind, ())}
    if len(classes) != sum(len(said.get(kind, ())) for kind in CLASSES):
        raise ValueError("a column of two classes")
    return Entry(
        table=table, purpose={"zh": said["purpose"]["zh"], "en": said["purpose"]["en"]}, source=said["source"],
        basis=said["basis"], keep=_keep(said["keep"]), sees=tuple(said["sees"]), classes=classes,
        in_the_clear=said.get("in_the_clear", {}),
    )  # fmt: skip


def _keep(said: Mapping[str, Any]) -> Keep:
    if "days" not in said:
        why = said.get("forever")
        return Keep(forever={each: why[each] for each in ("zh", "en")}) if why else Keep(together_with=said["with"])
    if said["then"] not in ("delete", "blank") or (said["then"] == "blank") != bool(said.get("columns")):
        raise ValueError("then: delete, or blank with columns")
    return Keep(int(said["days"]), said["since"], said["then"], tuple(said.get("columns", ())))
