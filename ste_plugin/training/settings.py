"""Settings of one training run. Free of torch, so that a recipe can be read anywhere."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(ge=1)]


class LoraSettings(BaseModel):
    """Low-rank adaptation (Hu et al. 2021): rank, scale, and the modules that are adapted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rank: Positive = 16
    alpha: Positive = 32
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    modules: str | tuple[str, ...] = "all-linear"


class TrainSettings(BaseModel):
    """Supervised fine-tuning with TRL's SFTTrainer: AdamW, loss on the judgment alone.

    Attributes:
        method: "full" trains all weights, "lora" an adapter.
        learning_rate: peak (the paper: 1e-6 for a 70B model; small models want more).
        schedule: of the learning rate after the warm-up.
        epochs: at most (the paper: 2). `max_steps` caps them in optimiser steps.
        batch_size: examples of one optimiser step; `micro_batch_size` of them go through the model at once.
        loss: "judgment" on reasoning and verdict, "verdict" from the verdict's opening on.
        max_length: longer examples (tokens, prompt and judgment) are left out and counted, never cut.
        evaluate_every: optimiser steps between validation losses; 0: once an epoch.
        patience: validation losses without improvement after which training stops; 0: never early.
        curriculum: names of negative strategies, one list a stage. The first epoch takes the pairs of the first list,
            then those of the second, then all that no list names; later epochs mix all. A judge that cannot tell
            two responses apart yet learns that from easy pairs, while hard ones only disturb it (Bengio et al. 2009).
        launcher: the command that starts the training's processes, in words, "-m MODULE ARGUMENT" comes after them:
            ``[accelerate, launch, --config_file, FILE]`` or ``[torchrun, --nproc_per_node, "2"]``. None: one process.
            FILE may be one of `training.launcher.configs`. `batch_size` is that of all processes together.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Literal["full", "lora"] = "full"
    learning_rate: Annotated[float, Field(gt=0)] = 1e-6
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    epochs: Positive = 2
    max_steps: Positive | None = None
    batch_size: Positive = 32
    micro_batch_size: Positive = 8
    loss: Literal["judgment", "verdict"] = "judgment"
    max_length: Positive = 4096
    evaluate_every: Annotated[int, Field(ge=0)] = 0
    patience: Annotated[int, Field(ge=0)] = 2
    gradient_checkpointing: bool = False
    curriculum: tuple[tuple[str, ...], ...] = ()
    launcher: tuple[str, ...] = ()
    lora: LoraSettings = LoraSettings()

    def stage(self, strategy: str) -> int:
        """The stage of the curriculum, from 0, in which pairs of `strategy` are trained on in the first epoch."""
        stages = (number for number, names in enumerate(self.curriculum) if strategy in names)
        return next(stages, len(self.curriculum))
