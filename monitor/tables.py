"""The nouns: every table of the operational database, with its constraints named.

Facts are not here: they lie in the lake, which knows people by ``people.id`` only. Columns of type
``Encrypted`` hold personal data and are readable through ``privacy.Keyring`` alone.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

BigId = BigInteger().with_variant(Integer, "sqlite")
Encrypted = LargeBinary
Json = dict[str, Any]


def utc_now() -> datetime:
    """Return the present instant, in UTC and saying so."""
    return datetime.now(UTC)


class Instant(TypeDecorator[datetime]):
    """An instant in UTC, aware of it on every database; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("an instant must carry its time zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """What every table shares: constraint names that migrations can rely on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Instant, Json: JSON, list[Any]: JSON, str: Text}


def _among(column: str, *words: str, name: str | None = None) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=name or column)


def _open_index(name: str, *columns: str, beside: Sequence[str] = ()) -> Index:
    """An index over what is open: the queue's pages come out in order, however many alerts have ended.

    ``beside`` is what PostgreSQL's wall asks of every row: with it in the index, no row is fetched to be passed over.
    """
    still = text("closed_at IS NULL")
    return Index(name, *columns, sqlite_where=still, postgresql_where=still, postgresql_include=list(beside))


def _rare_index(name: str, condition: str, *columns: str) -> Index:
    """An index over what the queue may be narrowed to and holds little of."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


# What is due next: the result once visited, the visit once contacted. An open alert without a deadline is due never.
_DUE = (
    "CASE WHEN visited_on IS NOT NULL THEN COALESCE(result_due_on, '9999-12-31') "
    "WHEN contacted_on IS NOT NULL THEN COALESCE(visit_due_on, result_due_on, '9999-12-31') "
    "ELSE COALESCE(contact_due_on, visit_due_on, result_due_on, '9999-12-31') END"
)
_STANDING = text("status IN ('active', 'unknown')")
_ORDER = ("level", "due_on", "rank", "id")
_ASKED = ("status", "standing")  # what else a page asks of each: it then reads the index alone


class Region(Table):
    """An official code and its parent, valid between two dates."""

    __tablename__ = "regions"

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    scheme: Mapped[str] = mapped_column(String(32), primary_key=True, default="official")
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    valid_to: Mapped[date | None]
    name: Mapped[str]
    parent: Mapped[str | None] = mapped_column(String(12), index=True)
    level: Mapped[str] = mapped_column(String(12))
    successor: Mapped[str | None] = mapped_column(String(12))
    path: Mapped[str | None] = mapped_column(String(96))
    __table_args__ = (_among("level", "nation", "province", "city", "county", "town", "village"),)


class Worker(Table):
    """Whoever signs in, the role and the region that are theirs. One person has one: ``staff_no`` is theirs alone."""

    __tablename__ = "workers"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str] = mapped_column(String(32))
    region: Mapped[str] = mapped_column(String(12))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    login: Mapped[str | None] = mapped_column(String(64), unique=True)
    staff_no: Mapped[str | None] = mapped_column(String(32), unique=True)
    subject: Mapped[str | None] = mapped_column(String(255), unique=True)
    version: Mapped[int] = mapped_column(default=1)
    department: Mapped[str | None] = mapped_column(String(64))


class Person(Table):
    """One identity. ``id`` is the surrogate key by which the lake knows the person."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    id_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    id_no: Mapped[bytes | None] = mapped_column(Encrypted)
    name: Mapped[bytes | None] = mapped_column(Encrypted)
    phone: Mapped[bytes | None] = mapped_column(Encrypted)
    sex: Mapped[str | None] = mapped_column(String(1))
    birth_on: Mapped[date | None]
    findable: Mapped[bool] = mapped_column(server_default=false())
    said: Mapped[int | None] = mapped_column(BigInteger)
    __table_args__ = (
        Index("uq_people_id_index", "id_index", unique=True),
        Index(
            "ix_people_to_index", "id", sqlite_where=text("NOT findable"), postgresql_where=text("NOT findable")
        ),
    )  # fmt: skip


class Household(Table):
    """People who share income and expenditure: the unit watched, as the newest register has it."""

    __tablename__ = "households"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    household_no: Mapped[str]
    category: Mapped[str | None] = mapped_column(String(16))
    region: Mapped[str] = mapped_column(String(12))
    county: Mapped[str] = mapped_column(String(6), index=True)
    town: Mapped[str | None] = mapped_column(String(9), index=True)
    village: Mapped[str | None] = mapped_column(String(12), index=True)
    registered: Mapped[bool] = mapped_column(default=True)
    __table_args__ = (Index("uq_households_household_no", "household_no", unique=True),)


class Member(Table):
    """A person in a household, from a date until a date (exclusive; none: still there)."""

    __tablename__ = "members"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    relation: Mapped[str | None] = mapped_column(String(8))
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    __table_args__ = (
        # A page of the queue looks for fifty heads: each is found in the index, with no row of its own to read.
        Index("ix_members_household_id", "household_id", "until_on", "relation", "person_id"),
        Index(
            "uq_members_current",
            "household_id",
            "person_id",
            unique=True,
            sqlite_where=text("until_on IS NULL"),
            postgresql_where=text("until_on IS NULL"),
        ),
    )


class Delivery(Table):
    """One arrival of a feed. Only a committed one exists for the lake; ``seq`` is the order of knowledge."""

    __tablename__ = "deliveries"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    seq: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    feed: Mapped[str] = mapped_column(String(64))
    file_name: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    received_on: Mapped[date]
    known_on: Mapped[date | None]
    mode: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    rows: Mapped[int] = mapped_column(default=0)
    good: Mapped[int] = mapped_column(default=0)
    errors: Mapped[int] = mapped_column(default=0)
    unmatched: Mapped[int] = mapped_column(default=0)
    repaired: Mapped[int] = mapped_column(default=0)
    proposed: Mapped[int] = mapped_column(default=0)
    duplicates: Mapped[int] = mapped_column(default=0)
    superseded: Mapped[int] = mapped_column(default=0)
    facts: Mapped[int] = mapped_column(default=0)
    gone: Mapped[int] = mapped_column(default=0)
    correction: Mapped[bool] = mapped_column(default=False)
    lake_sha256: Mapped[str | None] = mapped_column(String(64))
    profile: Mapped[Json] = mapped_column(default=dict)
    problems: Mapped[list[Any]] = mapped_column(default=list)
    received_at: Mapped[datetime] = mapped_column(default=utc_now)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_why: Mapped[str | None]
    __table_args__ = (
        _among("mode", "full", "append", "withdraw"),
        _among("status", "committed", "held", "refused", "rejected"),
        CheckConstraint("(status = 'committed') = (seq IS NOT NULL)", name="seq_iff_committed"),
        Index("ix_deliveries_feed_known", "feed", "known_on", "seq"),
        Index("ix_deliveries_file", "feed", "sha256"),
    )


class Link(Table):
    """Why a fact that came without a plain, valid ID number is said of this person; it can be undone."""

    __tablename__ = "links"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    feed: Mapped[str] = mapped_column(String(64))
    delivery_seq: Mapped[int] = mapped_column(BigInteger)
    row_no: Mapped[int]
    fact_key: Mapped[int] = mapped_column(BigInteger)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    how: Mapped[str] = mapped_column(String(16))
    evidence: Mapped[Json]
    status: Mapped[str] = mapped_column(String(16), default="active")
    made_by: Mapped[str] = mapped_column(default="system")
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    undone_by: Mapped[str | None]
    undone_at: Mapped[datetime | None]
    undone_why: Mapped[str | None]
    __table_args__ = (
        _among("how", "repaired", "confirmed"),
        _among("status", "active", "undone"),
        Index("uq_links_fact", "delivery_seq", "row_no", "fact_key", unique=True),
    )


class Proposal(Table):
    """A row that may belong to one of a few people: kept, encrypted, for a person to confirm or reject."""

    __tablename__ = "proposals"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    delivery_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("deliveries.id"), index=True)
    feed: Mapped[str] = mapped_column(String(64))
    row_no: Mapped[int]
    row: Mapped[bytes] = mapped_column(Encrypted)
    candidates: Mapped[list[Any]]
    status: Mapped[str] = mapped_column(String(16), default="open")
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    decided_why: Mapped[str | None]
    __table_args__ = (
        _among("status", "open", "confirmed", "rejected"),
        Index("uq_proposals_row", "delivery_id", "row_no", unique=True),
    )


class Run(Table):
    """The ledger: what became of a job on a logical date, once for each scope; the newest attempt of it.

    ``fence`` grows with every taking, so whoever was overtaken is known by an older one. ``step`` counts the
    transactions of the run. ``lease_until``, ``heartbeat_at`` and ``not_before`` are seconds since 1970 by the
    database's clock alone.
    """

    __tablename__ = "runs"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    job: Mapped[str] = mapped_column(String(32))
    as_of: Mapped[date]
    scope: Mapped[str] = mapped_column(String(12), default="")
    status: Mapped[str] = mapped_column(String(24))
    attempt: Mapped[int] = mapped_column(default=1)
    cursor: Mapped[Json] = mapped_column(default=dict)
    counts: Mapped[Json] = mapped_column(default=dict)
    problem: Mapped[str | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    requested_at: Mapped[datetime | None] = mapped_column(default=utc_now)
    fence: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    step: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    tries: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    owner: Mapped[str | None] = mapped_column(String(96))
    lease_until: Mapped[float | None] = mapped_column(Double)
    heartbeat_at: Mapped[float | None] = mapped_column(Double)
    not_before: Mapped[float | None] = mapped_column(Double)
    __table_args__ = (
        _among(
            "status", "requested", "running", "done", "done_with_quarantine", "held", "failed", "interrupted", "missed"
        ),
        Index("uq_runs_night", "job", "as_of", "scope", unique=True),
        Index(
            "uq_runs_one_running",
            "job",
            unique=True,
            sqlite_where=text("status = 'running'"),
            postgresql_where=text("status = 'running'"),
        ),
    )


class RunEvent(Table):
    """A change in the life of a run, never altered: asked for, taken, taken over, ended, missed."""

    __tablename__ = "run_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("runs.id"), index=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    kind: Mapped[str] = mapped_column(String(24))
    by: Mapped[str] = mapped_column(String(96), default="")
    fence: Mapped[int] = mapped_column(BigInteger)
    problem: Mapped[str | None]


class ProgramsServed(Table):
    """One row: the newest revision of the oldest program that these tables serve."""

    __tablename__ = "programs_served"

    since: Mapped[str] = mapped_column(String(32), primary_key=True)


class Quarantine(Table):
    """A household that no run could judge or settle: it was set aside and keeps the alert it had."""

    __tablename__ = "quarantines"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("runs.id"))
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"))
    as_of: Mapped[date]
    stage: Mapped[str] = mapped_column(String(16))
    error: Mapped[str] = mapped_column(String(64))
    place: Mapped[str] = mapped_column(String(128), default="")
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    __table_args__ = (
        _among("stage", "judge", "settle"),
        Index("uq_quarantines_household", "run_id", "household_id", unique=True),
    )


class Scan(Table):
    """A region judged as of one date under one policy and one list of deliveries."""

    __tablename__ = "scans"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    run_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("runs.id"))
    as_of: Mapped[date]
    scope: Mapped[str] = mapped_column(String(12), default="")
    policy_version: Mapped[str] = mapped_column(String(64))
    model_version: Mapped[str | None] = mapped_column(String(64))
    manifest: Mapped[str] = mapped_column(String(64))
    verdicts_sha256: Mapped[str | None] = mapped_column(String(64))
    counts: Mapped[Json] = mapped_column(default=dict)
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]
    __table_args__ = (Index("uq_scans_inputs", "as_of", "scope", "policy_version", "manifest", unique=True),)


class Alert(Table):
    """One household, one episode, all its reasons, its life."""

    __tablename__ = "alerts"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"))
    episode: Mapped[int] = mapped_column(default=1)
    status: Mapped[str] = mapped_column(String(16), default="open")
    level: Mapped[str] = mapped_column(String(8))
    level_since_on: Mapped[date]
    lower_level: Mapped[str | None] = mapped_column(String(8))
    lower_since_on: Mapped[date | None]
    rank: Mapped[int] = mapped_column(BigInteger, default=0)
    region: Mapped[str] = mapped_column(String(12))
    county: Mapped[str] = mapped_column(String(6))
    town: Mapped[str | None] = mapped_column(String(9))
    village: Mapped[str | None] = mapped_column(String(12))
    category: Mapped[str | None] = mapped_column(String(16))
    opened_on: Mapped[date]
    opened_at: Mapped[datetime] = mapped_column(default=utc_now)
    seen_on: Mapped[date]
    unseen: Mapped[list[Any]] = mapped_column(default=list)
    cleared_on: Mapped[date | None]
    closed_at: Mapped[datetime | None]
    closed_why: Mapped[str | None] = mapped_column(String(32))
    previous_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("alerts.id"))
    scan_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("scans.id"))
    version: Mapped[int] = mapped_column(default=1)
    contact_due_on: Mapped[date | None]
    visit_due_on: Mapped[date | None]
    result_due_on: Mapped[date | None]
    contacted_on: Mapped[date | None]
    visited_on: Mapped[date | None]
    due_on: Mapped[date] = mapped_column(Computed(_DUE), nullable=True)
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("workers.id"))
    paused_from: Mapped[str | None] = mapped_column(String(16))
    paused_until: Mapped[date | None]
    wakes_on_worse: Mapped[bool] = mapped_column(server_default=false())
    handed_from: Mapped[str | None] = mapped_column(String(12))
    review_of: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    standing: Mapped[str] = mapped_column(Text, server_default="")
    reasons: Mapped[list["Reason"]] = relationship(back_populates="alert", order_by="Reason.place")
    household: Mapped[Household] = relationship()
    __table_args__ = (
        _among(
            "status",
            "open",
            "assigned",
            "visited",
            "snoozed",
            "referred",
            "suspended",
            "town_review",
            "county_review",
            "returned",
            "transferred",
            "reopened",
            "closed",
            "annulled",
        ),
        _among("level", "red", "orange", "yellow", "blue"),
        CheckConstraint("(status IN ('closed', 'annulled')) = (closed_at IS NOT NULL)", name="closed_iff_ended"),
        Index("uq_alerts_episode", "household_id", "episode", unique=True),
        Index(
            "uq_alerts_one_open",
            "household_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_alerts_status", "status", "due_on", "rank", "id"),
        _open_index("ix_alerts_queue", *_ORDER, *_ASKED, "county", beside=("town", "village")),
        _open_index("ix_alerts_county", "county", *_ORDER, *_ASKED, beside=("town", "village")),
        _open_index("ix_alerts_town", "town", *_ORDER, *_ASKED, beside=("county", "village")),
        _open_index("ix_alerts_village", "village", *_ORDER, *_ASKED, beside=("county", "town")),
        _rare_index("ix_alerts_owner", "closed_at IS NULL AND owner_id IS NOT NULL", "owner_id", *_ORDER),
        _open_index("ix_alerts_sought", "county", "id", "status", "level", "due_on", "rank"),
        _rare_index("ix_alerts_recurring", "closed_at IS NULL AND previous_id IS NOT NULL", "county", "town"),
        _rare_index("ix_alerts_cleared", "closed_at IS NULL AND cleared_on IS NOT NULL", "county", "town"),
        _rare_index("ix_alerts_previous", "previous_id IS NOT NULL", "previous_id"),
        _rare_index("ix_alerts_ended", "closed_at IS NOT NULL", "town", "status", "due_on", "rank", "id"),
        _open_index(
            "ix_alerts_report", "status", "category", "level", "county", "town", "village", "due_on", "cleared_on",
            "household_id", "closed_at",
        ),
    )  # fmt: skip


class Reason(Table):
    """One rule that fires on the household, with everything needed to explain it for ever.

    ``last_on`` is the night by which it was last written anew. An active one fired last when its alert was last judged.
    """

    __tablename__ = "reasons"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alerts.id"))
    rule: Mapped[str] = mapped_column(String(64))
    rule_version: Mapped[str] = mapped_column(String(64))
    direction: Mapped[str] = mapped_column(String(8))
    level: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(16), default="active")
    place: Mapped[int] = mapped_column(default=0)
    sentence_zh: Mapped[str]
    sentence_en: Mapped[str]
    observed: Mapped[float | None]
    observed_before: Mapped[float | None]
    before_on: Mapped[date | None]
    limit_value: Mapped[float | None]
    excess: Mapped[float | None]
    unit: Mapped[str | None] = mapped_column(String(32))
    parameters: Mapped[list[Any]] = mapped_column(default=list)
    reference: Mapped[Json] = mapped_column(default=dict)
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    unseen: Mapped[list[Any]] = mapped_column(default=list)
    data_on: Mapped[date | None]
    cooldown_days: Mapped[int] = mapped_column(default=0)
    quiet_days: Mapped[int] = mapped_column(default=0)
    quiet_worse: Mapped[float] = mapped_column(default=0.0)
    lower_is_worse: Mapped[bool] = mapped_column(default=False)
    first_on: Mapped[date]
    last_on: Mapped[date]
    cleared_on: Mapped[date | None]
    cleared_by: Mapped[Json | None]
    alert: Mapped[Alert] = relationship(back_populates="reasons")
    __table_args__ = (
        _among("status", "active", "unknown", "cleared", "annulled"),
        _among("level", "red", "orange", "yellow", "blue"),
        _among("direction", "help", "leave", "check"),
        Index("uq_reasons_rule", "alert_id", "rule", unique=True),
        Index("ix_reasons_standing", "rule", "alert_id", sqlite_where=_STANDING, postgresql_where=_STANDING),
        _rare_index("ix_reasons_leaning", f"{_STANDING} AND direction <> 'help'", "direction", "alert_id"),
    )


class Quiet(Table):
    """A rule kept silent for one household, until it worsens or the period ends.

    After a verified "no need" it rests on a follow-up; paused by hand, on the alert whose reason was seen.
    """

    __tablename__ = "quiets"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"), index=True)
    rule: Mapped[str] = mapped_column(String(64))
    since_on: Mapped[date]
    until_on: Mapped[date]
    level: Mapped[str] = mapped_column(String(8))
    observed: Mapped[float | None]
    worse: Mapped[float]
    lower_is_worse: Mapped[bool] = mapped_column(default=False)
    category: Mapped[str | None] = mapped_column(String(16))
    why: Mapped[str] = mapped_column(String(32))
    follow_up_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("follow_ups.id"))
    alert_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("alerts.id"), index=True)
    set_by: Mapped[str | None] = mapped_column(String(36))
    ended_on: Mapped[date | None]
    ended_why: Mapped[str | None]
    __table_args__ = (
        Index(
            "uq_quiets_in_force",
            "household_id",
            "rule",
            unique=True,
            sqlite_where=text("ended_on IS NULL"),
            postgresql_where=text("ended_on IS NULL"),
        ),
    )


class FollowUp(Table):
    """What a worker found. ``id`` is made by the client, so sending it twice records it once."""

    __tablename__ = "follow_ups"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alerts.id"), index=True)
    visited_on: Mapped[date]
    way: Mapped[str] = mapped_column(String(16))
    finding: Mapped[str] = mapped_column(String(16))
    reason_code: Mapped[str | None] = mapped_column(String(32))
    next_on: Mapped[date | None]
    note: Mapped[bytes | None] = mapped_column(Encrypted)
    digest: Mapped[str] = mapped_column(String(64))
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(default=utc_now)
    present: Mapped[bytes | None] = mapped_column(Encrypted)
    facts: Mapped[bytes | None] = mapped_column(Encrypted)
    proposed: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cases.id"), index=True)
    undone_at: Mapped[datetime | None]
    sheet_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("visit_sheets.id"), index=True)
    supplement: Mapped[str | None] = mapped_column(String(12))
    said_on: Mapped[date | None]
    device_at: Mapped[datetime | None]
    ahead_seconds: Mapped[int | None] = mapped_column(BigInteger)
    catalogue: Mapped[str | None] = mapped_column(String(16))
    pack_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    __table_args__ = (_among("supplement", "ended", "changed", "code_gone"),)


COUNTS = FollowUp.undone_at.is_(None) & FollowUp.supplement.is_(None)
"""What holds of a visit that decides something: it was not taken back, and is not kept for the record alone."""


class VisitPack(Table):
    """What one worker took along on one device: which alerts, until when, why it ended, when the device wiped it.

    ``hash`` is of a token that the device alone has, by which it may ask after its pack when its session is over.
    """

    __tablename__ = "visit_packs"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    worker_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("workers.id"))
    sign_in_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(32))
    region: Mapped[str] = mapped_column(String(12))
    alerts: Mapped[list[Any]]
    phones: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None] = mapped_column(String(16))
    ended_by: Mapped[str | None]
    wiped_at: Mapped[datetime | None]
    __table_args__ = (
        _among("ended_why", "expired", "wiped", "replaced", "revoked", "suspended", "moved", "signed_out"),
        Index("ix_visit_packs_worker", "worker_id", "made_at"),
    )


class AlertEvent(Table):
    """One step of an alert's life: who, when, why, before and after. Never changed, never deleted."""

    __tablename__ = "alert_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alerts.id"), index=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    as_of: Mapped[date | None]
    kind: Mapped[str] = mapped_column(String(32))
    by: Mapped[str] = mapped_column(default="system")
    why: Mapped[str | None]
    detail: Mapped[Json] = mapped_column(default=dict)
    edge: Mapped[str | None] = mapped_column(String(24))
    role: Mapped[str | None] = mapped_column(String(32))
    worker: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    version: Mapped[int | None]


class Outbox(Table):
    """What must be told outside, written in the transaction of the thing itself."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(64))
    payload: Mapped[Json] = mapped_column(default=dict)
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    sent_at: Mapped[datetime | None]


class AuditEntry(Table):
    """A link of the audit chain: each hash covers the entry and the hash before it."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    by: Mapped[str]
    action: Mapped[str] = mapped_column(String(48))
    subject: Mapped[str] = mapped_column(String(96))
    detail: Mapped[Json] = mapped_column(default=dict)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    __table_args__ = (
        Index("ix_audit_entries_action", "action", "id"),
        Index("ix_audit_entries_by", "by", "id"),
        Index("ix_audit_entries_subject", "subject", "id"),
        Index("ix_audit_entries_at", "at"),
    )


class Pull(Table):
    """How far one source in another database has been read; ``pending`` is the end of a reading not yet taken in.

    ``edge`` is a digest of the rows shortly before ``watermark`` as they were read last: whether any came late.
    ``read_at`` is when it was last read through, ``trouble`` what is wrong with it in words since ``troubled_at``.
    """

    __tablename__ = "pulls"

    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    watermark: Mapped[str | None]
    pending: Mapped[str | None]
    delivery_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("deliveries.id"))
    rows: Mapped[int] = mapped_column(default=0)
    pulled_at: Mapped[datetime | None]
    edge: Mapped[str | None] = mapped_column(String(64))
    read_at: Mapped[datetime | None]
    trouble: Mapped[Json | None] = mapped_column(JSON(none_as_null=True))
    troubled_at: Mapped[datetime | None]


class Answer(Table):
    """What was answered to a request that carried an Idempotency-Key, kept in the transaction of its effect."""

    __tablename__ = "answers"

    principal: Mapped[str] = mapped_column(String(64), primary_key=True)
    route: Mapped[str] = mapped_column(String(128), primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    version: Mapped[int | None]
    body: Mapped[bytes] = mapped_column(Encrypted)
    made_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)


class Reveal(Table):
    """One personal field of one person shown in the clear: to whom, when, and why."""

    __tablename__ = "reveals"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    worker_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("workers.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"), index=True)
    field: Mapped[str] = mapped_column(String(16))
    reason_code: Mapped[str] = mapped_column(String(32))
    why: Mapped[bytes | None] = mapped_column(Encrypted)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    __table_args__ = (
        _among("field", "id_no", "name", "phone"),
        Index("ix_reveals_worker", "worker_id", "at"),
    )


class ExportRequest(Table):
    """An export too large to be taken out alone: who asked, what for, who agreed; good for a day."""

    __tablename__ = "export_requests"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    asked_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("workers.id"), index=True)
    asked_at: Mapped[datetime] = mapped_column(default=utc_now)
    path: Mapped[str] = mapped_column(String(96))
    narrowed: Mapped[Json] = mapped_column(default=dict)
    why: Mapped[bytes] = mapped_column(Encrypted)
    rows: Mapped[int]
    status: Mapped[str] = mapped_column(String(16), default="asked", index=True)
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("workers.id"))
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    __table_args__ = (_among("status", "asked", "agreed", "refused", "taken"),)


class VisitSheet(Table):
    """A sheet of visits done on paper that was recorded: whose, how its columns were read, what became of it."""

    __tablename__ = "visit_sheets"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    sent_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("workers.id"))
    sent_at: Mapped[datetime] = mapped_column(default=utc_now)
    sha256: Mapped[str] = mapped_column(String(64))
    header: Mapped[str] = mapped_column(String(64))
    places: Mapped[Json] = mapped_column(default=dict)
    recorded: Mapped[int]
    repeated: Mapped[int]
    refused: Mapped[int]
    undone_at: Mapped[datetime | None]
    undone: Mapped[int] = mapped_column(default=0)
    __table_args__ = (Index("ix_visit_sheets_sent", "sent_by", "sent_at"),)


class LegalHold(Table):
    """A household of which nothing may be erased while the hold stands."""

    __tablename__ = "legal_holds"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"))
    document: Mapped[str] = mapped_column(String(128))
    set_by: Mapped[str]
    set_at: Mapped[datetime] = mapped_column(default=utc_now)
    lifted_by: Mapped[str | None]
    lifted_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "uq_legal_holds_standing",
            "household_id",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )


class WebhookSend(Table):
    """How far one message of the outbox has come on its way to one receiver."""

    __tablename__ = "webhook_sends"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"))
    receiver: Mapped[str] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(default=utc_now)
    ended_at: Mapped[datetime | None]
    ended: Mapped[str | None] = mapped_column(String(16))
    problem: Mapped[str | None] = mapped_column(String(64))
    __table_args__ = (
        _among("ended", "delivered", "given_up"),
        Index("uq_webhook_sends_message", "outbox_id", "receiver", unique=True),
        Index(
            "ix_webhook_sends_due",
            "next_at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


class CalendarYear(Table):
    """A year's arrangement of days off as the office keeps it, over the page that ships."""

    __tablename__ = "calendar_years"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str]
    off: Mapped[list[Any]]
    worked: Mapped[list[Any]]
    version: Mapped[int] = mapped_column(default=1)
    changed_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(default=utc_now)


class SearchToken(Table):
    """A keyed token of a way to write somebody's name or number, by which they can be found and nothing read."""

    __tablename__ = "search_tokens"

    token: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    __table_args__ = ({"sqlite_with_rowid": False},)


class Duty(Table):
    """How a worker's days are filled: villages in their care, visits they can make a day, who stands in on leave."""

    __tablename__ = "duties"

    worker_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("workers.id"), primary_key=True)
    villages: Mapped[list[Any]] = mapped_column(default=list)
    visits_a_day: Mapped[int] = mapped_column(default=4)
    away_from: Mapped[date | None]
    away_until: Mapped[date | None]
    cover_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("workers.id"))
    version: Mapped[int] = mapped_column(default=1)
    __table_args__ = (CheckConstraint("visits_a_day BETWEEN 0 AND 50", name="visits_a_day"),)


class View(Table):
    """A way of narrowing the queue that a worker keeps, for themselves or for everybody in a region."""

    __tablename__ = "views"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("workers.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    shared_in: Mapped[str | None] = mapped_column(String(12), index=True)
    filters: Mapped[Json]
    version: Mapped[int] = mapped_column(default=1)
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    __table_args__ = (Index("uq_views_name", "owner_id", "name", unique=True),)


class Note(Table):
    """What a worker wrote on an alert. ``id`` is made by the client, so sending it twice keeps it once."""

    __tablename__ = "notes"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alerts.id"))
    text: Mapped[bytes] = mapped_column(Encrypted)
    digest: Mapped[str] = mapped_column(String(64))
    written_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("workers.id"))
    written_at: Mapped[datetime] = mapped_column(default=utc_now)
    __table_args__ = (Index("ix_notes_alert", "alert_id", "written_at"),)


class Mention(Table):
    """Somebody called to a note, until they have seen it."""

    __tablename__ = "mentions"

    note_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("notes.id"), primary_key=True)
    worker_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("workers.id"), primary_key=True)
    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alerts.id"))
    seen_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "ix_mentions_unseen",
            "worker_id",
            sqlite_where=text("seen_at IS NULL"),
            postgresql_where=text("seen_at IS NULL"),
        ),
    )


class Breach(Table):
    """A deadline of an alert that was reminded of, missed, or told to the level above: each once for ever."""

    __tablename__ = "breaches"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alerts.id"))
    step: Mapped[str] = mapped_column(String(12))
    due_on: Mapped[date]
    as_of: Mapped[date]
    __table_args__ = (
        _among("step", "remind", "overdue", "escalate"),
        Index("uq_breaches_once", "alert_id", "step", "due_on", unique=True),
    )


class ReferralBreach(Table):
    """A deadline of a referral or correction that was reminded of, missed, or told to the level above: each once."""

    __tablename__ = "referral_breaches"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    referral_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("referrals.id"))
    step: Mapped[str] = mapped_column(String(12))
    due_on: Mapped[date]
    as_of: Mapped[date]
    __table_args__ = (
        _among("step", "remind", "overdue", "escalate"),
        Index("uq_referral_breaches_once", "referral_id", "step", "due_on", unique=True),
    )


class Digest(Table):
    """One day's reminders to one worker or, of a region, to the level above it: counts, alerts' and referrals' ids."""

    __tablename__ = "digests"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    as_of: Mapped[date]
    recipient: Mapped[str] = mapped_column(String(36))
    region: Mapped[str] = mapped_column(String(12))
    contents: Mapped[Json]
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    __table_args__ = (Index("ix_digests_recipient", "recipient", "region", "made_at"),)


class Case(Table):
    """A confirmed household and its plan, until its risk is removed and for a year after."""

    __tablename__ = "cases"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"), index=True)
    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alerts.id"), index=True)
    follow_up_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    status: Mapped[str] = mapped_column(String(16), default="planning")
    risk_factors: Mapped[list[Any]] = mapped_column(default=list)
    opened_on: Mapped[date]
    opened_at: Mapped[datetime] = mapped_column(default=utc_now)
    notice_from: Mapped[date | None]
    notice_until: Mapped[date | None]
    removal: Mapped[Json | None]
    proposed_by: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    removed_on: Mapped[date | None]
    paused_from: Mapped[str | None] = mapped_column(String(16))
    closed_at: Mapped[datetime | None]
    closed_why: Mapped[str | None] = mapped_column(String(32))
    version: Mapped[int] = mapped_column(default=1)
    household: Mapped[Household] = relationship()
    __table_args__ = (
        _among(
            "status", "planning", "notice", "helping", "removal", "removal_notice", "removed", "questioned", "ended",
            "annulled",
        ),
        CheckConstraint("(status IN ('ended', 'annulled')) = (closed_at IS NOT NULL)", name="closed_iff_ended"),
        Index("ix_cases_opened", "opened_on", "id"),
        Index(
            "uq_cases_one_open",
            "household_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )  # fmt: skip


class CaseEvent(Table):
    """One step of a case's life: who, when, why, before and after. Never changed, never deleted."""

    __tablename__ = "case_events"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    as_of: Mapped[date | None]
    kind: Mapped[str] = mapped_column(String(32))
    by: Mapped[str] = mapped_column(default="system")
    why: Mapped[str | None]
    detail: Mapped[Json] = mapped_column(default=dict)
    edge: Mapped[str | None] = mapped_column(String(24))
    role: Mapped[str | None] = mapped_column(String(32))
    worker: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    version: Mapped[int | None]


class Measure(Table):
    """One thing planned or done for a household: what, who is responsible, by when, and when it was done."""

    __tablename__ = "measures"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    code: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16), default="planned")
    responsible: Mapped[str]
    due_on: Mapped[date | None]
    done_on: Mapped[date | None]
    amount_yuan: Mapped[float | None]
    note: Mapped[bytes | None] = mapped_column(Encrypted)
    made_by: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    __table_args__ = (_among("status", "planned", "done", "dropped"),)


class Referral(Table):
    """A request to another department, with its due date, what became of it and the receipt.

    With ``feed``, ``delivery_seq`` and ``row_no`` it asks for no help but for one row of data to be corrected.
    """

    __tablename__ = "referrals"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"), index=True)
    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alerts.id"), index=True)
    case_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("cases.id"), index=True)
    code: Mapped[str] = mapped_column(String(32))
    department: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(16), default="sent")
    due_on: Mapped[date]
    note: Mapped[bytes | None] = mapped_column(Encrypted)
    digest: Mapped[str] = mapped_column(String(64))
    sent_by: Mapped[str]
    sent_at: Mapped[datetime] = mapped_column(default=utc_now)
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    refused_why: Mapped[str | None] = mapped_column(String(32))
    receipt_no: Mapped[str | None] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    feed: Mapped[str | None] = mapped_column(String(64))
    delivery_seq: Mapped[int | None] = mapped_column(BigInteger)
    row_no: Mapped[int | None] = mapped_column(BigInteger)
    __table_args__ = (
        _among("status", "sent", "accepted", "refused", "done", "withdrawn"),
        CheckConstraint(
            "(feed IS NULL) = (row_no IS NULL) AND (feed IS NULL) = (delivery_seq IS NULL)", name="whole_row"
        ),
        Index(
            "uq_referrals_row",
            "alert_id",
            "feed",
            "delivery_seq",
            "row_no",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND feed IS NOT NULL"),
            postgresql_where=text("ended_at IS NULL AND feed IS NOT NULL"),
        ),
        Index(
            "ix_referrals_outstanding",
            "due_on",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


class LaterCheck(Table):
    """A check owed 3, 6 or 12 months after a risk was removed."""

    __tablename__ = "later_checks"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("cases.id"))
    months: Mapped[int]
    due_on: Mapped[date] = mapped_column(index=True)
    done_on: Mapped[date | None]
    found: Mapped[str | None] = mapped_column(String(16))
    follow_up_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    __table_args__ = (Index("uq_later_checks_months", "case_id", "months", "due_on", unique=True),)


class Photo(Table):
    """A picture taken on a visit: the row; the picture itself lies encrypted in the home."""

    __tablename__ = "photos"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    follow_up_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("follow_ups.id"), index=True)
    sent_sha256: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    added_by: Mapped[str]
    added_at: Mapped[datetime] = mapped_column(default=utc_now)


class Credential(Table):
    """How a worker proves who they are: hashes, an encrypted TOTP secret, an invitation that waits."""

    __tablename__ = "credentials"

    worker_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("workers.id"), primary_key=True)
    password: Mapped[str | None] = mapped_column(String(255))
    password_at: Mapped[datetime | None]
    earlier: Mapped[list[Any]] = mapped_column(default=list)
    totp: Mapped[bytes | None] = mapped_column(Encrypted)
    totp_proposed: Mapped[bytes | None] = mapped_column(Encrypted)
    totp_step: Mapped[int] = mapped_column(BigInteger, default=0)
    recovery: Mapped[list[Any]] = mapped_column(default=list)
    invitation: Mapped[str | None] = mapped_column(String(64), unique=True)
    invited_until: Mapped[datetime | None]


class SignIn(Table):
    """One session of one worker, found by the SHA-256 of what their cookie holds; ended, it stays for the audit."""

    __tablename__ = "sign_ins"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    worker_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("workers.id"), index=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    source: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    how: Mapped[str] = mapped_column(String(16))
    second: Mapped[bool] = mapped_column(default=False)
    began_at: Mapped[datetime] = mapped_column(default=utc_now)
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    proved_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None] = mapped_column(String(32))
    __table_args__ = (_among("how", "password", "oidc"),)


class Attempt(Table):
    """Failed sign-ins counted by account, by source and by both, under keyed digests: no name and no address."""

    __tablename__ = "attempts"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime] = mapped_column(default=utc_now)
    blocked_until: Mapped[datetime | None]


class ServiceToken(Table):
    """A machine's way in: the hash of a bearer token, the actions it was issued for, and its end."""

    __tablename__ = "service_tokens"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    worker_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("workers.id"), index=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any]] = mapped_column(default=list)
    note: Mapped[str] = mapped_column(default="")
    made_by: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Grant(Table):
    """A role and a region given to a worker, by whom and why; the newest is in force. Never changed."""

    __tablename__ = "grants"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    worker_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("workers.id"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    region: Mapped[str] = mapped_column(String(12))
    by: Mapped[str]
    why: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now)


class Track(Table):
    """One alert as the reports count it: where, when, how soon, what was found. Made from the alert, never by hand."""

    __tablename__ = "tracks"

    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alerts.id"), primary_key=True)
    household_id: Mapped[int] = mapped_column(BigId)
    county: Mapped[str] = mapped_column(String(6))
    town: Mapped[str | None] = mapped_column(String(9))
    village: Mapped[str | None] = mapped_column(String(12))
    level: Mapped[str] = mapped_column(String(8))
    model: Mapped[str | None] = mapped_column(String(64))
    opened_on: Mapped[date]
    opened_month: Mapped[str] = mapped_column(String(7))
    first_days: Mapped[int | None]
    close_days: Mapped[int | None]
    result: Mapped[str | None] = mapped_column(String(16))
    case_on: Mapped[date | None]
    helped_days: Mapped[int | None]
    __table_args__ = (
        Index("ix_tracks_case", "case_on"),
        Index(
            "ix_tracks_cells", "opened_on", "county", "town", "village", "level", "result", "first_days", "close_days",
            "opened_month", "model",
        ),
    )  # fmt: skip


class TrackCause(Table):
    """One rule, or one feed, that stood behind an alert that the reports count."""

    __tablename__ = "track_causes"

    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("tracks.alert_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(4), primary_key=True)
    cause: Mapped[str] = mapped_column(String(64), primary_key=True)
    county: Mapped[str] = mapped_column(String(6))
    town: Mapped[str | None] = mapped_column(String(9))
    village: Mapped[str | None] = mapped_column(String(12))
    opened_on: Mapped[date]
    result: Mapped[str | None] = mapped_column(String(16))
    __table_args__ = (
        _among("kind", "rule", "feed"),
        Index("ix_track_causes_cells", "kind", "opened_on", "cause", "result", "county", "town", "village", "alert_id"),
    )


class Mark(Table):
    """How far something that follows the alerts' events has come."""

    __tablename__ = "marks"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(default=utc_now)


class Choice(Table):
    """Why a household was chosen for a visit, and how likely it was to be: one row for each alert that was visited,
    and for each household that the random sample drew."""

    __tablename__ = "choices"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"))
    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alerts.id"), unique=True)
    as_of: Mapped[date]
    week: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(8))
    score: Mapped[float | None]
    rank: Mapped[int | None] = mapped_column(BigInteger)
    capacity: Mapped[int]
    propensity: Mapped[float]
    stratum: Mapped[str | None] = mapped_column(String(16))
    county: Mapped[str] = mapped_column(String(6))
    town: Mapped[str | None] = mapped_column(String(9))
    village: Mapped[str | None] = mapped_column(String(12))
    __table_args__ = (
        _among("reason", "rule", "ml", "audit", "self", "referral"),
        CheckConstraint("propensity > 0 AND propensity <= 1", name="propensity"),
        Index("ix_choices_week", "reason", "county", "week"),
    )


class Lead(Table):
    """A household in difficulty that a worker heard of: who, where, how, and the alert that came of it.

    ``id`` is made by the client, so sending it twice registers it once.
    """

    __tablename__ = "leads"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    how: Mapped[str] = mapped_column(String(12))
    heard_on: Mapped[date]
    name: Mapped[bytes | None] = mapped_column(Encrypted)
    id_no: Mapped[bytes | None] = mapped_column(Encrypted)
    id_index: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    phone: Mapped[bytes | None] = mapped_column(Encrypted)
    said: Mapped[bytes | None] = mapped_column(Encrypted)
    region: Mapped[str] = mapped_column(String(12))
    county: Mapped[str] = mapped_column(String(6))
    town: Mapped[str | None] = mapped_column(String(9))
    village: Mapped[str | None] = mapped_column(String(12))
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"), index=True)
    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alerts.id"))
    made_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("workers.id"))
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    __table_args__ = (_among("how", "visit", "neighbour", "grid", "hotline", "self", "other"),)


class Suggestion(Table):
    """A household that a model suggests and no rule sees: nothing follows until a person confirms it."""

    __tablename__ = "suggestions"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    household_id: Mapped[int] = mapped_column(ForeignKey("households.id"), index=True)
    as_of: Mapped[date]
    model: Mapped[str] = mapped_column(String(64))
    score: Mapped[float]
    place: Mapped[int]
    capacity: Mapped[int]
    reasons: Mapped[list[Any]]
    status: Mapped[str] = mapped_column(String(12), default="open")
    county: Mapped[str] = mapped_column(String(6))
    town: Mapped[str | None] = mapped_column(String(9))
    village: Mapped[str | None] = mapped_column(String(12))
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_why: Mapped[str | None] = mapped_column(String(32))
    alert_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("alerts.id"))
    version: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        _among("status", "open", "confirmed", "dismissed", "lapsed"),
        Index(
            "uq_suggestions_open",
            "household_id",
            unique=True,
            sqlite_where=text("status = 'open'"),
            postgresql_where=text("status = 'open'"),
        ),
        Index("ix_suggestions_county", "county", "status", "score"),
    )


class Presence(Table):
    """Who has an alert open; ``since`` and ``until`` are seconds since 1970 by the database's own clock."""

    __tablename__ = "presences"

    alert_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alerts.id"), primary_key=True)
    worker_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("workers.id"), primary_key=True)
    doing: Mapped[str] = mapped_column(String(8))
    since: Mapped[float]
    until: Mapped[float]
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    __table_args__ = (_among("doing", "looking", "working"),)


class FormPrint(Table):
    """Forms printed for visits: which alerts, by whom; ``number`` counts up within a year."""

    __tablename__ = "form_prints"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True, default=uuid.uuid4)
    year: Mapped[int]
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))
    language: Mapped[str] = mapped_column(String(2))
    forms: Mapped[int]
    alerts: Mapped[list[Any]]
    made_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("workers.id"))
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    __table_args__ = (
        _among("kind", "check", "round"),
        _among("language", "zh", "en"),
        UniqueConstraint("year", "number", name="uq_form_prints_year"),
        Index("ix_form_prints_made_by", "made_by", "made_at"),
    )
