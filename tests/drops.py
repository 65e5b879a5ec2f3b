"""Made-up deliveries for tests: people with numbers of a county that does not exist, files as agencies write them."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from monitor import database
from monitor.matching.ids import check_digit
from monitor.service import Service
from monitor.tables import Delivery

Row = Mapping[str, Any]
Content = str | bytes | Sequence[Row]
DAY = date(2026, 3, 5)
MEDICAL = ("settlement_id", "id_no", "name", "settled_on", "kind", "total_fee", "self_pay", "cancelled")
PEOPLE = (
    "household_id",
    "id_no",
    "name",
    "relation",
    "sex",
    "birth_on",
    "region",
    "category",
    "monthly_income_per_head",
)
FAMILIES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"


def number(person: int) -> str:
    """The ID number of the made-up person, valid, of an address code that was never given out."""
    born = date(1950, 1, 1) + timedelta(days=person % 20_000)
    body = f"34029{8 + person % 2}{born:%Y%m%d}{101 + person // 20_000:03d}"
    return body + check_digit(body)


def name(person: int) -> str:
    return f"{FAMILIES[person % 16]}某{FAMILIES[person // 16 % 16]}"


def people(count: int, *, size: int = 2, start: int = 0, **changed: Any) -> list[Row]:
    """A register of ``count`` people in households of ``size``, the first of each its head."""
    return [
        {
            "household_id": f"H{person // size:05d}",
            "id_no": number(person),
            "name": name(person),
            "relation": "02" if person % size == 0 else "20",
            "sex": "1",
            "birth_on": f"{number(person)[6:10]}-{number(person)[10:12]}-{number(person)[12:14]}",
            "region": "340202001001",
            "category": "near_dibao",
            "monthly_income_per_head": "900.50",
        }
        | changed
        for person in range(start, start + count)
    ]


def settlements(count: int, *, start: int = 0, of: int = 10, **changed: Any) -> list[Row]:
    """Medical settlements numbered from ``start``, of the first ``of`` people in turn."""
    return [
        {
            "settlement_id": f"S{at:08d}",
            "id_no": number(at % of),
            "name": name(at % of),
            "settled_on": "2024-12-10",
            "kind": "inpatient",
            "total_fee": f"{100 + at % 50}.00",
            "self_pay": f"{40 + at % 20}.50",
            "cancelled": "0",
        }
        | changed
        for at in range(start, start + count)
    ]


def as_csv(rows: Sequence[Row], *, columns: Sequence[str] | None = None, delimiter: str = ",") -> str:
    out = io.StringIO()
    names = columns or list(rows[0])
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([[row.get(column, "") for column in names] for row in rows])
    return out.getvalue()


def drop(
    root: Path,
    stem: str,
    content: str | bytes | Sequence[Row],
    /,
    *,
    day: date = DAY,
    ending: str = "csv",
    **manifest: Any,
) -> Path:
    """Put a file into the drop folder of ``day``; ``manifest`` entries make a sidecar beside it."""
    folder = root / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.{ending}"
    if not isinstance(content, str | bytes):
        content = as_csv(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    if manifest:
        state(path, **manifest)
    return path


def state(path: Path, **manifest: Any) -> None:
    """Write the manifest of ``path``; ``sha256=True`` computes it."""
    if manifest.get("sha256") is True:
        manifest["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(path.name + ".manifest.json").write_text(json.dumps(manifest, default=str))


def facts(service: Service, feed: str) -> list[dict[str, Any]]:
    """The facts of ``feed`` that hold by all that is committed, worked out in plain Python from the lake's files."""
    holding: dict[int, dict[str, Any]] = {}
    with database.reading(service.engine) as session:
        found = session.query(Delivery).where(Delivery.feed == feed, Delivery.status == "committed")
        for delivery in found.order_by(Delivery.seq):
            if delivery.mode == "full":
                holding = {}
            for fact in _rows(service.lake / feed / f"{delivery.seq}.gone.parquet"):
                holding.pop(fact["fact_key"], None)
            holding |= {fact["fact_key"]: fact for fact in _rows(service.lake / feed / f"{delivery.seq}.parquet")}
    return list(holding.values())


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.ParquetFile(path).read().to_pylist() if path.exists() else []
    return rows


def codes(problems: Iterable[Any]) -> list[str]:
    return sorted({problem.code for problem in problems})
