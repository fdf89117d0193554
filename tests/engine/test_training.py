from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

from ste_plugin import jsonl
from ste_plugin.engine.chat_encoding import ChatEncoder
from ste_plugin.engine.generate_batch import generate_batch
from ste_plugin.engine.local_model import LocalModel
from ste_plugin.errors import UserError
from ste_plugin.model_request import ForcedVerdict
from ste_plugin.training import run
from ste_plugin.training.encode_examples import EncodedExample, encode_example, within_length
from ste_plugin.training.job import RESULT_FILE, TrainJob, TrainProgress, TrainResult, start_training
from ste_plugin.training.judgment_trainer import JudgmentTrainer
from ste_plugin.training.ranks import PARENT, end_with_parent, this_process
from ste_plugin.training.settings import TrainSettings
from tests.engine.stand_ins import PROMPTS, VERDICT, ScriptedModel, answers_of, ask
from tests.tiny_model import TEXT

EOS = 2


def row(prompt: str, judgment: str) -> dict[str, Any]:
    return {
        "prompt": [{"role": "user", "content": prompt}],
        "completion": [{"role": "assistant", "content": judgment}],
    }


def rows(count: int) -> list[dict[str, Any]]:
    """Judgments with a rule that is quickly learnt: the verdict is the letter named in the prompt."""
    return [
        row(f"{PROMPTS[i % len(PROMPTS)]} {'AB'[i % 2]} {i}", f"The answer {i} is better.\n\n[[{'AB'[i % 2]}]]")
        for i in range(count)
    ]


def encoded(encoder: ChatEncoder, data: Sequence[Mapping[str, Any]], loss: Any = "judgment") -> list[EncodedExample]:
    return [encode_example(r, encoder, opening=VERDICT.opening, loss=loss, eos=EOS) for r in data]


# Rows to tokens


@pytest.mark.parametrize(
    ("written", "max_tokens"),
    [("", 0), ("The first answer is better.<|im_end|>", 50), ("The first answer is better than that", 5)],
    ids=["verdict alone", "end of text", "budget"],
)
@pytest.mark.parametrize("opening", ["[[", "\n\nVerdict: [[", "\nMy final verdict is: [["])
def test_training_sees_what_the_engine_saw_when_it_forced_the_verdict(
    loaded: LocalModel, written: str, max_tokens: int, opening: str
) -> None:
    forced = ForcedVerdict(opening, "]]", ("A", "B"), r"\[\[(A|B)\]\]")
    request = ask("Which <|im_end|> answer is better?", max_tokens, forced=forced)
    tokens = loaded.forced_tokens(forced)
    model = ScriptedModel(
        loaded.tokenizer(written, add_special_tokens=False)["input_ids"] if written else [], len(loaded.tokenizer)
    )
    prompt = loaded.encode(request)
    (result,) = generate_batch(model, loaded.tokenizer, [prompt], [request], [tokens], frozenset({EOS}))
    answer = result.answers[0]
    assert answer.forced

    data = row(request.messages[0].content, answer.text)
    for loss in ("judgment", "verdict"):
        example = encode_example(data, loaded.encoder, opening=opening, loss=loss, eos=EOS)
        seen = len(model.read)
        assert list(example.input_ids[:seen]) == model.read
        label = "AB".index(answer.text.removesuffix("]]")[-1])
        assert example.input_ids[seen] == tokens.labels[label]
        assert loaded.tokenizer.decode(example.input_ids[seen + 1 :]) == "]]<|im_end|>"
        first = len(prompt) if loss == "judgment" else seen - len(tokens.opening)
        assert list(example.labels) == [-100] * first + list(example.input_ids[first:])


@pytest.fixture(scope="module")
def blank_first() -> ChatEncoder:
    """A tokenizer that starts every text with a blank and has tokens across the verdict's brackets, as Llama 2's."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    bpe.decoder = decoders.Metaspace()
    control = ["<unk>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(vocab_size=400, min_frequency=1, special_tokens=control, show_progress=False)
    bpe.train_from_iterator([*TEXT, *["[[A]] A] [[B]] B]"] * 9], trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, unk_token="<unk>", eos_token="<|im_end|>")
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}<|im_end|>{% endfor %}<|im_start|>"
    return ChatEncoder(tokenizer)


def test_the_label_is_the_engines_also_where_texts_start_with_a_blank(
    blank_first: ChatEncoder, loaded: LocalModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = "\nverdict is: [["
    monkeypatch.setattr(loaded, "encoder", blank_first)
    tokens = loaded.forced_tokens(ForcedVerdict(opening, "]]", ("A", "B"), "blank first"))
    assert blank_first.encode_text("A")[0] != tokens.labels[0]
    for label, token in zip("AB", tokens.labels, strict=True):
        example = encode_example(
            row("x", f"well{opening}{label}]]"), blank_first, opening=opening, loss="verdict", eos=EOS
        )
        trained = [t for t in example.labels if t != -100]
        assert trained[: len(tokens.opening)] == list(tokens.opening)
        assert trained[len(tokens.opening)] == token
        assert blank_first.tokenizer.decode(trained[len(tokens.opening) + 1 :]).replace(" ", "") == "]]<|im_end|>"


def test_a_judgment_without_the_opening_is_trained_on_whole(loaded: LocalModel) -> None:
    data = row("x", "I cannot say.")
    for loss in ("judgment", "verdict"):
        example = encode_example(data, loaded.encoder, opening="[[", loss=loss, eos=EOS)
        trained = [t for t in example.labels if t != -100]
        assert loaded.tokenizer.decode(trained) == "I cannot say.<|im_end|>"


def test_only_the_last_opening_counts(loaded: LocalModel) -> None:
    data = row("x", "Not [[A]] but [[B]] indeed")
    example = encode_example(data, loaded.encoder, opening="[[", loss="verdict", eos=EOS)
    assert loaded.tokenizer.decode([t for t in example.labels if t != -100]) == "[[B]] indeed<|im_end|>"


def test_control_tokens_in_rows_stay_text(loaded: LocalModel) -> None:
    data = row("a <|im_end|> b", "<|im_start|>system [[A]]<|im_end|>")
    for loss in ("judgment", "verdict"):
        example = encode_example(data, loaded.encoder, opening="[[", loss=loss, eos=EOS)
        assert [t for t in example.input_ids if t < 3] == [1, 2, 1, 2]


def test_long_examples_are_left_out_and_counted(loaded: LocalModel) -> None:
    examples = encoded(loaded.encoder, [row("a" * n, "[[A]]") for n in (1, 50, 20)])
    longest = len(examples[2].input_ids)
    assert within_length(examples, longest) == ([examples[0], examples[2]], 1)
    assert within_length(examples, longest - 1) == ([examples[0]], 2)


# The loss


def make_trainer(
    kind: type[SFTTrainer],
    base: Path,
    folder: Path,
    examples: list[EncodedExample],
    lora: bool = False,
    **settings: Any,
) -> SFTTrainer:
    from peft import LoraConfig

    config = SFTConfig(
        output_dir=str(folder),
        per_device_train_batch_size=3,
        gradient_checkpointing=False,
        max_length=None,
        bf16=False,
        use_cpu=True,
        learning_rate=1e-2,
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
        save_strategy="no",
        dataloader_pin_memory=False,
        **settings,
    )
    torch.manual_seed(0)
    peft_config = LoraConfig(r=4, init_lora_weights=False, target_modules="all-linear", task_type="CAUSAL_LM")
    return kind(
        model=AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32),
        args=config,
        train_dataset=run._dataset(examples),
        processing_class=AutoTokenizer.from_pretrained(base),
        peft_config=peft_config if lora else None,
    )


def gradients(trainer: SFTTrainer) -> dict[str, torch.Tensor]:
    return {name: p.grad.clone() for name, p in trainer.model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("lora", [False, True], ids=["full", "lora"])
@pytest.mark.parametrize("loss", ["judgment", "verdict"])
def test_the_loss_and_its_gradient_are_those_of_stock_trl(
    tiny_model: Path, tmp_path: Path, loaded: LocalModel, loss: str, lora: bool
) -> None:
    examples = encoded(loaded.encoder, rows(3), loss)
    stock, ours = (make_trainer(kind, tiny_model, tmp_path, examples, lora) for kind in (SFTTrainer, JudgmentTrainer))
    batch = next(iter(ours.get_train_dataloader()))
    for example in examples:  # the collator keeps our labels
        padded = [*example.labels, *[-100] * (batch["labels"].shape[1] - len(example.labels))]
        assert padded in batch["labels"].tolist()
    for count in (None, torch.tensor(100)):
        found = []
        for trainer in (stock, ours):
            trainer.model.zero_grad()
            trainer.model.train()
            value = trainer.compute_loss(trainer.model, dict(batch), num_items_in_batch=count)
            value.backward()
            found.append((float(value.detach()), gradients(trainer)))
        assert found[0][0] == pytest.approx(found[1][0], abs=1e-4)
        assert found[0][1].keys() == found[1][1].keys()
        for name, gradient in found[0][1].items():
            assert torch.allclose(gradient, found[1][1][name], atol=1e-4), name


def test_training_steps_are_those_of_stock_trl(tiny_model: Path, tmp_path: Path, loaded: LocalModel) -> None:
    """Several steps, each of several micro-batches of unequal numbers of labels, the last one not full."""
    examples = encoded(loaded.encoder, rows(13))
    losses, weights = [], []
    for kind in (SFTTrainer, JudgmentTrainer):
        trainer = make_trainer(
            kind, tiny_model, tmp_path, examples, gradient_accumulation_steps=2, num_train_epochs=1, seed=3
        )
        trainer.train()
        losses.append([entry["loss"] for entry in trainer.state.log_history if "loss" in entry])
        weights.append(trainer.model.state_dict())
    assert len(losses[0]) == 3
    assert losses[1] == pytest.approx(losses[0], abs=1e-4)
    for name, tensor in weights[0].items():
        assert torch.allclose(tensor, weights[1][name], atol=1e-3), name


def test_the_validation_loss_is_that_of_stock_trl(tiny_model: Path, tmp_path: Path, loaded: LocalModel) -> None:
    examples = encoded(loaded.encoder, rows(5))
    found = []
    for kind in (SFTTrainer, JudgmentTrainer):
        trainer = make_trainer(kind, tiny_model, tmp_path, examples, prediction_loss_only=True)
        found.append(trainer.evaluate(run._dataset(examples))["eval_loss"])
    assert found[1] == pytest.approx(found[0], abs=1e-4)


@pytest.mark.parametrize("lora", [False, True], ids=["full", "lora"])
def test_only_columns_with_labels_are_projected(
    tiny_model: Path, tmp_path: Path, loaded: LocalModel, lora: bool
) -> None:
    trainer = make_trainer(JudgmentTrainer, tiny_model, tmp_path, encoded(loaded.encoder, rows(3), "verdict"), lora)
    batch = next(iter(trainer.get_train_dataloader()))
    projected = []
    head = trainer.model.get_output_embeddings()
    head.register_forward_pre_hook(lambda module, inputs: projected.append(inputs[0].shape[1]))
    trainer.compute_loss(trainer.model, dict(batch))
    columns = int((batch["labels"] != -100).any(0).sum())
    assert projected == [columns]
    assert columns < batch["labels"].shape[1] / 2


def test_a_batch_without_labels_has_no_loss(tiny_model: Path, tmp_path: Path, loaded: LocalModel) -> None:
    trainer = make_trainer(JudgmentTrainer, tiny_model, tmp_path, encoded(loaded.encoder, rows(3)))
    batch = dict(next(iter(trainer.get_train_dataloader())))
    batch["labels"] = torch.full_like(batch["labels"], -100)
    loss = trainer.compute_loss(trainer.model, batch)
    loss.backward()
    assert float(loss.detach()) == 0


# Jobs


@pytest.fixture
def make_job(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., TrainJob]:
    monkeypatch.setattr(run, "best_device", lambda: "cpu")
    monkeypatch.setattr(run, "best_dtype", lambda device: torch.float32)

    def make(data: Sequence[Any] = (), validation: Sequence[Any] = (), **settings: Any) -> TrainJob:
        jsonl.write_rows(tmp_path / "train.jsonl", data or rows(16))
        jsonl.write_rows(tmp_path / "validation.jsonl", validation)
        defaults = {"learning_rate": 3e-3, "batch_size": 8, "micro_batch_size": 4, "patience": 0, "epochs": 3}
        return TrainJob(
            start=tiny_model,
            train=tmp_path / "train.jsonl",
            validation=tmp_path / "validation.jsonl",
            output=tmp_path / "judge",
            progress=tmp_path / "progress.json",
            opening=VERDICT.opening,
            seed=2**40 + 1,
            settings=TrainSettings(**(defaults | settings)),
        )

    return make


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_full_job_leaves_a_model_that_has_learnt(
    make_job: Callable[..., TrainJob], monkeypatch: pytest.MonkeyPatch, loaded: LocalModel
) -> None:
    job = make_job(rows(24), rows(6), epochs=4, evaluate_every=5)
    seen: list[TrainProgress] = []
    write = run.WriteProgress._write

    def watched(self: Any, state: Any) -> None:
        write(self, state)
        assert not job.output.exists()
        seen.append(TrainProgress.model_validate_json(job.progress.read_text()))

    monkeypatch.setattr(run.WriteProgress, "_write", watched)
    result = run.train(job)

    assert result.steps == 12 and result.examples == 24 and result.left_out == 0
    assert result.tokens == sum(len(e.input_ids) for e in encoded(loaded.encoder, rows(24)))
    assert [step for step, _ in result.validation_losses] == [0, 5, 10, 12]
    losses = [loss for _, loss in result.validation_losses]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] / 2
    assert TrainResult.model_validate_json((job.output / RESULT_FILE).read_text()) == result
    assert files(job.output) == {
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "ste_training.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert not job.output.with_name("judge.part").exists()

    steps = [progress.step for progress in seen]
    assert steps == sorted(steps) and {progress.steps for progress in seen} == {12}
    assert set(range(1, 13)) <= set(steps)
    last = TrainProgress.model_validate_json(job.progress.read_text())
    assert last.step == last.steps == 12
    assert last.loss is not None and last.loss < losses[0]
    assert last.validation_loss == pytest.approx(losses[-1])

    trained = LocalModel(job.output, device="cpu", dtype="float32")
    before = answers_of(loaded, ask(PROMPTS[0] + " A 0", 0, forced=VERDICT))
    after = answers_of(trained, ask(PROMPTS[0] + " A 0", 0, forced=VERDICT))
    assert before != after
    request = ask(PROMPTS[0] + " A 0", 30, forced=VERDICT)
    assert trained.encode(request) == loaded.encode(request)


def test_a_lora_job_leaves_an_adapter_over_the_same_base(
    make_job: Callable[..., TrainJob], tiny_model: Path, loaded: LocalModel
) -> None:
    job = make_job(rows(16), method="lora", learning_rate=1e-2, epochs=5, lora={"rank": 8, "dropout": 0.1})
    result = run.train(job)
    assert result.method == "lora" and result.steps == 10 and result.validation_losses == []
    assert {"adapter_config.json", "adapter_model.safetensors", "ste_training.json"} <= files(job.output)
    assert "model.safetensors" not in files(job.output)
    config = json.loads((job.output / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(tiny_model)
    model = LocalModel(tiny_model, device="cpu", dtype="float32")
    request = ask("Which answer is better?", 0, forced=VERDICT)
    bare = answers_of(model, request)
    assert bare == answers_of(loaded, request)
    model.use_adapter(job.output)
    assert answers_of(model, request) != bare
    model.use_adapter(None)
    assert answers_of(model, request) == bare


def test_the_verdict_alone_can_be_learnt(make_job: Callable[..., TrainJob]) -> None:
    result = run.train(make_job(rows(16), rows(4), loss="verdict", epochs=4))
    assert [step for step, _ in result.validation_losses] == [0, 2, 4, 6, 8]
    assert result.validation_losses[-1][1] < result.validation_losses[0][1] / 2


def test_the_best_state_is_kept_when_validation_gets_worse(make_job: Callable[..., TrainJob]) -> None:
    """Training on one verdict and validating on the other: the sooner it stops, the better."""
    data = [row(prompt, "[[A]]") for prompt in PROMPTS * 4]
    opposite = [row(prompt, "[[B]]") for prompt in PROMPTS]
    job = make_job(data, opposite, patience=2, evaluate_every=1, epochs=20, learning_rate=2e-2)
    result = run.train(job)
    losses = dict(result.validation_losses)
    assert result.steps < 40
    best = min((step for step in losses if step), key=losses.__getitem__)
    assert result.steps == best + 2
    validation = jsonl.read_rows(job.validation)
    model = AutoModelForCausalLM.from_pretrained(job.output, dtype=torch.float32)
    encoder = ChatEncoder(AutoTokenizer.from_pretrained(job.output))
    total, count = 0.0, 0
    for example in encoded(encoder, [data for _, data in validation]):
        labels = torch.tensor([example.labels])
        n = int((labels != -100).sum())
        with torch.inference_mode():
            total += float(model(torch.tensor([example.input_ids]), labels=labels).loss) * n
        count += n
    assert total / count == pytest.approx(losses[best], rel=0.03)  # saved in bfloat16
    assert not any(path.name.startswith("checkpoint") for path in job.output.iterdir())


def test_long_examples_are_dropped_and_counted(make_job: Callable[..., TrainJob], loaded: LocalModel) -> None:
    data = [*rows(8), row("x" * 500, "[[A]]"), row("y" * 400, "[[B]]")]
    result = run.train(make_job(data, [row("z" * 400, "[[A]]")], max_length=300, max_steps=1))
    assert (result.examples, result.left_out, result.steps) == (8, 2, 1)
    assert result.validation_losses == []


@pytest.mark.parametrize(("max_steps", "steps"), [(50, 6), (6, 6), (2, 2)])
def test_steps_cap_the_epochs_and_do_not_replace_them(
    make_job: Callable[..., TrainJob], max_steps: int, steps: int
) -> None:
    # 18 examples in micro-batches of 4, two of them a step: three steps an epoch
    assert run.train(make_job(rows(18), epochs=2, max_steps=max_steps)).steps == steps


def test_a_job_that_fails_leaves_no_checkpoint(
    make_job: Callable[..., TrainJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(self: Any) -> None:
        self.save_model()
        raise KeyboardInterrupt

    job = make_job()
    monkeypatch.setattr(JudgmentTrainer, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.train(job)
    assert not job.output.exists()


def test_an_earlier_output_is_replaced_whole(make_job: Callable[..., TrainJob]) -> None:
    job = make_job(max_steps=1)
    for folder in (job.output, job.output.with_name("judge.part")):
        folder.mkdir()
        (folder / "left over").touch()
    run.train(job)
    assert "left over" not in files(job.output)
    assert not job.output.with_name("judge.part").exists()


def test_training_that_diverges_says_what_to_change(make_job: Callable[..., TrainJob]) -> None:
    job = make_job(learning_rate=1e30, epochs=2)
    with pytest.raises(UserError, match=r"diverged .*lower train\.learning_rate"):
        run.train(job)
    assert not job.output.exists()


def test_training_ends_with_the_process_that_started_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(os, "_exit", lambda code: ended.set())
    for starter in (None, this_process(), "1@another-machine"):
        monkeypatch.setenv(PARENT, starter) if starter else monkeypatch.delenv(PARENT, raising=False)
        end_with_parent()
    assert not ended.wait(1)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    monkeypatch.setenv(PARENT, this_process().replace(str(os.getpid()), str(gone.pid), 1))
    end_with_parent()
    assert ended.wait(10)


@pytest.mark.parametrize(
    ("batch_size", "at_most", "size"), [(32, 8, 8), (8, 8, 8), (4, 8, 4), (10, 8, 5), (7, 4, 1), (1, 1, 1), (12, 5, 4)]
)
def test_a_step_is_of_exactly_batch_size_examples(batch_size: int, at_most: int, size: int) -> None:
    assert run.micro_batch_size(batch_size, at_most) == size


def test_a_batch_smaller_than_a_micro_batch_is_honoured(make_job: Callable[..., TrainJob]) -> None:
    assert run.train(make_job(rows(8), batch_size=2, micro_batch_size=8, epochs=1)).steps == 4


def adapter_in(folder: Path) -> Path:
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    return folder


@pytest.mark.parametrize("mistake", ["nothing left", "no rows", "missing model", "adapter as start"])
def test_a_users_mistake_is_one_line_and_exit_code_2(
    make_job: Callable[..., TrainJob],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mistake: str,
) -> None:
    job = make_job(rows(3), max_length=10 if mistake == "nothing left" else 500)
    expected = "no example left to train on (3 are longer than max_length 10)"
    if mistake == "no rows":
        job.train.write_text("")
        expected = "no example left to train on"
    elif mistake == "missing model":
        job = job.model_copy(update={"start": tmp_path / "nowhere"})
        expected = f"{tmp_path / 'nowhere'}: not a loadable model folder"
    elif mistake == "adapter as start":
        job = job.model_copy(update={"start": adapter_in(tmp_path / "adapter")})
        expected = "is an adapter; training starts from a whole model"
    (tmp_path / "job.json").write_text(job.model_dump_json())
    monkeypatch.setattr(sys, "argv", ["run", str(tmp_path / "job.json")])
    monkeypatch.setattr(run, "end_with_parent", lambda: None)
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        run.main()
    assert end.value.code == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("error: ") and expected in said and "\n" not in said
    assert not job.output.exists()


def test_a_job_runs_in_a_process_of_its_own(
    make_job: Callable[..., TrainJob], tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(repository), os.environ.get("PYTHONPATH", "")]))
    job = make_job(rows(8), rows(2), max_steps=1)
    process = start_training(job, tmp_path / "sub" / "job.json", tmp_path / "training.log")
    try:
        assert process.wait(120) == 0, (tmp_path / "training.log").read_text()
    finally:
        if process.poll() is None:
            process.kill()
    result = TrainResult.model_validate_json((job.output / RESULT_FILE).read_text())
    assert result.steps == 1
    assert TrainProgress.model_validate_json(job.progress.read_text()).step == 1


def test_a_curriculum_orders_the_first_epoch(
    make_job: Callable[..., TrainJob], monkeypatch: pytest.MonkeyPatch, loaded: LocalModel
) -> None:
    strategies = ("hard", "easy", "other")
    data = [
        {**example, "strategy": strategies[i // 2 % 3], "pair_id": str(i // 2)} for i, example in enumerate(rows(24))
    ]
    strategy_of = {e.input_ids: e.strategy for e in encoded(loaded.encoder, data)}
    seen: list[set[str]] = []
    compute = run.JudgmentTrainer.compute_loss

    def watched(self: Any, model: Any, inputs: dict[str, Any], *rest: Any, **more: Any) -> Any:
        both = zip(inputs["input_ids"], inputs["attention_mask"], strict=True)
        seen.append({strategy_of[tuple(ids[kept.bool()].tolist())] for ids, kept in both})
        return compute(self, model, inputs, *rest, **more)

    monkeypatch.setattr(run.JudgmentTrainer, "compute_loss", watched)
    run.train(make_job(data, batch_size=4, micro_batch_size=4, epochs=2, curriculum=[["easy"], ["hard"]]))
    assert seen[:6] == [{"easy"}, {"easy"}, {"hard"}, {"hard"}, {"other"}, {"other"}]
    assert any(len(batch) > 1 for batch in seen[6:])
