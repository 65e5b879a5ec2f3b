"""Days in a query: written as the description says and in no other way; a number is no day."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written(value: Any) -> Any:
    """Refuse what pydantic would take for seconds since 1970, or for an instant."""
    if isinstance(value, str) and not _WRITTEN.fullmatch(value):
        raise PydanticCustomError("date_from_datetime_parsing", "a day is written YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_written)]
