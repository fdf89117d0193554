"""`ste self-train`: the whole loop with one command, over either harness."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from ste_plugin.errors import UserError
from ste_plugin.task_words import task_words


def self_train(
    model: Annotated[str, typer.Option(help="The seed judge, for example ste/smollm2-135m or hf//path/to/model.")],
    recipe: Annotated[str, typer.Option(help="A built-in recipe or a YAML file.")] = "smollm2-demo",
    workdir: Annotated[Path, typer.Option(help="Folder of the run, for going on with it, too.")] = Path("ste-run"),
    harness: Annotated[Literal["inspect", "lm-eval"], typer.Option(help="What asks the models and keeps the logs.")] = (
        "inspect"
    ),
    model_args: Annotated[str, typer.Option(help="Arguments of the model: NAME=VALUE,NAME=VALUE.")] = "",
    generator: Annotated[
        str | None, typer.Option(help="Another model that writes the responses; by default the seed judge does.")
    ] = None,
    generator_args: Annotated[str, typer.Option(help="Arguments of the generator (lm-eval only).")] = "",
    weak_generator: Annotated[
        str | None, typer.Option(help="A weaker model for the rejected responses of the strategy weaker_answer.")
    ] = None,
    weak_generator_args: Annotated[str, typer.Option(help="Arguments of the weak generator (lm-eval only).")] = "",
    instructions: Annotated[str | None, typer.Option(help='"builtin" or a JSONL file, not the recipe\'s.')] = None,
    dataset: Annotated[str | None, typer.Option(help="Source of RewardBench, not the recipe's.")] = None,
    iterations: Annotated[int | None, typer.Option(help="Not the recipe's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Not the recipe's.")] = None,
    journal: Annotated[Path | None, typer.Option(help="File of recorded answers, not the run's own.")] = None,
) -> None:
    """Train the seed judge on its own synthetic data; score it and every iteration.

    After an interruption of any kind the same command goes on with what has been generated.
    """
    if harness == "inspect":
        for option, given in (("generator", generator_args), ("weak-generator", weak_generator_args)):
            if given:
                raise UserError(f"--{option}-args works with --harness lm-eval only")
        options = {
            "recipe": recipe,
            "workdir": workdir,
            "instructions": instructions,
            "dataset": dataset,
            "iterations": iterations,
            "seed": seed,
            "journal": journal,
        }
        words = [sys.executable, "-m", "inspect_ai", "eval", "ste/self_train", "--model", model]
        for argument in filter(None, model_args.split(",")):
            words += ["-M", argument]
        for role, name in (("generator", generator), ("weak_generator", weak_generator)):
            if name is not None:
                words += ["--model-role", f"{role}={name}"]
        sys.exit(subprocess.call([*words, *task_words(options)]))
    # Set before transformers is imported: weights are found beforehand, and no progress bar may cross ours.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from ste_plugin.report import print_report
    from ste_plugin.self_training import SelfTraining, run_recipe

    settings = run_recipe(recipe, instructions=instructions, dataset=dataset, iterations=iterations, seed=seed)
    from ste.lm_eval.live_model import LiveModel
    from ste.lm_eval.self_train import self_train as train

    judge = LiveModel(model, model_args)
    other = LiveModel(generator, generator_args) if generator is not None else None
    weak = LiveModel(weak_generator, weak_generator_args) if weak_generator is not None else None
    train(SelfTraining(settings, workdir, journal), judge, other, weak, say=typer.echo)
    print_report(workdir)
