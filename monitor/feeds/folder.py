"""A drop folder: days in order, the register first within a day, one bad file never stopping the others."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import database
from monitor.feeds.agreed import REGISTER, by_name
from monitor.feeds.drafts import Desk, Terms
from monitor.feeds.files import is_delivery
from monitor.feeds.receipts import Receipt
from monitor.feeds.receiving import receive, refuse_broken
from monitor.feeds.storing import take_turn
from monitor.tables import Delivery

Progress = Callable[[int, int, str], None]


def receive_folder(desk: Desk, root: Path, progress: Progress | None = None) -> list[Receipt]:
    """Take in every delivery below ``root``/<YYYY-MM-DD>/; what is there already changes nothing.

    ``progress`` is told (files done, files in all, the day and feed now begun).
    """
    remove_orphans(desk)
    waiting = in_order(desk, root)
    receipts = []
    for done, (day, path) in enumerate(waiting):
        if progress:
            progress(done, len(waiting), f"{day} {by_name(desk.feeds, path.name) or ''}".strip())
        receipts.append(received(desk, path, Terms(day, lying=True)))
    if progress:
        progress(len(waiting), len(waiting), "")
    return receipts


def received(
    desk: Desk, path: Path, terms: Terms, *, insisted: bool = True, passing: tuple[type[Exception], ...] = ()
) -> Receipt:
    """Take in one of several files, as ``receive`` does; one that breaks us is refused and the others go on.

    What is ``passing``, the caller's to try again, is raised.
    """
    try:
        return receive(desk, path, terms, insisted=insisted)
    except passing:
        raise
    except Exception as error:  # noqa: BLE001 - one file that breaks us must not keep the night from the others
        return refuse_broken(desk, path, terms, error)


def in_order(desk: Desk, root: Path) -> list[tuple[date, Path]]:
    """Return the deliveries of a drop folder in the order in which they must be read."""
    days = sorted((day, folder) for folder in root.iterdir() if (day := _day(folder)) and folder.is_dir())
    found = [(day, path) for day, folder in days for path in sorted(folder.iterdir()) if is_delivery(path)]
    return sorted(found, key=lambda each: (each[0], by_name(desk.feeds, each[1].name) != REGISTER))


def passed_over(root: Path) -> int:
    """Return how many entries of a drop folder are no day folder, nor a file that goes with one: nothing reads them."""
    return sum(1 for entry in root.iterdir() if not entry.name.startswith(".") and not _is_day_folder(entry))


def _is_day_folder(entry: Path) -> bool:
    return _day(entry) is not None and entry.is_dir()


def day_of(path: Path) -> date | None:
    """Return the day that a delivery's folder names, if it names one."""
    return _day(path.absolute().parent)


def _day(folder: Path) -> date | None:
    try:
        return date.fromisoformat(folder.name) if len(folder.name) == 10 else None
    except ValueError:
        return None


def remove_orphans(desk: Desk) -> int:
    """Remove the files of deliveries that broke off before their commit; returns how many there were.

    Done under the lock that orders deliveries, so a file is never another's work in progress.
    """
    with database.transaction(desk.service.engine) as session:
        take_turn(session)
        named = _named(session)
        lost = [
            path
            for path in desk.lake.root.glob("*/*.parquet")
            if (path.parent.name, path.name.split(".")[0]) not in named
        ]
        lost += desk.lake.root.glob("*/*.writing")
        for path in lost:
            path.unlink(missing_ok=True)
    return len(lost)


def _named(session: Session) -> set[tuple[str, str]]:
    committed = select(Delivery.feed, Delivery.seq).where(Delivery.status == "committed")
    return {(feed, str(seq)) for feed, seq in session.execute(committed)}
