"""What goes wrong between an agency and us, each once and on a known day: what the service must survive."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from jobs.city import files, health
from jobs.city.agency import Agency, Source
from jobs.city.plan import Plan
from jobs.city.rows import Coded, Rows, join
from jobs.city.truth import Ledger
from jobs.city.world import World

STALE_FEED, STALE_MONTHS = "vehicles", 6


@dataclass(frozen=True)
class Post:
    """One delivery about to be written."""

    world: World
    agency: Agency
    source: Source
    root: Path
    ledger: Ledger
    on: date

    @property
    def before_end(self) -> int:
        """How many months of facts are still to come."""
        return self.world.plan.months - 1 - self.world.life.index

    def folder(self, later: int = 0) -> Path:
        """Return the drop folder of the day, or of a later one."""
        return self.root / (self.on + timedelta(days=later)).isoformat()

    def write(self, rows: Rows, later: int = 0) -> Path:
        """Write the rows as they should be."""
        return self.agency.write(self.source, rows, self.folder(later), self.ledger)


def stops_arriving(plan: Plan, feed: str, index: int) -> bool:
    """Whether the feed that falls silent has done so: its rules must come to say unknown."""
    return feed == STALE_FEED and plan.months > 2 * STALE_MONTHS and index >= plan.months - STALE_MONTHS


def send(post: Post, rows: Rows) -> None:
    """Write one delivery, with the mishap that is due on it, if any."""
    mishap = _MISHAPS.get((post.source.feed, post.source.after, post.before_end))
    if mishap is None or post.world.plan.months < 8:
        post.write(rows)
    else:
        mishap(post, rows)


def send_nothing(post: Post, rows: Rows) -> None:
    """Write a file without rows whose manifest says so: the agency has nothing to report."""
    path = post.write(rows)
    files.manifest(path, feed=post.source.feed, received_on=post.on, mode="append", rows=0)


def _cut_short(post: Post, rows: Rows) -> None:
    """The line broke in the middle of a row; the whole file comes on the next day, with its manifest."""
    plain = replace(post.agency.style, extension="csv")
    post.agency.style, usual = plain, post.agency.style
    whole = post.write(rows, later=1)
    post.agency.style = usual
    torn = post.folder() / whole.name
    torn.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(whole, torn)
    files.manifest(torn, feed=post.source.feed, received_on=post.on, mode="append", rows=len(rows))
    content = whole.read_bytes()
    torn.write_bytes(content[: len(content) * 6 // 10 - 3])


def _fen_for_yuan(post: Post, rows: Rows) -> None:
    """Amounts in fen under a header that says yuan: for a person to hold; none of it is known meanwhile."""
    many = {name: rows.numbers(name) * 100 for name in ("total_fee", "self_pay")}
    silent = replace(post.ledger, facts=False)
    post.agency.write(post.source, rows.replace(**many), post.folder(), silent)
    post.ledger.unknown(post.source.feed, post.on, rows)


def _sent_twice(post: Post, rows: Rows) -> None:
    """The same file again two days later."""
    first = post.write(rows)
    again = post.folder(later=2)
    again.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(first, again / first.name)


def _empty_first(post: Post, rows: Rows) -> None:
    """A file with nothing but its header, then the right one."""
    nothing = rows.take(np.array([], dtype=np.int64))
    post.agency.write(post.source, nothing, post.folder(), replace(post.ledger, facts=False))
    post.write(rows, later=1)


def _then_withdrawn(post: Post, rows: Rows) -> None:
    """Five settlements taken back two days after they came."""
    post.write(rows)
    taken = rows.take(np.unique(rows.number, return_index=True)[1][:5])
    _withdraw(post, taken, 2)


def _buried_alive(post: Post, rows: Rows) -> None:
    """Two living people reported dead; taken back after twelve days."""
    life = post.world.life
    living = np.flatnonzero(life.alive & (life.city.people.age > 65) & (life.city.people.age < 79))[:2]
    false = post.world.rows(
        living,
        died_on=post.world.days("buried alive", len(living)),
        reported_by=Coded(np.zeros(len(living), dtype=np.int8), health.REPORTERS),
    )
    post.write(join([rows, false]))
    _withdraw(post, false, 12)


def _withdraw(post: Post, rows: Rows, later: int) -> None:
    folder = post.folder(later)
    on = date.fromisoformat(folder.name)
    silent = replace(post.ledger, facts=False)
    exact = replace(post.source, dirt=0.0)
    path = post.agency.write(exact, rows, folder, silent, stem=f"{post.source.feed}.withdraw")
    files.manifest(path, feed=post.source.feed, received_on=on, mode="withdraw", rows=len(rows))
    if post.ledger.facts:
        post.ledger.keep_facts(post.source.feed, on, rows, gone=True)


_MISHAPS: dict[tuple[str, int, int], Callable[[Post, Rows], None]] = {
    ("wages", 1, 4): _cut_short,
    ("medical_settlements", 0, 0): _fen_for_yuan,
    ("benefit_payments", 1, 6): _sent_twice,
    ("social_insurance", 1, 5): _empty_first,
    ("medical_settlements", 1, 3): _then_withdrawn,
    ("deaths", 1, 3): _buried_alive,
}
