"""Where the service runs: every ``LOWINCOME_*`` variable, read once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.errors import Invalid

SEATS = "LOWINCOME_SEATS"
"""Where processes of the API that are at least as many as the cores find each its own: said by who begins them."""


@dataclass(frozen=True)
class Settings:
    """The places and limits of one installation; policy is never among them."""

    home: Path
    database_url: str
    key_file: Path
    production: bool = False
    threads: int = 2
    memory_limit: str = "2GB"
    backup_url: str | None = None
    backup_folder: Path | None = None
    inbox_folder: Path | None = None
    pulls: Path | None = None
    crypto: str = "intl"
    anchor_file: Path | None = None
    reveals_a_day: int = 50
    lease_seconds: float = 5.0
    job_memory_gib: int = 16
    timetable: Path | None = None
    passwords: str = "gb"
    second_factor: bool = False
    public_url: str | None = None
    oidc_issuer: str | None = None
    oidc_client: str | None = None
    oidc_secret: Path | None = None
    least_households: int = 10
    webhooks: Path | None = None
    bench_url: str | None = None
    export_rows_alone: int = 100
    forms_a_day: int = 200
    pack_hours: int = 48
    packs_a_day: int = 6

    @property
    def backups(self) -> Path:
        """Where backups are written; best on another disk."""
        return self.backup_folder or self.home / "backups"

    @property
    def inbox(self) -> Path:
        """The drop folder that is watched."""
        return self.inbox_folder or self.home / "inbox"

    @property
    def anchor(self) -> Path:
        """Where the audit chain is anchored outside the database; best on another disk or another machine."""
        return self.anchor_file or self.home / "anchor" / "audit.jsonl"

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def received(self) -> Path:
        """Row-error lists and other by-products of deliveries, never the deliveries themselves."""
        return self.home / "received"


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``environ`` (the process environment when omitted).

    ``LOWINCOME_HOME`` (default ``var``) holds the lake, the keys and the SQLite file unless
    ``LOWINCOME_DATABASE_URL`` and ``LOWINCOME_KEY_FILE`` say otherwise. Refuses a value that is not
    what the variable takes, naming the variable. ``LOWINCOME_BACKUPS`` and ``LOWINCOME_INBOX`` move those
    folders, ``LOWINCOME_BACKUP_DATABASE_URL`` is the backup role's way in, ``LOWINCOME_PULLS`` the page of what
    is fetched from other databases. ``LOWINCOME_CRYPTO`` is ``intl`` (AES-256-GCM) or ``gm`` (SM4-GCM) for new
    cells; ``LOWINCOME_AUDIT_ANCHOR`` is the file that anchors the audit chain,
    ``LOWINCOME_REVEALS_A_DAY`` how many personal fields a worker may see in the clear (50),
    ``LOWINCOME_LEAST_HOUSEHOLDS`` the fewest households that a cell of an exported report may tell of (10, at least 5),
    ``LOWINCOME_WEBHOOKS`` the page of who is told of alerts and referrals, ``LOWINCOME_EXPORT_ROWS_ALONE`` how many
    rows a day may be taken out without a second person's agreement (100).
    ``LOWINCOME_FORMS_A_DAY`` is how many households a worker may print forms of (200). ``LOWINCOME_PACK_HOURS`` is how
    long a visit pack is good (24 to 72, 48), ``LOWINCOME_PACKS_A_DAY`` how many a worker may download (6).
    ``LOWINCOME_LEASE_SECONDS`` is how long a silent worker keeps its run (5), ``LOWINCOME_JOB_MEMORY_GIB`` the
    address space a job's process may use (16), ``LOWINCOME_TIMETABLE`` the page of when what runs.
    ``LOWINCOME_BENCH_DATABASE_URL`` is a PostgreSQL database that a benchmark may empty. ``LOWINCOME_PASSWORDS`` is
    the password profile (``gb`` or ``asvs``), ``LOWINCOME_SECOND_FACTOR`` whether everybody must have one (default: in
    production), ``LOWINCOME_PUBLIC_URL`` the address that browsers use, ``LOWINCOME_OIDC_ISSUER``, ``_CLIENT`` and
    ``_SECRET_FILE`` the provider to sign in by.
    """
    env = os.environ if environ is None else environ
    home = Path(env.get("LOWINCOME_HOME") or "var").expanduser().absolute()
    return Settings(
        home=home,
        database_url=_driver(env.get("LOWINCOME_DATABASE_URL") or f"sqlite:///{home / 'lowincome.db'}"),
        key_file=Path(env.get("LOWINCOME_KEY_FILE") or home / "keys" / "master.key").absolute(),
        production=_flag(env, "LOWINCOME_PRODUCTION"),
        threads=_count(env, "LOWINCOME_THREADS", os.cpu_count() or 2),
        memory_limit=env.get("LOWINCOME_MEMORY_LIMIT") or "2GB",
        backup_url=_driver(env["LOWINCOME_BACKUP_DATABASE_URL"]) if env.get("LOWINCOME_BACKUP_DATABASE_URL") else None,
        backup_folder=_place(env, "LOWINCOME_BACKUPS"),
        inbox_folder=_place(env, "LOWINCOME_INBOX"),
        pulls=_place(env, "LOWINCOME_PULLS"),
        crypto=env.get("LOWINCOME_CRYPTO") or "intl",
        anchor_file=_place(env, "LOWINCOME_AUDIT_ANCHOR"),
        reveals_a_day=_count(env, "LOWINCOME_REVEALS_A_DAY", 50),
        bench_url=_driver(env["LOWINCOME_BENCH_DATABASE_URL"]) if env.get("LOWINCOME_BENCH_DATABASE_URL") else None,
        lease_seconds=_seconds(env, "LOWINCOME_LEASE_SECONDS", 5.0),
        job_memory_gib=_count(env, "LOWINCOME_JOB_MEMORY_GIB", 16),
        timetable=_place(env, "LOWINCOME_TIMETABLE"),
        passwords=_word(env, "LOWINCOME_PASSWORDS", "gb", "asvs"),
        second_factor=_flag(
            env, "LOWINCOME_SECOND_FACTOR" if env.get("LOWINCOME_SECOND_FACTOR") else "LOWINCOME_PRODUCTION"
        ),
        public_url=(env.get("LOWINCOME_PUBLIC_URL") or "").rstrip("/") or None,
        oidc_issuer=env.get("LOWINCOME_OIDC_ISSUER") or None,
        oidc_client=env.get("LOWINCOME_OIDC_CLIENT") or None,
        oidc_secret=_place(env, "LOWINCOME_OIDC_SECRET_FILE"),
        least_households=_count(env, "LOWINCOME_LEAST_HOUSEHOLDS", 10),
        webhooks=_place(env, "LOWINCOME_WEBHOOKS"),
        export_rows_alone=_count(env, "LOWINCOME_EXPORT_ROWS_ALONE", 100),
        forms_a_day=_count(env, "LOWINCOME_FORMS_A_DAY", 200),
        pack_hours=_hours(env, "LOWINCOME_PACK_HOURS", 48),
        packs_a_day=_count(env, "LOWINCOME_PACKS_A_DAY", 6),
    )


def _place(env: Mapping[str, str], name: str) -> Path | None:
    return Path(env[name]).expanduser().absolute() if env.get(name) else None


def _driver(url: str) -> str:
    """Plain ``postgresql://`` means the installed driver, psycopg 3."""
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            return "postgresql+psycopg://" + url.removeprefix(plain)
    return url


def _word(env: Mapping[str, str], name: str, *words: str) -> str:
    """One of ``words``, the first when the variable is not set."""
    said = env.get(name, "").strip().lower() or words[0]
    if said not in words:
        raise Invalid(zh=f"{name} 只能是 {'、'.join(words)}", en=f"{name} takes {' or '.join(words)}")
    return said


def _flag(env: Mapping[str, str], name: str) -> bool:
    text = env.get(name, "").strip().lower()
    if text in ("", "0", "no", "false"):
        return False
    if text in ("1", "yes", "true"):
        return True
    raise Invalid(zh=f"{name} 只能是 0 或 1", en=f"{name} takes 0 or 1")


def _count(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not text.isdigit() or int(text) < 1:
        raise Invalid(zh=f"{name} 须为正整数", en=f"{name} takes a whole number above 0")
    return int(text)


def _hours(env: Mapping[str, str], name: str, default: int) -> int:
    hours = _count(env, name, default)
    if not 24 <= hours <= 72:
        raise Invalid(zh=f"{name} 须为 24 至 72 小时", en=f"{name} takes hours, from 24 to 72")
    return hours


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, "").strip()
    try:
        seconds = float(text) if text else default
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 3600:
        raise Invalid(zh=f"{name} 须为 1 至 3600 秒", en=f"{name} takes seconds, from 1 to 3600")
    return seconds
