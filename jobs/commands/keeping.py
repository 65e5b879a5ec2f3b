"""How long things are kept, at the terminal: what is due, the erasure itself, and legal holds against it."""

from typing import Annotated

import typer

from jobs.terminal import AsOf, opened, screen

Number = Annotated[str, typer.Argument(help="户编号 / the household's number")]


def purge(
    as_of: AsOf = "today",  # type: ignore[assignment]
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只列出，不清除 / only say what is due")] = False,
) -> None:
    """按数据目录的期限清除到期数据 / Erase what has reached its term in the data register; audited."""
    from jobs.purge import purge as job

    with opened() as service:
        done = job(service, as_of, dry_run=dry_run)
    said = "已清除 erased" if done["erased"] else "到期待清除 due"
    for table, count in sorted(done["rows"].items()):
        screen.print(f"  {table}: {count}", markup=False)
    screen.print(f"{said}: {sum(done['rows'].values())} 行 rows, {done['files']} 文件 files", markup=False)


def hold(number: Number, document: Annotated[str, typer.Option("--document", help="文号 / the document")]) -> None:
    """对一户采取保全，期间不清除 / Put a household under a legal hold: nothing of it is erased."""
    from monitor import database, erasure

    with opened() as service, database.transaction(service.engine) as session:
        erasure.hold(session, number, document=document, by="terminal")
    screen.print("已保全 / held", markup=False)


def lift(number: Number) -> None:
    """解除一户的保全 / Lift the hold on a household."""
    from monitor import database, erasure

    with opened() as service, database.transaction(service.engine) as session:
        erasure.lift(session, number, by="terminal")
    screen.print("已解除 / lifted", markup=False)
