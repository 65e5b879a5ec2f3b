"""The life of alerts against a plain model of it: random nights, visits, moves and takings-back."""

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from empty import empty, empty_again
from factories import DAY, FIRES, RULES, SILENT, UNKNOWN, Home, judge, register, viewer
from factories import scan as scan_row
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import func, select

from monitor import audit, database
from monitor.alerts import raise_alerts
from monitor.cases import Visit, record_follow_up
from monitor.service import Service, open_service
from monitor.tables import Alert, AlertEvent, FollowUp, Outbox, Quiet

HOUSEHOLDS = 3
ORDER = ["red", "orange", "yellow", "blue"]
REGIONS = ["340299001001", "340203002003"]
VALUES = {
    "illness": [10_500, 12_000, 15_599, 15_600, 30_000], "income": [0.4, 0.28, 0.3, 0.1, 0.49], "elder": [1, 2],
}  # fmt: skip
COOLDOWN, QUIET, WORSE = timedelta(days=30), timedelta(days=90), 0.3


@dataclass
class Silence:
    """A rule kept quiet, as the model remembers it."""

    until: date
    observed: float
    category: str
    level: str


@dataclass
class Episode:
    """One alert, as the model remembers it."""

    level: str
    reasons: dict[str, str] = field(default_factory=dict)
    observed: dict[str, float] = field(default_factory=dict)
    lower_since: date | None = None
    status: str = "open"
    told: int = 1
    sent: int = 1
    opened: date = DAY


@dataclass
class Life:
    """One household, as the model remembers it."""

    category: str = "near_dibao"
    region: str = REGIONS[0]
    episodes: list[Episode] = field(default_factory=list)
    silences: dict[str, Silence] = field(default_factory=dict)

    @property
    def open(self) -> Episode | None:
        return self.episodes[-1] if self.episodes and self.episodes[-1].status in ("open", "visited") else None

    def night(self, day: date, shown: dict[str, tuple[int, float]], gone: set[str]) -> None:
        firing = {
            name: value for name, (code, value) in shown.items() if code == FIRES and not self.held(name, value, day)
        }
        if self.open is None:
            if firing:
                level = min((RULES[name].level for name in firing), key=ORDER.index)
                self.episodes.append(Episode(level, dict.fromkeys(firing, "active"), dict(firing), opened=day))
            return
        self.renew(self.open, day, shown, firing, gone)

    def held(self, name: str, value: float, day: date) -> bool:
        silence = self.silences.get(name)
        if silence is None:
            return False
        lower = RULES[name].lower_is_worse
        change = round(silence.observed - value if lower else value - silence.observed, 6)
        worse = change > 0 and change >= round(WORSE * silence.observed, 6)
        if day > silence.until or silence.category != self.category or worse:
            del self.silences[name]
            return False
        return True

    def renew(
        self, now: Episode, day: date, shown: dict[str, tuple[int, float]], firing: dict[str, float], gone: set[str]
    ) -> None:
        before = dict(now.reasons)
        for name in firing:
            now.reasons[name] = "active"
            now.observed[name] = firing[name]
        for name, status in before.items():
            code = shown[name][0]
            if code == SILENT and status in ("active", "unknown"):
                now.reasons[name] = "annulled" if name in gone else "cleared"
            if code == UNKNOWN and status == "active":
                now.reasons[name] = "unknown"
        now.told += now.reasons != before
        self.settle(now, day, had_live=any(status in ("active", "unknown") for status in before.values()))

    def settle(self, now: Episode, day: date, *, had_live: bool) -> None:
        live = [RULES[name].level for name, status in now.reasons.items() if status in ("active", "unknown")]
        wanted = min(live, key=ORDER.index) if live else now.level
        if ORDER.index(wanted) < ORDER.index(now.level):
            now.level, now.lower_since = wanted, None
            now.told, now.sent = now.told + 1, now.sent + 1
        elif wanted == now.level:
            now.lower_since = None
        else:
            now.lower_since = now.lower_since or day
            if day - now.lower_since >= COOLDOWN:
                now.level, now.lower_since = wanted, None
                now.told, now.sent = now.told + 1, now.sent + 1
        if set(now.reasons.values()) == {"annulled"}:
            now.status, now.told, now.sent = "annulled", now.told + 1, now.sent + 1
        elif not live and had_live:
            now.told += 1


FOLDER = TemporaryDirectory(prefix="lowincome-life-")


@cache
def installation() -> Service:
    """One for all lives, emptied before each: an engine of its own would compile each statement anew."""
    return open_service(empty(Path(FOLDER.name) / "var"))


class Nights(RuleBasedStateMachine):
    """Three households through nights of any verdicts; the database must say what the model says."""

    sent_visits = Bundle("sent_visits")

    @initialize()
    def install(self) -> None:
        self.service = installation()
        empty_again(self.service)
        with database.transaction(self.service.engine) as session:
            self.keys = [home.id for home in register(session, HOUSEHOLDS)]
        self.lives = {key: Life() for key in self.keys}
        self.day = DAY
        self.last: dict[int, Home] = {}

    @rule(days=st.sampled_from([0, 1, 1, 29, 30, 31, 91]), data=st.data())
    def night(self, days: int, data: st.DataObject) -> None:
        """Judge all households; a day that was judged before may be judged again by other data."""
        self.day += timedelta(days=days)
        code = st.sampled_from([FIRES, SILENT, UNKNOWN])
        self.last, gone = {}, set()
        for key, life in self.lives.items():
            shown = {name: (data.draw(code), float(data.draw(st.sampled_from(VALUES[name])))) for name in RULES}
            taken = data.draw(st.booleans())
            gone |= {("medical_settlements", 1, key)} if taken else set()
            life.night(self.day, shown, set(RULES) if taken else set())
            self.last[key] = Home(shown, region=life.region, category=life.category)
        self.judge_last(gone)

    @rule()
    def same_night_again(self) -> None:
        """The same verdicts a second time change nothing at all."""
        before = self.everything()
        if self.last:
            self.judge_last(set())
        assert self.everything() == before

    @rule(key=st.integers(0, HOUSEHOLDS - 1), category=st.sampled_from(["near_dibao", "dibao"]))
    def category_changes(self, key: int, category: str) -> None:
        self.lives[self.keys[key]].category = category
        self.last = {}

    @rule(key=st.integers(0, HOUSEHOLDS - 1), region=st.sampled_from(REGIONS))
    def moves(self, key: int, region: str) -> None:
        self.lives[self.keys[key]].region = region
        self.last = {}

    @rule(
        target=sent_visits, key=st.integers(0, HOUSEHOLDS - 1),
        said=st.sampled_from([("no_need", "NE_SHORT"), ("false_alarm", "ERR_STALE"), ("confirmed", None)]),
    )  # fmt: skip
    def visit(self, key: int, said: tuple[str, str | None]) -> Any:
        life = self.lives[self.keys[key]]
        if life.open is None:
            return None
        visit = Visit(uuid.uuid4(), self.day, "home", *said)
        alert = self.alert(self.keys[key])
        assert self.record(alert, visit)
        now = life.open
        now.told, now.sent = now.told + 1, now.sent + 1
        now.status = "closed" if visit.closes else "visited"
        if visit.quiets:
            for name in [name for name, status in now.reasons.items() if status != "annulled"]:
                silence = Silence(self.day + QUIET, now.observed[name], self.stored_category(alert), RULES[name].level)
                life.silences[name] = silence
        self.last = {}
        return alert.id, visit

    @rule(sent=sent_visits)
    def same_visit_again(self, sent: Any) -> None:
        """A phone that retries, however late, records nothing more."""
        if sent is not None:
            before = self.everything()
            with database.reading(self.service.engine) as session:
                alert = session.get_one(Alert, sent[0])
            assert not self.record(alert, sent[1])
            assert self.everything() == before

    @invariant()
    def the_database_says_what_the_model_says(self) -> None:
        if not hasattr(self, "service"):
            return
        with database.reading(self.service.engine) as session:
            for key, life in self.lives.items():
                found = session.scalars(select(Alert).where(Alert.household_id == key).order_by(Alert.episode)).all()
                assert [self.of_alert(session, alert) for alert in found] == [
                    self.of_model(one) for one in life.episodes
                ]
                assert [alert.previous_id for alert in found] == [None, *(alert.id for alert in found)][: len(found)]
                quiet = session.scalars(select(Quiet).where(Quiet.household_id == key, Quiet.ended_on.is_(None)))
                assert {one.rule: one.until_on for one in quiet} == {n: s.until for n, s in life.silences.items()}
            assert list(audit.broken_links(session)) == []

    def judge_last(self, gone: set[tuple[str, int, int]]) -> None:
        with database.transaction(self.service.engine) as session:
            raise_alerts(session, judge(self.last, as_of=self.day, taken_back=gone), scan=scan_row(session, self.day))

    def record(self, alert: Alert, visit: Visit) -> bool:
        with database.transaction(self.service.engine) as session:
            keyring = self.service.keyring
            return record_follow_up(session, alert.id, visit, by=viewer(), keyring=keyring, today=self.day).new

    def alert(self, key: int) -> Alert:
        with database.reading(self.service.engine) as session:
            return session.scalars(select(Alert).where(Alert.household_id == key, Alert.closed_at.is_(None))).one()

    def stored_category(self, alert: Alert) -> str:
        """The category as of the night the alert was last judged, which is what the worker saw."""
        return alert.category or ""

    def of_alert(self, session: database.Session, alert: Alert) -> dict[str, Any]:
        told = session.scalars(select(AlertEvent.kind).where(AlertEvent.alert_id == alert.id)).all()
        sent = select(func.count()).select_from(Outbox).where(Outbox.subject == str(alert.id))
        assert [reason.place for reason in alert.reasons] == list(range(len(alert.reasons)))
        live = [reason for reason in alert.reasons if reason.status in ("active", "unknown")]
        assert sorted(alert.standing.strip(",").split(",")) == sorted(f"h:{one.rule}" for one in live) or not live
        assert live or not alert.standing
        if alert.closed_at is None:
            assert (alert.cleared_on is None) == bool(live)
        return {
            "status": alert.status, "level": alert.level, "lower_since": alert.lower_since_on,
            "reasons": {reason.rule: reason.status for reason in alert.reasons},
            "observed": {reason.rule: reason.observed for reason in alert.reasons},
            "told": len([kind for kind in told if kind != "moved"]), "sent": session.scalar(sent),
            "opened": alert.opened_on,
        }  # fmt: skip

    def of_model(self, one: Episode) -> dict[str, Any]:
        return {
            "status": one.status, "level": one.level, "lower_since": one.lower_since, "reasons": one.reasons,
            "observed": one.observed, "told": one.told, "sent": one.sent, "opened": one.opened,
        }  # fmt: skip

    def everything(self) -> dict[str, list[Any]]:
        with self.service.engine.connect() as connection:
            tables = (Alert, AlertEvent, Outbox, Quiet, FollowUp)
            return {one.__tablename__: sorted(map(str, connection.execute(select(one.__table__)))) for one in tables}


TestNights = Nights.TestCase
TestNights.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
