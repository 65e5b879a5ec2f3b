"""Policy at the terminal: ``lowincome policy check``."""

from pathlib import Path
from typing import Annotated

import typer

from jobs.terminal import Exit, screen


def check(
    pack: Annotated[
        Path | None,
        typer.Argument(exists=True, help="政策目录；省略为自带的 / the pack's folder"),
    ] = None,
) -> None:
    """检查政策 / Check every page, example, boundary, date and threshold of the policy pack.

    Each problem names its file, line and column and what was expected. Ends with 1 when there is any.
    """
    from monitor.policy import HERE
    from monitor.policy.checking import check as check_pack

    report = check_pack(pack or HERE)
    for problem in report.problems:
        screen.print(str(problem), markup=False)
    cases = ", ".join(f"{kind} {count}" for kind, count in sorted(report.cases.items()))
    screen.print(f"案例 cases: {cases}; 变动的阈值 thresholds moved: {report.mutants}", markup=False)
    verdict = "通过 / the pack stands" if report.stands else f"{len(report.problems)} 个问题 / problems"
    screen.print(verdict)
    raise typer.Exit(Exit.DONE if report.stands else Exit.PERSON_NEEDED)
