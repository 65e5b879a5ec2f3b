"""The service's models: where they lie, who may promote one, and what of it goes into the audit chain."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from monitor import audit, database
from monitor.errors import Forbidden, Invalid
from monitor.service import Service
from monitor.settings import Settings
from monitor.tables import Worker, utc_now

if TYPE_CHECKING:
    from models.journal import Act
    from models.registry import Registry

PROMOTES = ("supervisor",)
SIGNS = ("supervisor", "reviewer", "auditor")
T = TypeVar("T")


def models_folder(settings: Settings) -> Path:
    """Return where an installation keeps its models."""
    return settings.home / "models"


def registry(service: Service) -> "Registry":
    """Return the registry of this installation, its files signed by a key of the installation's own."""
    from models.registry import Registry  # scikit-learn comes with it: only for those who ask for models

    return Registry(models_folder(service.settings), key=service.keyring.model_key)


def act(service: Service, what: str, done: "Callable[[Registry, Act], T]", *, by: str, why: str, second: str = "") -> T:
    """Carry out an act on the models in the name of an officer, and record it in the audit chain.

    ``by`` is an active city supervisor; ``second``, where one signs, another active supervisor, reviewer or auditor.
    What learning refuses is refused here in the same words, and then nothing is recorded.
    """
    from models.journal import Act
    from models.refusals import Unlearnable

    with database.transaction(service.engine) as session:
        _officer(session, by, PROMOTES)
        if second:
            _officer(session, second, SIGNS)
        at = utc_now().isoformat(timespec="seconds")
        try:
            told = done(registry(service), Act(by, at, why, second))
        except Unlearnable as refusal:
            raise Invalid(zh=refusal.zh, en=refusal.en) from None
        detail = {"why": why, "second": second}
        audit.record(session, by=by, action=f"model.{what}", subject=str(told or "rules"), detail=detail)
        return told


def _officer(session: Session, name: str, roles: tuple[str, ...]) -> None:
    worker = session.scalar(select(Worker).where(Worker.name == name))
    if worker is None or not worker.active or worker.role not in roles:
        listed = ", ".join(roles)
        raise Forbidden(
            zh=f"{name} 不是在岗的 {listed}，无权决定模型的启用",
            en=f"{name} is no active {listed}: what models do is not theirs to decide",
        )
