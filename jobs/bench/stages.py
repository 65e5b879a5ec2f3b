"""The stages of the benchmark, each run in a process of its own so that its memory is its own."""

import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from jobs import bench_matching, city
from jobs.bench import beside, by_hand, growing, learning, scoring
from jobs.bench import desk as office_desk
from jobs.city import dirt
from jobs.scan import ROWS, scan
from monitor import database, feeds, indicators, policy, regions
from monitor.lake import Lake, Manifest, View, sql
from monitor.matching import exact
from monitor.service import Service, open_service
from monitor.settings import Settings

Result = dict[str, Any]
_FRESH = get_context("forkserver")
_FRESH.set_forkserver_preload([__name__])
_EVIDENCE_MOST = 1_000_000
_NUMBERS = 1_000_000
_TELLS = 10_000
_TAKEN = ["feed", "rows", "facts", "status"]
_KINDS = {"id": "facts", "register": "register", "evidence": "tickets"}
_A_ROW = {
    "facts": "a line of an agency's file: read, checked, given to a person by ID number, written to the lake",
    "register": "a person of the register: as facts, and enrolled in a household, encrypted, compared, made findable",
    "tickets": "a line without an ID number: as facts, and compared with all neighbours by name, phone and place",
}


@dataclass(frozen=True)
class Bench:
    """What is measured: a city of ``households`` as of ``as_of``, in the installation of ``settings``.

    ``times``: how often the stage ``grow`` lays it side by side.
    """

    settings: Settings
    households: int
    seed: int
    as_of: date
    repeat: int
    times: int = 1

    @property
    def root(self) -> Path:
        return self.settings.home / "city"


def measure(bench: Bench, stage: str) -> Result:
    """Run one stage in a fresh process and return what it found, with its peak memory and CPU seconds.

    Everything is imported once, in a process that does nothing else and is forked for each stage.
    """
    with ProcessPoolExecutor(1, mp_context=_FRESH) as pool:
        return pool.submit(_measured, bench, stage).result()


def explain_score(bench: Bench) -> Result:
    """Explain the 50,000 highest of as many made-up households of sixty indicators as the city has."""
    return learning.explained(bench.households, seed=bench.seed, threads=bench.settings.threads)


def _measured(bench: Bench, stage: str) -> Result:
    found = (STAGES | ON_REQUEST)[stage](bench)
    used = resource.getrusage(resource.RUSAGE_SELF)
    return found | {"peak_mib": round(used.ru_maxrss / 1024), "cpu_seconds": round(used.ru_utime + used.ru_stime, 2)}


def generate(bench: Bench) -> Result:
    """Make the city: its deliveries as CSV files, and the truth beside them."""
    plan = city.Plan(bench.households, bench.seed, bench.as_of, formats=("csv",))
    began = time.perf_counter()
    made = city.generate(bench.root, plan, pages=policy.read_pack().feeds, facts=False)
    return _rate(sum(made.rows.values()), time.perf_counter() - began)


def ingest(bench: Bench) -> Result:
    """Take in every delivery: read, check, match, commit, make findable. ``per_core`` divides by all CPU seconds used.

    Told apart as well: facts of people with a number, the register of people (its households and members are
    enrolled, their names and numbers encrypted, and in the end everybody made findable), and tickets without a
    number (compared with their neighbours).
    """
    service = open_service(bench.settings)
    with database.transaction(service.engine) as session:
        regions.load_regions(session, regions.read_places(bench.root / city.REGIONS))
    used: list[float] = []
    began = time.perf_counter()
    receipts = feeds.ingest_folder(
        service, bench.root / "deliveries", progress=lambda *_: used.append(time.process_time())
    )
    findable, seconds = time.process_time() - used[-1], time.perf_counter() - began
    taken = pd.DataFrame([(one.feed, one.rows, one.facts, one.status) for one in receipts], columns=_TAKEN)
    taken["cpu"] = np.diff(used)
    told = {"facts": int(taken.facts.sum()), "fates": taken.status.value_counts().to_dict()}
    return _rate(int(taken.rows.sum()), seconds) | _by_kind(taken, findable) | told


def _by_kind(taken: pd.DataFrame, findable: float) -> Result:
    """Return rows a CPU second, in all and by kind, and what a row of each kind is: they differ a hundredfold."""
    matched = {feed: page.match for feed, page in policy.read_pack().feeds.items()} | {"household_register": "register"}
    kinds = taken.groupby(taken.feed.map(matched)).agg(rows=("rows", "sum"), files=("rows", "size"), cpu=("cpu", "sum"))
    kinds["cpu"] += np.where(kinds.index == "register", findable, 0.0)
    found: Result = {"rows_per_second_per_core": round(taken.rows.sum() / (taken.cpu.sum() + findable))}
    for kind, rows, files, cpu in kinds.itertuples():
        name = _KINDS[str(kind)]
        found[f"{name}_per_core"] = round(rows / cpu)
        found[f"row_of_{name}"] = f"{_A_ROW[name]} ({rows:,} rows in {files} files, {cpu:.1f} CPU seconds)"
    return found


def grow(bench: Bench) -> Result:
    """Lay the city that was taken in several times side by side: a size whose files nobody need take in."""
    service, began = open_service(bench.settings), time.perf_counter()
    facts = growing.grow(service, bench.times)
    return {"times": bench.times, "facts": facts} | _times([time.perf_counter() - began])


def parquet_scan(bench: Bench) -> Result:
    """Read every column of every fact, and do nothing with it: the floor below all else."""

    def once(view: View) -> Result:
        rows = 0
        for feed in view.columns:
            facts, _ = view.arrived(feed)
            rows += int(view.query(f"SELECT count(COLUMNS(*)) FROM {sql.named(facts)}").column(0)[0].as_py())  # noqa: S608
        return {"rows": rows}

    return _repeated(bench, lambda: _viewing(bench, once))


def sql_by_hand(bench: Bench) -> Result:
    """Fifteen indicators by the hand-written statement."""

    def once(view: View) -> Result:
        table = by_hand.in_sql(view, bench.as_of)
        return {"rows": len(table), "checksums": by_hand.checksums(table)}

    return _repeated(bench, lambda: _viewing(bench, once))


def pandas_by_hand(bench: Bench) -> Result:
    """The same fifteen in plain pandas."""
    service = open_service(bench.settings)
    known = _known(service, bench.as_of)

    def once() -> Result:
        table = by_hand.in_pandas(_lake(service), known, bench.as_of)
        return {"rows": len(table), "checksums": by_hand.checksums(table)}

    return _repeated(bench, once)


def all_indicators(bench: Bench) -> Result:
    """Every indicator of policy, as the scan computes them."""
    law = policy.load(bench.as_of)

    def once(view: View) -> Result:
        sums, rows = dict.fromkeys(by_hand.FIFTEEN, 0.0), 0
        for table in indicators.compute_chunks(view, law, as_of=bench.as_of, rows=ROWS):
            rows += len(table)
            sums = {name: sums[name] + value for name, value in by_hand.checksums(table).items()}
        return {"rows": rows, "checksums": {name: round(value, 4) for name, value in sums.items()}}

    return _repeated(bench, lambda: _viewing(bench, once)) | {"indicators": len(law.indicators)}


def rules(bench: Bench) -> Result:
    """Every rule judged: ``seconds`` is the judging alone, over all households."""
    law = policy.load(bench.as_of)
    service = open_service(bench.settings)
    known = _known(service, bench.as_of)
    seconds, fires = np.zeros(bench.repeat), 0
    with indicators.opened(_lake(service), law, known) as view:
        for table in indicators.compute_chunks(view, law, as_of=bench.as_of, rows=ROWS):
            for attempt in range(bench.repeat):
                began = time.perf_counter()
                found = law.judge(table)
                seconds[attempt] += time.perf_counter() - began
            fires += int((found.codes.to_numpy() == policy.FIRES).sum())
    return _times(seconds.tolist()) | {"rules": len(law.rules), "fires": fires}


def whole_scan(bench: Bench) -> Result:
    """The first night: every alert is new and written with its evidence."""
    return _scan(bench, bench.as_of - timedelta(days=1))


def next_scan(bench: Bench) -> Result:
    """The night after: the alerts are there already, and what has not changed stays."""
    return _scan(bench, bench.as_of)


def api_during_scan(bench: Bench) -> Result:
    """Fifty users at the API, alone and beside the scan of a night on which much changes."""
    length = beside.WHOLE if bench.households >= _TELLS else beside.TRIED
    return beside.measure_beside(open_service(bench.settings), bench.as_of + beside.AFTER, length)


def exact_matching(bench: Bench) -> Result:
    """Numbers as agencies write them, to people: normalised and looked up; reading the register once is apart."""
    service = open_service(bench.settings)
    column = _written(bench)
    with database.reading(service.engine) as session:
        index = exact.Index(service.keyring)
        began = time.perf_counter()
        index.load(session)
        loading = time.perf_counter() - began
        found = _repeated(bench, lambda: _matched(index, session, column))
    return found | {"register_seconds": round(loading, 3), "rows_per_second": round(len(column) / found["seconds"])}


def evidence_matching(bench: Bench) -> Result:
    """People without a number, a list against a list, judged by their own truth."""
    count = min(_EVIDENCE_MOST, bench.households)
    found = bench_matching.bench_evidence(count)
    return found | {"seconds": round(found["seconds"], 3)}


def _matched(index: exact.Index, session: Any, column: pa.Array) -> Result:
    matched = index.match(session, column)
    return {"rows": len(column), "found": int((matched.people != exact.NO_PERSON).sum())}


def _written(bench: Bench) -> pa.Array:
    """A million numbers of the city's people as agencies write them, blemishes and all."""
    clean = pa.array(city.Truth(bench.root / "truth").table("people")["id_no"], pa.string())
    chance = np.random.default_rng(bench.seed)
    asked = clean.take(pa.array(chance.integers(0, len(clean), _NUMBERS)))
    return dirt.numbers(chance, asked, np.zeros(_NUMBERS, dtype=bool)).texts


def _scan(bench: Bench, as_of: date) -> Result:
    service = open_service(bench.settings)
    began = time.perf_counter()
    done = scan(service, as_of)
    counts = {name: value for name, value in done.counts.items() if isinstance(value, int)}
    return _times([time.perf_counter() - began]) | counts


def _viewing(bench: Bench, ask: Callable[[View], Result]) -> Result:
    service = open_service(bench.settings)
    law = policy.load(bench.as_of)
    with indicators.opened(_lake(service), law, _known(service, bench.as_of)) as view:
        began = time.perf_counter()
        found = ask(view)
        return found | {"took": time.perf_counter() - began}


def _known(service: Service, as_of: date) -> Manifest:
    with database.reading(service.engine) as session:
        return indicators.manifest(session, as_of=as_of)


def _lake(service: Service) -> Lake:
    return Lake.of(service.settings)


def _repeated(bench: Bench, work: Callable[[], Result]) -> Result:
    """Run ``work`` as often as asked; the findings of the last, the times of all."""
    times: list[float] = []
    found: Result = {}
    for _ in range(bench.repeat):
        began = time.perf_counter()
        found = work()
        times.append(found.pop("took", time.perf_counter() - began))
    return found | _times(times)


def _times(times: list[float]) -> Result:
    return {"seconds": round(median(times), 3), "times": [round(each, 3) for each in times]}


def _rate(rows: int, seconds: float) -> Result:
    return {"rows": rows, "rows_per_second": round(rows / seconds)} | _times([seconds])


def desk(bench: Bench) -> Result:
    """Fifty people at the desk of a city's 525,000 alerts, or of as many as there are households."""
    began = time.perf_counter()
    found = office_desk.both(bench.settings, min(office_desk.ALERTS, bench.households))
    return found | _times([time.perf_counter() - began])


STAGES: dict[str, Callable[[Bench], Result]] = {
    "generate": generate,
    "ingest": ingest,
    "grow": grow,
    "parquet_scan": parquet_scan,
    "sql_by_hand": sql_by_hand,
    "pandas_by_hand": pandas_by_hand,
    "all_indicators": all_indicators,
    "rules": rules,
    "whole_scan": whole_scan,
    "next_scan": next_scan,
    "exact_matching": exact_matching,
    "evidence_matching": evidence_matching,
    "desk": desk,
}


def score(bench: Bench) -> Result:
    """Learn from up to 500,000 households of 60 features, choose among every model, and score all."""
    return scoring.score(bench.households, seed=bench.seed)


ON_REQUEST: dict[str, Callable[[Bench], Result]] = {
    "api_during_scan": api_during_scan,
    "explain_score": explain_score,
    "score": score,
}
"""Stages that load the machine with work of their own: measured when they are named."""
NO_CITY = frozenset({"explain_score", "score"})
"""Of these, the ones that want no made-up city."""
