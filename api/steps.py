"""What a route needs, laid out once: each dependency in its order and once, the work last; gone by one thread.

The framework walks the tree of dependencies anew for every request, and looks five times for who is asking where five
ask for it.
"""

import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from fastapi import Request, Response
from fastapi._compat.shared import field_annotation_is_sequence
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_body_to_args, request_params_to_args
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

HELD = "lowincome.held"
ASKS = "lowincome.asks"
"""Where what is held until an errand ends stands in its request's scope, and all that its route calls."""

_Reader = Callable[[Any], tuple[dict[str, Any], list[Any]]]
_STRANGE = ("websocket_param_name", "background_tasks_param_name", "security_scopes_param_name", "concurrency")


class Sent(Enum):
    """In place of a body: none was sent."""

    NOTHING = 0


class Steps:
    """The steps of a route. Nothing that is called may wait for anything."""

    def __init__(self, dependant: Dependant, *, embedded: bool) -> None:
        """``embedded`` says that what the body holds lies in it under its name."""
        self._steps: list[_Step] = []
        self._places: dict[Any, int] = {}
        self._embedded = embedded
        self._lay(dependant)
        self.calls = frozenset(one.meant for one in self._steps)
        """Every dependency of the route and its work, as they were written."""

    def go(self, request: Request, response: Response, body: Any, held: ExitStack) -> Any:
        """Return what the route's work returns; what its dependencies hold meanwhile lies in ``held``.

        What follows from something that cannot be read is not called, and all that cannot be read is refused together.
        """
        found: list[Any] = []
        wrong: list[Any] = []
        missing: set[int] = set()
        for place, step in enumerate(self._steps):
            given, faults = self._read(step, request, body) if step.reads else ({}, [])
            if faults or (missing and not missing.isdisjoint(step.after)):
                wrong += faults
                missing.add(place)
                found.append(None)
                continue
            for name, number in step.takes:
                given[name] = found[number]
            for name in step.request:
                given[name] = request
            for name in step.response:
                given[name] = response
            found.append(step.called(given, held))
        if wrong:
            raise RequestValidationError(wrong)
        return found[-1]

    def _lay(self, dependant: Dependant) -> int:
        key = (dependant.call, dependant.scope) if dependant.use_cache else object()
        if key in self._places:
            return self._places[key]
        if dependant.call is None or any(getattr(dependant, name) is not None for name in _STRANGE):
            raise TypeError(f"an errand cannot ask for this: {dependant.call}")
        inner = [(one.name, self._lay(one)) for one in dependant.dependencies]
        self._steps.append(_Step.of(dependant, inner))
        self._places[key] = len(self._steps) - 1
        return self._places[key]

    def _read(self, step: "_Step", request: Request, body: Any) -> tuple[dict[str, Any], list[Any]]:
        """What the request says for a step, by name, and what of it cannot be read."""
        given: dict[str, Any] = {}
        wrong: list[Any] = []
        for place, read in step.said:
            values, faults = read(getattr(request, place))
            given |= values
            wrong += faults
        if step.body:
            sent = PydanticUndefined if body is Sent.NOTHING else body
            values, faults = settled(
                request_body_to_args(body_fields=step.body, received_body=sent, embed_body_fields=self._embedded)
            )
            given |= values
            wrong += faults
        return given, wrong


@dataclass(frozen=True)
class _Step:
    """One call: what it takes of what was found before, what it reads of the request, and what it comes after."""

    meant: Any
    call: Callable[..., Any]
    takes: Sequence[tuple[str, int]]
    after: Sequence[int]
    said: Sequence[tuple[str, "_Reader"]]
    body: list[Any]
    request: Sequence[str]
    response: Sequence[str]
    holds: bool
    waits: bool

    @property
    def reads(self) -> bool:
        return bool(self.said or self.body)

    @classmethod
    def of(cls, dependant: Dependant, inner: Sequence[tuple[str | None, int]]) -> "_Step":
        call: Any = dependant.call
        fields = {
            "path_params": dependant.path_params, "query_params": dependant.query_params,
            "headers": dependant.header_params, "cookies": dependant.cookie_params,
        }  # fmt: skip
        holds = inspect.isgeneratorfunction(call)
        requests = (dependant.request_param_name, dependant.http_connection_param_name)
        return cls(
            meant=call,
            call=contextmanager(call) if holds else call,
            takes=[(name, number) for name, number in inner if name is not None],
            after=[number for _, number in inner],
            said=[(place, _reader(place, asked)) for place, asked in fields.items() if asked],
            body=dependant.body_params,
            request=[name for name in requests if name is not None],
            response=[name for name in (dependant.response_param_name,) if name is not None],
            holds=holds,
            waits=inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(getattr(call, "__call__", None)),  # noqa: B004
        )

    def called(self, given: dict[str, Any], held: ExitStack) -> Any:
        if self.holds:
            return held.enter_context(self.call(**given))
        return settled(self.call(**given)) if self.waits else self.call(**given)


def _reader(place: str, fields: list[Any]) -> _Reader:
    """What reads ``fields``: the framework, which looks at each anew; where they are one plain page, all at once."""
    known = _plain(fields[0].field_info.annotation) if place == "query_params" and len(fields) == 1 else None
    return partial(request_params_to_args, fields) if known is None else partial(_read_page, fields, known)


def _plain(page: Any) -> frozenset[str] | None:
    """The names of a page of which each may be said once, as it is called; None for any other."""
    if not isinstance(page, type) or not issubclass(page, BaseModel):
        return None
    fields: Mapping[str, FieldInfo] = page.model_fields
    for one in fields.values():
        if one.alias or one.validation_alias or field_annotation_is_sequence(one.annotation):
            return None
    return frozenset(fields)


def _read_page(fields: list[Any], known: frozenset[str], received: Any) -> tuple[dict[str, Any], list[Any]]:
    if not known.issuperset(received):  # what is said of it besides, the framework knows
        return request_params_to_args(fields, received)
    value, faults = fields[0].validate(dict(received), {}, loc=("query",))
    return ({} if faults else {fields[0].name: value}), faults


def settled(work: Coroutine[Any, Any, Any]) -> Any:
    """Return what ``work`` returns, without a loop: it must never wait."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    work.close()
    raise RuntimeError("an errand waited for something")
