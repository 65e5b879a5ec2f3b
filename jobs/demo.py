"""A whole made-up city in one command: generated, taken in, scanned night by night, told in words."""

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.orm import Session

from jobs import city
from jobs.follow import follow
from jobs.scan import Scanned, scan
from jobs.staff import Post, staff
from monitor import access, database, feeds, policy, regions
from monitor.alerts import people
from monitor.alerts.words import Language, Speaker
from monitor.errors import Conflict
from monitor.feeds import Receipt
from monitor.service import Service, open_service
from monitor.settings import Settings
from monitor.tables import Alert
from monitor.work import deadlines, queue

UNTIL = date(2026, 6, 30)
"""The last day of the made-up deliveries, the same on every day of the calendar: a demo can be repeated."""
_MARK = ".made-up-city"
Step = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Demo:
    """An installation of its own that holds a made-up city, and what became of it."""

    home: Path
    service: Service
    made: city.Made
    receipts: Sequence[Receipt]
    scans: Sequence[Scanned]
    token: str
    posts: Sequence[Post]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.service.engine.dispose()

    @property
    def received(self) -> Counter[str]:
        """How many deliveries were committed, held, refused or known already."""
        return Counter(receipt.status for receipt in self.receipts)


def nights(until: date) -> list[date]:
    """Return the dates that are scanned: the three month-ends before ``until`` and the three last nights."""
    ends, day = [], until.replace(day=1)
    for _ in range(3):
        ends.append(day - timedelta(days=1))
        day = ends[-1].replace(day=1)
    return sorted({*ends, *(until - timedelta(days=back) for back in range(3))})


def prepare(settings: Settings) -> Settings:
    """Return the settings of the demo's own home below ``settings.home``, emptied of an earlier demo.

    Refuses to empty a folder that no demo made. Always SQLite and its own key: nothing of the real
    installation is touched.
    """
    home = settings.home / "demo"
    if home.exists() and any(home.iterdir()) and not (home / _MARK).exists():
        raise Conflict(zh=f"{home} 不是演示目录，不会清空", en=f"{home} was not made by a demo and is left alone")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / _MARK).touch()
    return replace(
        settings, home=home, database_url=f"sqlite:///{home / 'lowincome.db'}", key_file=home / "keys" / "master.key"
    )


def run(settings: Settings, *, households: int, seed: int = 1, until: date = UNTIL, step: Step) -> Demo:
    """Make a city of ``households`` households and eighteen months, take it in, scan it; ``step`` hears progress."""
    own = prepare(settings)
    pages = policy.read_pack().feeds
    made = city.generate(
        own.home / "city",
        city.Plan(households, seed, until),
        pages=pages,
        progress=lambda done, total: step("生成 / generate", done, total),
    )
    service = open_service(own)
    with database.transaction(service.engine) as session:
        regions.load_regions(session, regions.read_places(made.regions))
        _, token = access.add_worker(session, "演示 / demo", region=access.NATION, role="supervisor", by="demo")
    receipts = feeds.ingest_folder(
        service, made.deliveries, progress=lambda done, total, _: step("接收 / ingest", done, total)
    )
    scans = []
    dates = nights(until)
    for done, night in enumerate(dates):
        step(f"扫描 / scan {night}", done, len(dates))
        scans.append(scan(service, night))
    step("扫描 / scan", len(dates), len(dates))
    follow(service, until)  # what the board counts: nobody waits for the clock of a demo
    return Demo(own.home, service, made, receipts, scans, token, staff(service))


def three_alerts(demo: Demo, *, language: Language) -> list[str]:
    """Return three open alerts in words: the most urgent to help, to review, to check; else the next in the queue."""
    as_of = demo.scans[-1].as_of
    law = policy.load(as_of, known_on=as_of)
    speaker = Speaker(law, language)
    with database.reading(demo.service.engine) as session:
        tree = regions.read_tree(session)
        return [
            speaker.alert(
                alert,
                people.members(session, alert.household_id, as_of=as_of, keyring=demo.service.keyring),
                region=tree.full_name(alert.region, as_of),
            )
            for alert in _chosen(session, demo.token, deadlines.spans(session, law, today=as_of))
        ]


def _chosen(session: Session, token: str, spans: deadlines.Spans) -> list[Alert]:
    viewer = access.sign_in(session, token)
    if viewer is None:
        raise Conflict(zh="演示账号已停用", en="the demo's worker is no longer active")
    wanted = (queue.Filters(direction="help"), queue.Filters(direction="leave"), queue.Filters(direction="check"))
    found: dict[object, Alert] = {}
    for filters in (*wanted, queue.Filters()):
        for alert in queue.queue(session, filters, viewer=viewer, spans=spans, most=4).alerts:
            if alert.id not in found:
                found[alert.id] = alert
                break
    top = queue.queue(session, queue.Filters(), viewer=viewer, spans=spans, most=3).alerts
    found |= {alert.id: alert for alert in top if alert.id not in found}
    return list(found.values())[:3]
