"""Every job that the clock or a person can ask for, by name: a function of the service and a date."""

from collections.abc import Callable
from datetime import date
from importlib import import_module
from typing import Any

from jobs.noting import noted
from monitor.errors import NotFound
from monitor.service import Service

Counts = dict[str, Any]
# Modules are entered when a job is asked for: a clock that only asks must not load what a scan needs.
JOBS: dict[str, tuple[str, str]] = {
    "ingest": ("jobs.watch", "watch"),
    "anchor": ("jobs.anchor", "anchor"),
    "pull": ("jobs.pulling", "pull"),
    "scan": ("jobs.scan", "scan"),
    "remind": ("jobs.remind", "remind"),
    "backup": ("jobs.backups", "backup"),
    "drill": ("jobs.backups.drilling", "drill"),
    "integrity": ("jobs.integrity", "integrity"),
    "publish": ("jobs.publish", "publish"),
    "follow": ("jobs.follow", "follow"),
    "purge": ("jobs.purge", "purge"),
    "retrain": ("jobs.train", "train"),
    "doctor": ("jobs.doctor", "doctor"),
}
_NEEDS_A_PERSON = ("held", "refused", "retry", "unreachable", "quarantined")


def known(job: str) -> str:
    """Return ``job`` if there is such a job; refuse it otherwise, naming those there are."""
    if job not in JOBS:
        there = ", ".join(JOBS)
        raise NotFound(zh=f"没有名为 {job} 的作业，现有：{there}", en=f"there is no job {job}: there are {there}")
    return job


def perform(service: Service, job: str, as_of: date) -> Counts:
    """Do ``job`` for ``as_of`` now, under its row of the ledger, and return what it counted.

    A second call for the same date goes on where the first was cut short, or does again what has no effect
    twice. Refuses with ``Busy`` while another process is at it.
    """
    module, name = JOBS[known(job)]
    work: Callable[..., Any] = getattr(import_module(module), name)
    if job == "scan":
        return dict(work(service, as_of).counts)
    return noted(service, job, as_of, work)


def needs_a_person(counts: Counts) -> bool:
    """Say whether what was counted means that somebody has to look."""
    return any(counts.get(word) for word in _NEEDS_A_PERSON)
