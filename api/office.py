"""Where what a worker does is recorded: the keys, today in the city, and the policy in force."""

from typing import Annotated

from fastapi import Depends

from api.deps import ByLaw, Serving
from monitor.cases import Office
from monitor.service import today


def office_of(service: Serving, laws: ByLaw) -> Office:
    """Return the office as it is today."""
    return Office(service.keyring, today(), laws.on(today()))


AtOffice = Annotated[Office, Depends(office_of)]
