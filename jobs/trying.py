"""The score tried on a made-up city with hard times: generated, worked by its offices, trained on, judged, told."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from jobs import champions, city, panel
from jobs.city import bands
from jobs.city.hardship import HARD
from jobs.city.outcomes import WORKER, Street, households
from jobs.demo import UNTIL, prepare
from jobs.rolling import CAPACITY
from jobs.train import train
from models.scorer import RiskScorer
from monitor import access, database, policy
from monitor.access import Viewer
from monitor.learning.labels import SPAN
from monitor.reports.missed import Missed, missed
from monitor.service import Service, open_service
from monitor.settings import Settings

MONTHS = 54
_VISITED = 0.02
Step = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Tried:
    """What came of one trial: the gates, the city's bands, and missed cases estimated beside the truth."""

    service: Service
    outcome: dict[str, Any]
    gates: list[dict[str, Any]]
    bands: dict[str, bands.Band]
    missed: list[tuple[Missed, int]]
    capacity: float = CAPACITY


def run(settings: Settings, *, people: int, seed: int = 1, months: int = MONTHS, step: Step) -> Tried:
    """Make a city of ``people`` households with hard times, let it be worked, train on it, judge what was learned."""
    own = prepare(replace(settings, home=settings.home / "trial"))
    service = open_service(own)
    plan = city.Plan(people, seed, UNTIL, months=months, formats=("parquet",), hardship=HARD)
    street = Street(service, own.home / "city", visits=max(round(people * _VISITED), 20))
    made = city.generate(
        own.home / "city",
        plan,
        pages=policy.read_pack().feeds,
        facts=False,
        progress=lambda done, total: step("生成、扫描、走访 / live, scan, visit", done, total),
        each_month=street,
    )
    step("训练 / train", 0, 1)
    outcome = train(service, UNTIL)
    gates = [dict(gate) for gate in champions.registry(service).manifest(outcome["model"]).gates]
    step("训练 / train", 1, 1)
    shock = plan.month(HARD.shock(months)).astype("M8[D]").astype(object)
    return Tried(service, outcome, gates, _bands(service, made.truth, shock=shock), _missed(service, street))


def _bands(service: Service, truth: city.Truth, *, shock: date) -> dict[str, bands.Band]:
    dates = [on for on in panel.dates_before(UNTIL, count=14) if on + SPAN <= UNTIL]
    learned = panel.build(service, as_of=UNTIL, dates=dates)
    with database.reading(service.engine) as session:
        numbers = pd.Series(households(session))
    told = bands.standing(truth)
    on = pd.to_datetime(learned.table["date"])
    table = learned.table.assign(number=learned.table["household"].map(numbers), on=on)
    joined = table.merge(told.rename(columns={"household": "number", "date": "on"}), on=["number", "on"])
    return bands.measure(joined, learned.features, shock=shock, fit=_fit)


def _fit(table: pd.DataFrame, label: "pd.Series[int]") -> Callable[[pd.DataFrame], npt.NDArray[np.float64]]:
    scorer = RiskScorer(max_iter=150, max_depth=5, min_samples_leaf=40, l2=5.0).fit(table, label)
    return lambda rows: np.asarray(scorer.predict_proba(rows)[:, 1])


def _missed(service: Service, street: Street) -> list[tuple[Missed, int]]:
    """Each quarter's estimate from its sample, and how many unflagged households were truly in need then."""
    everybody, found = Viewer(WORKER.worker, "试验 / trial", "supervisor", access.NATION), []
    with database.reading(service.engine) as session:
        for on in street.scanned:
            told = missed(session, since=on, until=on + timedelta(days=90), viewer=everybody)
            found.append((told, street.unflagged[on]))
    return found
