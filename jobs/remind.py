"""The morning's reminders: what was put off comes back, what is due is told, old answers are forgotten."""

from collections import Counter
from datetime import date

from monitor import answers, database, policy
from monitor.service import Service
from monitor.tables import utc_now
from monitor.work import deadlines, reminding

JOB = "remind"


def remind(service: Service, as_of: date) -> Counter[str]:
    """Wake, remind and escalate for ``as_of``; a second run on the day finds nothing left to tell.

    Two at the same moment tell each deadline once between them. Returns how many alerts came back, how many
    deadlines were told of each kind, and how many answers were forgotten.
    """
    law = policy.load(
        as_of, known_on=as_of, root=service.pack or policy.HERE, production=service.settings.production
    )  # fmt: skip
    done: Counter[str] = Counter()
    while woken := _wake(service, as_of):
        done["woken"] += woken
    with database.transaction(service.engine) as session:
        done += reminding.remind(session, spans=deadlines.spans(session, law, today=as_of))
    with database.transaction(service.engine) as session:
        done["answers_forgotten"] += answers.forget(session, now=utc_now())
    return done


def _wake(service: Service, as_of: date) -> int:
    with database.transaction(service.engine) as session:
        return reminding.wake(session, today=as_of)
