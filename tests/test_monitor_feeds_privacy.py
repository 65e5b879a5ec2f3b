"""After deliveries of every kind nothing of a person can be read anywhere without the key."""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from drops import DAY, Content, drop, name, number, people, settlements
from sqlalchemy import select

from monitor import database, feeds
from monitor.feeds import Receipt
from monitor.gauges import StoreCollector, exposition
from monitor.service import Service
from monitor.tables import Table

PHONE = "12900000007"
SECRETS = (number(1), number(2), name(1), name(2), PHONE, "S00000001", "皖B00007", "某街道某号")


@pytest.fixture
def lived_in(service: Service, tmp_path: Path) -> Service:
    """An installation that has committed, held, refused, repaired and listed faults."""

    def take(feed: str, content: Content, **how: str) -> Receipt:
        return feeds.ingest(service, drop(tmp_path, feed, content, **how))

    take("household_register", people(60, phone=PHONE))
    rows = [dict(row) for row in settlements(40)]
    rows[1] |= {"kind": name(1), "total_fee": number(1)}
    rows[2] |= {"settled_on": PHONE, "id_no": number(2)[:16] + number(2)[17] + number(2)[16]}
    take("medical_settlements", rows)
    unlike = [dict(row) | {"self_pay": name(1)} for row in rows]
    assert take("medical_settlements", unlike, ending=f"{name(1)}.csv").status == "held"
    headless = "\n".join(f"{number(at)},{name(at)},{PHONE},S0000000{at}" for at in range(9)) + "\n"
    assert take("medical_settlements", headless, ending=f"{number(1)}.csv").status == "refused"
    header = f"plate_no,id_no,kind,use,status,{name(2)}\n"
    take("vehicles", header + f"皖B00007,{number(1)},car,private,active,{number(2)}\n")
    school = f"id_no,name,term,school,status\n{number(1)},{name(1)},2025-2026-1,{number(2)},enrolled\n"
    take("students", school + f"{number(3)},{name(3)},2025-2026-1,第8小学,enrolled\n")
    header = "ticket_no,name,phone,address,region,created_on,kind,status\n"
    take("hotline_tickets", header + f"T1,{name(1)},{PHONE},某街道某号,340202001001,{DAY},救助,办理中\n")
    return service


def test_no_table_holds_a_readable_secret(lived_in: Service) -> None:
    with database.reading(lived_in.engine) as session:
        for table in Table.metadata.sorted_tables:
            rows = session.execute(select(table)).all()
            told = "\n".join(str(tuple(row)) for row in rows)
            assert [secret for secret in SECRETS if secret in told] == [], table.name


def test_no_file_of_the_installation_holds_a_readable_secret(lived_in: Service) -> None:
    home = lived_in.settings.home
    for path in home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert [secret for secret in SECRETS if secret.encode() in data] == [], path.name


def test_no_column_of_the_lake_is_anybodys_own(lived_in: Service) -> None:
    own = {"name", "id_no", "phone", "address", "plate_no", "settlement_id", "household_id", "ticket_no"}
    for path in lived_in.lake.rglob("*.parquet"):
        table = pq.ParquetFile(path).read()
        assert not own & set(table.column_names)
        cells = {str(cell) for column in table.columns for cell in column.to_pylist()}
        assert [secret for secret in SECRETS if any(secret in cell for cell in cells)] == []


def test_no_list_of_row_faults_holds_a_cell_of_the_file(lived_in: Service) -> None:
    lists = list(lived_in.settings.received.glob("*.errors.csv"))
    assert lists
    for path in lists:
        for line in csv.reader(path.read_text("utf-8-sig").splitlines()):
            assert [secret for secret in SECRETS if any(secret in cell for cell in line)] == []


def test_no_metric_holds_a_readable_secret(lived_in: Service) -> None:
    told = exposition(StoreCollector(lived_in)).decode()
    assert [secret for secret in SECRETS if secret in told] == []


MANIFESTS = [
    {"feed": number(1)},
    {"feed": f"<script>{name(1)}</script>"},
    {"mode": number(1)},
    {"received_on": number(1)},
    {"received_on": f"2026-03-05 {name(1)}"},
    {"rows": int(number(3)[:17])},
    {"rows": -1},
    {"sha256": number(1)},
    {"feed": [number(1)], "rows": name(1)},
    {name(1): number(1), "feed": "vehicles"},
]


@pytest.mark.parametrize("said", MANIFESTS)
def test_what_a_manifest_says_is_never_repeated(service: Service, tmp_path: Path, said: dict[str, object]) -> None:
    receipt = feeds.ingest(service, drop(tmp_path, "medical_settlements", settlements(2), **said))
    assert receipt.status == "refused"
    with database.reading(service.engine) as session:
        kept = "".join(
            str(tuple(row)) for table in Table.metadata.sorted_tables for row in session.execute(select(table))
        )
    told = kept + "".join(problem.zh + problem.en for problem in receipt.problems)
    written = {str(word) for word in (*said, *said.values())} - {"feed", "mode", "rows", "received_on", "sha256"}
    assert [word for word in (*written - {"-1", "vehicles"}, number(1), name(1), "script") if word in told] == []
