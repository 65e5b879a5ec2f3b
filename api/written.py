"""Days and truths as the description says they are written, and in no other way: a number is neither."""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[Tt]")


def _day(value: Any) -> Any:
    """Refuse what pydantic would take for seconds since 1970, or for an instant."""
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise PydanticCustomError("date_from_datetime_parsing", "a day is written YYYY-MM-DD")
    return value


def _moment(value: Any) -> Any:
    """Refuse what pydantic would take for seconds since 1970, and years that no device means."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _MOMENT.match(value):
        raise PydanticCustomError("datetime_from_date_parsing", "an instant of this century, with its zone")
    return value


def _truth(value: Any) -> Any:
    """Refuse what pydantic would take for true or false; in a query both are words."""
    if value is None or isinstance(value, bool) or value in ("true", "false"):
        return value
    raise PydanticCustomError("bool_parsing", "true or false")


Day = Annotated[date, BeforeValidator(_day)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
