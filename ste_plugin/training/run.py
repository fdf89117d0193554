"""Run one training job: ``python -m ste_plugin.training.run JOB.json``.

Reads from top to bottom: rows, tokens, model, TRL's SFTTrainer, and a checkpoint that appears in one move. Started by
``accelerate launch`` or ``torchrun`` it is one of several processes that train together: all do the same, each with its
part of every step's examples (and of the weights, with FSDP), and the main one alone writes files.
"""

from __future__ import annotations

import gc
import math
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, EarlyStoppingCallback, TrainerCallback
from trl import SFTConfig

from ste_plugin import jsonl
from ste_plugin.engine.block_attention import BLOCK_ATTENTION
from ste_plugin.engine.chat_encoding import ChatEncoder
from ste_plugin.engine.local_model import best_device, best_dtype
from ste_plugin.errors import UserError
from ste_plugin.training.encode_examples import EncodedExample, encode_example, within_length
from ste_plugin.training.job import RESULT_FILE, TrainJob, TrainProgress, TrainResult
from ste_plugin.training.judgment_trainer import JudgmentTrainer
from ste_plugin.training.pair_sampler import PairSampler
from ste_plugin.training.ranks import end_with_parent, is_main, world_size
from ste_plugin.training.settings import TrainSettings


class WriteProgress(TrainerCallback):  # type: ignore[misc]
    """Keeps the job's progress file fresh."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.progress = TrainProgress(step=0, steps=0)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        logs = logs or {}
        self.progress.loss = logs.get("loss", self.progress.loss)
        self.progress.validation_loss = logs.get("eval_loss", self.progress.validation_loss)
        self._write(state)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._write(state)

    def _write(self, state: Any) -> None:
        if not is_main():
            return
        self.progress.step, self.progress.steps = state.global_step, state.max_steps
        part = self.path.with_suffix(".part")
        part.write_text(self.progress.model_dump_json(), encoding="utf-8")
        os.replace(part, self.path)


def train(job: TrainJob) -> TrainResult:
    """Train as `job` says and leave the checkpoint in ``job.output``. Raises UserError.

    Of several processes all return when the main one has left the checkpoint.
    """
    started = time.monotonic()
    settings = job.settings
    if (job.start / "adapter_config.json").exists():
        raise UserError(f"{job.start}: is an adapter; training starts from a whole model")
    tokenizer = _loaded(AutoTokenizer, job.start)
    encoder = ChatEncoder(tokenizer, str(job.start))
    train_examples, left_out = _examples(job, job.train, encoder)
    validation_examples, _ = _examples(job, job.validation, encoder)
    if not train_examples:
        raise UserError(
            f"{job.train}: no example left to train on ({left_out} are longer than max_length {settings.max_length})"
        )

    device = best_device()
    bf16 = best_dtype(device) is torch.bfloat16
    work = job.output.with_name(job.output.name + ".part")
    if is_main():
        shutil.rmtree(work, ignore_errors=True)
    validating = bool(validation_examples)
    strategy = "no" if not validating else ("steps" if settings.evaluate_every else "epoch")
    early = validating and settings.patience > 0
    processes = world_size()
    if settings.batch_size % processes:
        raise UserError(f"train.batch_size {settings.batch_size}: {processes} processes cannot share it; change it")
    share = settings.batch_size // processes
    micro_batch = micro_batch_size(share, settings.micro_batch_size)
    # before the model is loaded: it joins the processes, and with FSDP the main one alone then reads the weights
    sharded = os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"
    config = SFTConfig(
        output_dir=str(work),
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        warmup_steps=settings.warmup_steps,
        weight_decay=settings.weight_decay,
        num_train_epochs=settings.epochs,
        max_steps=_cap(settings, len(train_examples), micro_batch, processes),
        per_device_train_batch_size=micro_batch,
        per_device_eval_batch_size=settings.micro_batch_size,
        gradient_accumulation_steps=share // micro_batch,
        gradient_checkpointing=settings.gradient_checkpointing,  # on by default in TRL
        bf16=bf16,
        use_cpu=device == "cpu",
        seed=job.seed % 2**32,
        max_length=None,
        eval_strategy=strategy,
        eval_steps=settings.evaluate_every or None,
        eval_on_start=validating,
        prediction_loss_only=True,
        # Trainer cannot load a best checkpoint that it has saved without the optimiser into sharded weights: it keeps
        # the best one alone, and that becomes the judge
        save_strategy="no" if not early else ("best" if sharded else strategy),
        save_steps=settings.evaluate_every or 500,
        save_total_limit=1,
        save_only_model=True,
        load_best_model_at_end=early and not sharded,
        metric_for_best_model="eval_loss" if early else None,
        logging_steps=1,
        logging_nan_inf_filter=False,  # or a diverged run reports the mean of its earlier losses
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=device != "cpu",
    )
    model = _loaded(AutoModelForCausalLM, job.start, dtype=torch.float32)
    if device == "cpu" and bf16 and model.config._attn_implementation == "sdpa":
        model.set_attn_implementation(BLOCK_ATTENTION)
    trainer = JudgmentTrainer(
        model=model,
        args=config,
        train_dataset=_dataset(train_examples),
        eval_dataset=_dataset(validation_examples) if validating else None,
        processing_class=tokenizer,
        peft_config=_lora(job) if settings.method == "lora" else None,
        sampler=PairSampler(
            [len(example.input_ids) for example in train_examples],
            [example.pair or f"example {index}" for index, example in enumerate(train_examples)],
            micro_batch,
            job.seed,
            [settings.stage(example.strategy) for example in train_examples],
        ),
        callbacks=[
            WriteProgress(job.progress),
            *([EarlyStoppingCallback(early_stopping_patience=settings.patience)] if early else []),
        ],
    )
    output = trainer.train()
    losses = [(int(e["step"]), float(e["eval_loss"])) for e in trainer.state.log_history if "eval_loss" in e]
    if not math.isfinite(output.training_loss):
        raise UserError(f"training diverged (loss {output.training_loss}); lower train.learning_rate")
    if sharded:
        _save_sharded(trainer, tokenizer, work, settings.method)
    elif is_main():
        _save(trainer, tokenizer, work, settings.method)
    result = TrainResult(
        steps=trainer.state.global_step,
        examples=len(train_examples),
        left_out=left_out,
        tokens=sum(len(example.input_ids) for example in train_examples),
        train_loss=output.training_loss,
        validation_losses=losses,
        seconds=time.monotonic() - started,
        method=settings.method,
    )
    if is_main():
        (work / RESULT_FILE).write_text(result.model_dump_json(indent=1), encoding="utf-8")
        shutil.rmtree(job.output, ignore_errors=True)
        os.replace(work, job.output)
    trainer.accelerator.wait_for_everyone()
    del trainer, model
    gc.collect()
    return result


def micro_batch_size(batch_size: int, at_most: int) -> int:
    """The largest size of at most `at_most` that divides `batch_size`: a step is made of whole micro-batches."""
    return max(size for size in range(1, min(batch_size, at_most) + 1) if batch_size % size == 0)


def _cap(settings: TrainSettings, examples: int, micro_batch: int, processes: int) -> int:
    """Optimiser steps for SFTConfig: `max_steps` where `epochs` take more, else -1 (Trainer takes no account of epochs
    where steps are given)."""
    batches = math.ceil(math.ceil(examples / micro_batch) / processes)
    epoch = math.ceil(batches * micro_batch * processes / settings.batch_size)
    if settings.max_steps is None or settings.max_steps >= settings.epochs * epoch:
        return -1
    return settings.max_steps


def _loaded(kind: Any, path: Path, **settings: Any) -> Any:
    try:
        return kind.from_pretrained(path, **settings)
    except (OSError, ValueError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UserError(f"{path}: not a loadable model folder: {reason}") from error


def _examples(job: TrainJob, path: Path, encoder: ChatEncoder) -> tuple[list[EncodedExample], int]:
    eos = int(encoder.tokenizer.eos_token_id)
    examples = [
        encode_example(row, encoder, opening=job.opening, loss=job.settings.loss, eos=eos)
        for _, row in jsonl.read_rows(path)
    ]
    return within_length(examples, job.settings.max_length)


def _dataset(examples: list[EncodedExample]) -> Dataset:
    rows = [{"input_ids": list(example.input_ids), "labels": list(example.labels)} for example in examples]
    return Dataset.from_list(rows)


def _lora(job: TrainJob) -> Any:
    from peft import LoraConfig

    lora = job.settings.lora
    modules = lora.modules if isinstance(lora.modules, str) else list(lora.modules)
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=modules,
        task_type="CAUSAL_LM",
        base_model_name_or_path=str(job.start),
    )


def _save(trainer: Any, tokenizer: Any, work: Path, method: str) -> None:
    """Leave nothing but the final weights and the tokenizer in `work`."""
    shutil.rmtree(work, ignore_errors=True)
    model = trainer.accelerator.unwrap_model(trainer.model)
    if method == "full":
        model = model.to(torch.bfloat16)  # what judging loads anyway, at half the disk
    model.save_pretrained(work)
    tokenizer.save_pretrained(work)


def _save_sharded(trainer: Any, tokenizer: Any, work: Path, method: str) -> None:
    """As `_save`, of weights that lie in parts on all processes; each of them has to call it.

    Trainer gathers a checkpoint (float32) in the main process, unless it has kept the best one already; that process
    then turns it into what `_save` leaves.
    """
    best = trainer.state.best_model_checkpoint
    whole = work.with_name(work.name + ".whole")
    if best is None:
        trainer.save_model(str(whole))
    if is_main():
        if best is not None:
            os.replace(best, whole)
        shutil.rmtree(work, ignore_errors=True)
        if method == "full":
            _loaded(AutoModelForCausalLM, whole, dtype=torch.bfloat16).save_pretrained(work)
        else:
            work.mkdir()
            for file in whole.glob("adapter_*"):
                os.replace(file, work / file.name)
        tokenizer.save_pretrained(work)
        shutil.rmtree(whole)
    trainer.accelerator.wait_for_everyone()


def main() -> None:
    """Entry point of the subprocess: exit code 2 and one line for a user's mistake."""
    end_with_parent()
    job = TrainJob.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        train(job)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"error: {job.output}: {error.strerror or error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
