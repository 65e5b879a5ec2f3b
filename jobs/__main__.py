"""The command line: ``lowincome`` alone shows every command."""

import typer

from jobs.commands import people, quality

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

app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(quality.test)
app.command()(quality.lint)
app.command()(people.serve)
audits.command("verify")(people.verify)


def main() -> None:
    """Run the command that was typed."""
    app()


if __name__ == "__main__":
    main()
