"""The timetable: which job is due when, read from a page and reckoned in city time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml

from jobs.catalogue import known
from monitor.errors import Invalid, Refused
from monitor.service import CITY_TIME

SHIPPED = Path(__file__).parent / "timetable.yaml"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_INSTEAD = {
    "at": ["every_minutes"], "every_minutes": ["at", "days", "day_of_month", "missed"],
    "days": ["day_of_month"], "day_of_month": ["days"],
}  # fmt: skip
_WORDS = {"at", "every_minutes", "days", "day_of_month", "missed", "active"}


@dataclass(frozen=True)
class Due:
    """When one job is due: at a time of day on some days, or every so many minutes."""

    job: str
    at: time | None = None
    every_minutes: int | None = None
    on: tuple[str, ...] = DAYS
    day: int | None = None
    missed: str = "latest"

    def on_date(self, day: date) -> datetime | None:
        """Return the instant at which the job is due for ``day``, if it is due on that day at all."""
        if self.at is None or DAYS[day.weekday()] not in self.on or self.day not in (None, day.day):
            return None
        return datetime.combine(day, self.at, CITY_TIME)

    def dates(self, since: date, now: datetime) -> Iterator[date]:
        """Yield the dates from ``since`` on for which the job has become due by ``now``, the oldest first."""
        day, last = since, now.astimezone(CITY_TIME).date()
        while day <= last:
            due = self.on_date(day)
            if due is not None and due <= now:
                yield day
            day += timedelta(days=1)

    def next_after(self, now: datetime) -> datetime | None:
        """Return when the job is due next, within the coming 32 days."""
        if self.every_minutes is not None:
            return now + timedelta(minutes=self.every_minutes)
        here = now.astimezone(CITY_TIME).date()
        coming = (self.on_date(here + timedelta(days=ahead)) for ahead in range(33))
        return next((due for due in coming if due is not None and due > now), None)

    def words(self) -> str:
        """Say when, as the page says it."""
        if self.every_minutes is not None:
            return f"每 {self.every_minutes} 分钟 / every {self.every_minutes} min"
        when = f"{self.at:%H:%M}"
        if self.day is not None:
            return f"{when} 每月 {self.day} 日 / day {self.day}"
        return when if self.on == DAYS else f"{when} {','.join(self.on)}"


def read(page: Path | None = None) -> dict[str, Due]:
    """Read the shipped timetable and, over it, what ``page`` says of the jobs that it names.

    What it leaves out of a job stays as shipped: another hour is no other way to make up for missed dates.
    Refuses what it does not understand, naming the page and the job; a job that is off is left out.
    """
    shipped = _page(SHIPPED)
    said = shipped | {job: _over(shipped.get(job, {}), entry) for job, entry in (_page(page) if page else {}).items()}
    entries = {job: _due(job, entry) for job, entry in said.items()}
    return {job: due for job, due in entries.items() if due is not None}


def _over(shipped: Mapping[str, Any], said: Mapping[str, Any]) -> Mapping[str, Any]:
    gone = {name for word in said for name in _INSTEAD.get(word, ())}
    return {name: value for name, value in shipped.items() if name not in gone} | dict(said)


def _page(path: Path) -> dict[str, Mapping[str, Any]]:
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        if not isinstance(said, dict):
            raise ValueError("a mapping of jobs")
        for job, entry in said.items():
            _due(known(str(job)), entry)
        return {str(job): entry for job, entry in said.items()}
    except Refused as refusal:
        raise Invalid(zh=f"{path.name}：{refusal.zh}", en=f"{path.name}: {refusal.en}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError) as error:
        raise Invalid(
            zh=f"时间表 {path.name} 无法读取：{error}", en=f"the timetable {path.name} cannot be read: {error}"
        ) from None


def _due(job: str, said: Any) -> Due | None:
    if not isinstance(said, Mapping) or set(said) - _WORDS:
        raise ValueError(f"{job}: takes {', '.join(sorted(_WORDS))}")
    if said.get("active") is False:
        return None
    if ("at" in said) == ("every_minutes" in said):
        raise ValueError(f"{job}: either at or every_minutes")
    missed = said.get("missed", "latest")
    if missed not in ("each", "latest"):
        raise ValueError(f"{job}: missed is each or latest")
    if "every_minutes" in said:
        return Due(job, every_minutes=_number(job, said["every_minutes"], 720))
    day = None if said.get("day_of_month") is None else _number(job, said["day_of_month"], 28)
    return Due(job, at=_time(job, said["at"]), on=_days(job, said.get("days", DAYS)), day=day, missed=missed)


def _number(job: str, said: Any, most: int) -> int:
    if not isinstance(said, int) or isinstance(said, bool) or not 1 <= said <= most:
        raise ValueError(f"{job}: a whole number from 1 to {most}, not {said!r}")
    return said


def _time(job: str, said: Any) -> time:
    """Quoted in the page: YAML reads a bare 01:30 as a number in base sixty."""
    try:
        return datetime.strptime(said, "%H:%M").time()  # noqa: DTZ007 - a time of day has no zone yet
    except (TypeError, ValueError):
        raise ValueError(f'{job}: at is "HH:MM" in quotation marks, not {said!r}') from None


def _days(job: str, said: Any) -> tuple[str, ...]:
    if not isinstance(said, list | tuple) or not said or set(said) - set(DAYS):
        raise ValueError(f"{job}: days is a list of {', '.join(DAYS)}")
    return tuple(day for day in DAYS if day in said)
