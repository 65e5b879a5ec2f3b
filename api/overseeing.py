"""What an auditor reads of the work: wherever it lies, nothing to be changed by it, noted in the audit each time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy.orm import Session

from monitor import access, audit, database
from monitor.access import NATION, Viewer
from monitor.errors import NotThen

_SEES_ALL = "supervisor"


@contextmanager
def overseeing(session: Session, viewer: Viewer, *, action: str, subject: str) -> Iterator[tuple[Viewer, bool]]:
    """Yield who reads, and whether that is somebody from outside the work: they see everything, behind no wall.

    ``action`` is what the route declares, and what stands in the audit about ``subject`` before it is answered; what
    is not found is not noted, for it may be anything that was typed, but that it was not there on a day is an answer.
    What ``session`` read ends here, so the answer is whole before. Whoever reads of their own region reads as ever, and
    leaves no entry.
    """
    if access.relation(viewer.role, action) != "all":
        yield viewer, False
        return
    try:
        with database.whole(session):
            yield replace(viewer, role=_SEES_ALL, region=NATION), True
    except NotThen:
        _note(session, viewer, action, subject)
        raise
    _note(session, viewer, action, subject)


def _note(session: Session, viewer: Viewer, action: str, subject: str) -> None:
    with database.instead(session) as noting:
        audit.record(noting, by=str(viewer.worker), action=action, subject=subject)
