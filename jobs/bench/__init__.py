"""The benchmark: every stage of a night on a made-up city, in one run, beside the same work by other means."""

import os
import platform
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, make_url

from jobs.bench.stages import NO_CITY, ON_REQUEST, STAGES, Bench, Result, measure
from jobs.demo import UNTIL
from monitor import database, migrations
from monitor.errors import Conflict, Invalid
from monitor.settings import Settings

_MARK = ".made-up-city"
_PACKAGES = ("duckdb", "pandas", "numpy", "pyarrow", "sqlalchemy", "splink")
_BESIDE = {  # ratio: (this stage, over that one)
    "indicators_over_sql_by_hand": ("all_indicators", "sql_by_hand"),
    "pandas_over_sql_by_hand": ("pandas_by_hand", "sql_by_hand"),
    "pandas_over_indicators": ("pandas_by_hand", "all_indicators"),
    "sql_by_hand_over_parquet_scan": ("sql_by_hand", "parquet_scan"),
    "indicators_over_parquet_scan": ("all_indicators", "parquet_scan"),
}


def plan(settings: Settings, *, households: int, seed: int = 1, repeat: int = 3, times: int = 1) -> Bench:
    """Return what is to be measured, in a home of its own below ``settings.home``, with its own key.

    The database is a SQLite file there, or the PostgreSQL one of ``settings.bench_url``, whose name must end with
    ``bench``: generating empties it.
    """
    home = settings.home / "bench"
    url = settings.bench_url or f"sqlite:///{home / 'lowincome.db'}"
    if settings.bench_url and not str(make_url(url).database).endswith("bench"):
        raise Invalid(zh="测速数据库的名称须以 bench 结尾", en="a benchmark's database has a name that ends with bench")
    own = replace(settings, home=home, database_url=url, key_file=home / "keys" / "master.key", production=False)
    return Bench(own, households, seed, UNTIL, repeat, times)


def run(bench: Bench, stages: Sequence[str], *, told: Callable[[str, Result | None], None]) -> dict[str, Any]:
    """Run ``stages`` in their order and return the report; ``told`` hears of each before (None) and after.

    Generating empties the home of an earlier benchmark; without it the home must hold one.
    """
    there_are = STAGES | ON_REQUEST
    unknown = [name for name in stages if name not in there_are]
    if unknown:
        known = ", ".join(there_are)
        raise Invalid(zh=f"没有这一阶段：{unknown[0]}；可选 {known}", en=f"no stage {unknown[0]}; there are {known}")
    if not NO_CITY.issuperset(stages):
        _ready(bench, anew="generate" in stages)
    found: dict[str, Result] = {}
    for name in (name for name in there_are if name in stages):
        told(name, None)
        found[name] = measure(bench, name)
        told(name, found[name])
    return report(bench, found)


def report(bench: Bench, found: dict[str, Result]) -> dict[str, Any]:
    """Return the findings with the machine, the ratios, and whether all ways gave the same fifteen checksums."""
    sums = [result["checksums"] for result in found.values() if "checksums" in result]
    ratios = {
        name: round(found[one]["seconds"] / found[other]["seconds"], 2)
        for name, (one, other) in _BESIDE.items()
        if one in found and other in found
    }
    return {
        "households": bench.households,
        "times": bench.times,
        "seed": bench.seed,
        "as_of": bench.as_of.isoformat(),
        "machine": machine(),
        "stages": found,
        "ratios": ratios,
        "checksums_equal": all(each == sums[0] for each in sums),
    }


def machine() -> dict[str, Any]:
    """Return what was measured on: cores, memory, versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _PACKAGES},
        "load_before": round(os.getloadavg()[0], 2),
    }


def remove(bench: Bench) -> None:
    """Remove the benchmark's home: it is large. A folder that no benchmark made stays."""
    if (bench.settings.home / _MARK).exists():
        shutil.rmtree(bench.settings.home, ignore_errors=True)


def _ready(bench: Bench, *, anew: bool) -> None:
    home: Path = bench.settings.home
    made = (home / _MARK).exists()
    if home.exists() and any(home.iterdir()) and not made:
        raise Conflict(zh=f"{home} 不是测速目录，不会清空", en=f"{home} was not made by a benchmark and is left alone")
    if not anew and not made:
        raise Conflict(zh="没有已生成的城市，请加上 generate 阶段", en="no city was made yet: add the stage generate")
    if anew:
        remove(bench)
        _empty(bench.settings)
        home.mkdir(parents=True, exist_ok=True)
        (home / _MARK).touch()


def _empty(settings: Settings) -> None:
    """Take the tables of an earlier benchmark out of a PostgreSQL database; the file of SQLite is gone already."""
    if settings.database_url.startswith("sqlite"):
        return
    engine = database.connect(settings)
    if inspect(engine).has_table("alembic_version"):
        migrations.downgrade(engine)
    engine.dispose()
