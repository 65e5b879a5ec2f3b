"""The log: one JSON object a line in production, made of words fixed in the code and fields on a list.

A line never holds the text of an exception, the arguments of a message or a field that is not listed, because
each may quote a row of somebody's data; and any long run of digits that still gets through is blotted out.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, date, datetime
from typing import TextIO
from uuid import UUID

from monitor.errors import Refused

# Every field that a line may have beside time, level, logger and event.
FIELDS = frozenset(
    {
        "request", "run", "job", "as_of", "scope", "county", "chunk", "attempt", "fence", "feed", "delivery", "rule",
        "scan", "alert", "part", "method", "route", "status", "seconds", "rows", "households", "count", "error",
        "at", "signal", "port", "version", "due",
    }
)  # fmt: skip
MOST = 200
_IDS = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")  # no room for an ID number between the hyphens
_DIGITS = re.compile(r"\d{7,}[Xx]?")
_LEFT_OUT = re.compile(r"%[-+# 0-9.]*[sdrifxc]")
_bound: ContextVar[Mapping[str, object]] = ContextVar("lowincome_log", default={})  # noqa: B039 (never changed in place)


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Put ``fields`` on every line written inside the block, in this task or thread; refuses one not listed."""
    strange = fields.keys() - FIELDS
    if strange:
        raise ValueError(f"fields that no line may have: {sorted(strange)}")
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


def bound_now() -> Mapping[str, object]:
    """Return the fields that lines written here would carry."""
    return _bound.get()


class Plain(logging.Formatter):
    """A line for a person at a terminal, with the same fields as the JSON and no more."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = fields_of(record)
        head = f"{str(line.pop('time'))[11:19]} {line.pop('level')} {line.pop('event')}"
        line.pop("logger")
        return " ".join([head, *(f"{name}={value}" for name, value in line.items())])


class Json(logging.Formatter):
    """A line for a machine."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: one JSON object."""
        return json.dumps(fields_of(record), ensure_ascii=False)


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """Return what may be said of ``record``: fixed words, listed fields, the kind and places of an error."""
    line: dict[str, object] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "event": _blot(_LEFT_OUT.sub("…", str(record.msg)) if record.args else str(record.msg)),
    }
    said = {**_bound.get(), **{name: value for name, value in vars(record).items() if name in FIELDS}}
    line |= {name: _value(value) for name, value in said.items()}
    if record.exc_info and record.exc_info[1] is not None:
        line |= _error(record.exc_info[1])
    return line


def install(*, production: bool, stream: TextIO | None = None, level: int = logging.INFO) -> logging.Handler:
    """Send every logger's lines to ``stream`` (standard error) and return the handler; other handlers go.

    Servers and schedulers that bring handlers of their own lose them: there is one way out.
    """
    handler = _Out(stream)
    handler.setFormatter(Json() if production else Plain())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "apscheduler"):
        logger = logging.getLogger(name)
        logger.handlers[:], logger.propagate = [], True
    # Each request is told once, by its route and without its address; what a migration would do is no news.
    for name in ("apscheduler", "uvicorn.access", "alembic.runtime.migration"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)  # a warning of a library would stand between the lines and quote its call
    logging.getLogger("py.warnings").setLevel(logging.ERROR)
    return handler


class _Out(logging.Handler):
    """Writes lines to a stream. The library's own handler quotes a line's arguments when it cannot be written."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of ``record``; one that cannot be written is lost."""
        stream = self._stream or sys.stderr
        with suppress(OSError, ValueError):
            stream.write(self.format(record) + "\n")
            stream.flush()


def _value(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return _blot(str(value)) if isinstance(value, int) and abs(value) >= 10**10 else value
    if isinstance(value, UUID | date):
        return str(value)
    text = str(value)
    return text if _IDS.fullmatch(text) else _blot(text)


def _blot(text: str) -> str:
    return _DIGITS.sub("…", text.replace("\n", " "))[:MOST]


def _error(error: BaseException) -> dict[str, object]:
    """The kind of an error and where it arose; only a refusal's own words are known to be free of data."""
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    said: dict[str, object] = {
        "error": type(error).__name__,
        "at": " < ".join(f"{_module(frame.filename)}:{frame.lineno}" for frame in reversed(frames)),
    }
    return said | ({"refused": _blot(str(error))} if isinstance(error, Refused) else {})


def _module(path: str) -> str:
    return "/".join(path.replace("\\", "/").split("/")[-2:])
