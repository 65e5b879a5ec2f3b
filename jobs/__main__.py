"""The command line: ``lowincome`` alone shows every command."""

import gc

import typer

from jobs import RARELY
from jobs.commands import (
    clock,
    deliveries,
    doubts,
    keeping,
    learning,
    made_up,
    models,
    mutation,
    nights,
    operations,
    people,
    policies,
    quality,
    torture,
    training,
    watching,
)

app = typer.Typer(
    name="lowincome",
    help="低收入人口动态监测 / Low-income monitoring: deliveries in, explained alerts out.\n\n"
    "退出码 / exit codes: 0 完成 done, 1 需要人处理 a person is needed, 2 用法错误 usage, 3 被拒绝 refused.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
)
audits = typer.Typer(help="审计 / The audit chain", no_args_is_help=True)
app.add_typer(audits, name="audit")
held = typer.Typer(help="待处理批次 / Held deliveries and their row errors", no_args_is_help=True)
app.add_typer(held, name="delivery")

app.command()(made_up.demo)
app.command()(made_up.bench)
app.command()(deliveries.ingest)
app.command("feeds")(deliveries.overview)
app.command()(nights.scan)
app.command()(nights.remind)
app.command()(training.train)
app.command()(nights.explain)
app.command()(nights.runs)
app.command()(clock.run)
app.command()(clock.hold)
app.command()(clock.release)
app.command()(clock.schedule)
app.command()(clock.work)
app.command()(clock.up)
rules = typer.Typer(help="政策 / The policy pack", no_args_is_help=True)
app.add_typer(rules, name="policy")
rules.command("check")(policies.check)
held.command("release")(deliveries.release)
held.command("reject")(deliveries.reject)
held.command("errors")(deliveries.errors)

app.command()(operations.backup)
app.command()(operations.restore)
app.command()(operations.drill)
app.command()(operations.doctor)
app.command()(operations.watch)
app.command()(operations.pull)
app.command()(operations.migrate)
app.command()(operations.roles)
app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(quality.run_tests)
app.command()(quality.lint)
app.command()(learning.learn)
app.command()(mutation.mutate)
app.command()(torture.torture)
app.command()(torture.simulate)
app.command()(torture.inject)
app.command()(torture.older)
app.command()(people.serve)
app.command()(watching.metrics)
app.command()(watching.dashboards)
workers = typer.Typer(help="工作人员 / Workers", no_args_is_help=True)
app.add_typer(workers, name="worker")
workers.command("add")(people.add_worker)
accounts = typer.Typer(help="账号 / Accounts", no_args_is_help=True)
app.add_typer(accounts, name="account")
accounts.command("bootstrap")(people.bootstrap)
proposals = typer.Typer(help="待确认记录 / Rows for a worker to decide on", no_args_is_help=True)
app.add_typer(proposals, name="proposal")
proposals.command("list")(doubts.proposals)
proposals.command("confirm")(doubts.confirm)
proposals.command("reject")(doubts.dismiss)
links = typer.Typer(help="非精确匹配的关联 / Links that can be undone", no_args_is_help=True)
app.add_typer(links, name="link")
links.command("list")(doubts.linked)
links.command("undo")(doubts.undo)
audits.command("verify")(people.verify)
audits.command("anchor")(people.anchor)
app.command()(keeping.purge)
holds = typer.Typer(help="保全 / Legal holds", no_args_is_help=True)
app.add_typer(holds, name="legal-hold")
holds.command("set")(keeping.hold)
holds.command("lift")(keeping.lift)
learned = typer.Typer(help="模型 / Models that order the queue", no_args_is_help=True)
app.add_typer(learned, name="model")
learned.command("list")(models.listed)
learned.command("show")(models.shown)
learned.command("promote")(models.promote)
learned.command("rollback")(models.rollback)
learned.command("set-aside")(models.set_aside)
learned.command("resume")(models.resume)
learned.command("card")(models.card)


def main() -> None:
    """Run the command that was typed."""
    gc.set_threshold(*RARELY)
    app(prog_name="lowincome")


if __name__ == "__main__":
    main()
