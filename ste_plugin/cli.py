"""The command line `ste`: each command is a file in `ste_plugin/commands`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ste_plugin.commands.ablate import ablate
from ste_plugin.commands.baseline import baseline
from ste_plugin.commands.check_pairs import check_pairs
from ste_plugin.commands.gate import gate
from ste_plugin.commands.lm_eval import doctor, lm_eval_path
from ste_plugin.commands.models import models
from ste_plugin.commands.plan import plan
from ste_plugin.commands.report import report
from ste_plugin.commands.rescore import rescore
from ste_plugin.commands.results import results
from ste_plugin.commands.self_train import self_train
from ste_plugin.errors import UserError

app = typer.Typer(
    help="Self-Taught Evaluators: train an LLM judge on its own synthetic data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(models, name="models")
app.command("report")(report)
app.command("self-train")(self_train)
app.command("gate")(gate)
app.add_typer(baseline, name="baseline")
app.command("rescore")(rescore)
app.command("lm-eval-path")(lm_eval_path)
app.command("doctor")(doctor)
app.command("check-pairs")(check_pairs)
app.command("ablate")(ablate)
app.command("plan")(plan)
app.command("results")(results)


def main() -> None:
    """Run the command line. A UserError, or a file that the system refuses, is one line on stderr and exit code 2."""
    try:
        app()
    except UserError as error:
        print(f"ste: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        if error.filename is None:  # no file of the user's
            raise
        print(f"ste: {error.filename}: {error.strerror}; name another file or mend it", file=sys.stderr)
        sys.exit(2)


def _print_version(wanted: bool) -> None:
    if wanted:
        from ste_plugin import __version__

        typer.echo(f"ste {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options that stand before the command."""
