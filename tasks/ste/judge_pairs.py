"""The solver that puts pairs before a judge, in one order or both."""

from __future__ import annotations

from typing import Any, Literal

from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessage, ChatMessageAssistant, Model, ModelOutput
from inspect_ai.solver import Generate, Solver, TaskState, solver

from ste.asking import chat, check_forced_verdict
from ste.pair_scorer import ASKED, JUDGED
from ste.stage_setup import LazyAsker
from ste.user_errors import user_errors_reported
from ste_plugin.dry_run import dry_run
from ste_plugin.errors import UserError
from ste_plugin.judging import Judged, JudgeSettings, judge
from ste_plugin.pair_settings import PairSettings
from ste_plugin.pairs import ORDERS, Pair, orders, pair_from_row, pair_to_row
from ste_plugin.result_rows import BenchmarkContent
from ste_plugin.stage_rows import judged_to_row


def pair_dataset(pairs: list[Pair], name: str, content: BenchmarkContent | None = None) -> MemoryDataset:
    """One sample a pair: its prompt as input, "chosen" as target, the pair itself in the metadata.

    `content` names the benchmark and its parts, for the result rows of `pair_scorer`.
    """
    samples = [
        Sample(
            input=pair.prompt_text or " ",
            target="chosen",
            id=pair.id,
            metadata={
                "pair": pair_to_row(pair),
                "subset": pair.subset,
                "cluster": pair.cluster,
                **({} if content is None else _benchmark_metadata(pair, content)),
            },
        )
        for pair in pairs
    ]
    return MemoryDataset(samples, name=name)


def check_judging(pairs: list[Pair], settings: JudgeSettings | PairSettings, model: Model) -> None:
    """Raises the UserError that judging one of `pairs` with `model` would end with, as far as can be told before."""
    by_pair = settings if isinstance(settings, PairSettings) else PairSettings(settings)
    check_forced_verdict(model, by_pair.settings.force_verdict)
    for pair in pairs:
        dry_run(judge(pair, ORDERS[0], by_pair.of(pair)))


@solver
def judge_pairs(
    settings: PairSettings, order: Literal["both", "single"] = "both", journal: str | None = None
) -> Solver:
    """Judge each pair as `settings` say. `journal` names a file of recorded answers to go on from."""
    asker = LazyAsker(journal)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        with user_errors_reported():
            if state.epoch > 1:  # Inspect would average the samples' values, while all figures are made of one epoch
                raise UserError("--epochs: a pair is judged in one epoch; for several judgments of it use -T votes=N")
            pair = pair_from_row(state.metadata["pair"], f"pair {state.sample_id}")
            own = settings.of(pair)
            # at the same time: prompts of both orders start alike, and the local engine reads that once
            judged = await asker().run_all([judge(pair, shown, own) for shown in orders(pair.id, order, own.seed)])
        state.store.set(JUDGED, [judged_to_row(one) for one in judged])
        state.store.set(ASKED, {"prompt_hash": own.prompt.hash, "order_policy": order})
        state.messages = [message for one in judged for message in _transcript(one)]
        texts = [one.judgments[-1].text for one in judged if one.judgments]
        state.output = ModelOutput.from_content(str(asker().model), texts[-1] if texts else "")
        return state

    return solve


def _benchmark_metadata(pair: Pair, content: BenchmarkContent) -> dict[str, Any]:
    return {
        "benchmark": content.benchmark,
        "revision": content.revision,
        "section": content.sections.get(pair.subset),
        "subset_weight": content.weights.get(pair.subset),
    }


def _transcript(judged: Judged) -> list[ChatMessage]:
    messages: list[ChatMessage] = list(chat(judged.messages))
    messages += [ChatMessageAssistant(content=judgment.text) for judgment in judged.judgments]
    return messages
