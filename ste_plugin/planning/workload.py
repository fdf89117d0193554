"""How much each stage of a recipe asks of its models: prompts, tokens read, written and trained on.

Lengths come from the recipe's budgets, from the data where it is here, and otherwise from the constants below.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Literal

from ste_plugin.drawing import rounds
from ste_plugin.errors import UserError
from ste_plugin.instructions import BUILTIN, load_instructions
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.judging import JudgeSettings, fitted_messages
from ste_plugin.negatives import wrong_result
from ste_plugin.pairs import Message, Pair
from ste_plugin.planning.hub_pairs import hub_pairs
from ste_plugin.planning.material import WITHOUT_BASELINE, MaterialShares, chooses, material_shares
from ste_plugin.recipe import Recipe
from ste_plugin.recipe_sections import BenchmarkRecipe
from ste_plugin.select_stage import candidates
from ste_plugin.selection import sample
from ste_plugin.stages import Stage, stages
from ste_plugin.synthesis_plan import GENERATED_OF_BUILT_IN
from ste_plugin.text_prompt import TextPrompt

CHARS_PER_TOKEN = 3.5
TEMPLATE_TOKENS = 12
"""Tokens that a chat template adds to a prompt."""
RESPONSE_TOKENS, REASONING_TOKENS, REQUEST_TOKENS = 350.0, 250.0, 60.0
"""Mean lengths of a response, a judge's reasoning and a modified instruction, were there no budget."""
INSTRUCTION_CHARS = 300.0
LABEL_TOKENS = 30.0
KEPT = {"neighbor": 1.0, "modified_instruction": 0.7}
"""Share of planned pairs that come out of the synthesis; 0.7 is what SmolLM2-135M managed, larger models do better."""
FURTHER_RESPONSES = {
    **dict.fromkeys(("neighbor", "degraded_text", "verbosity", "mutated_code", "unsafe_compliance", "over_refusal"), 0),
    **dict.fromkeys(("modified_instruction", "modified_instruction_in_one", "weaker_answer"), 1),
    "wrong_result": wrong_result.DRAWS,
}
"""Responses that a strategy asks for beside the baseline of its instruction, if it asks for that."""
PASSING = 0.9
"""Share of pairs that pass the quality check."""
RIGHT, ACCEPTED = 0.6, 0.9
"""Chance that a judgment names the chosen response, and share of examples for which one of the draws does."""
REWARDBENCH_CHARS = (237.0, 663.0)
"""Mean characters of a prompt and of a response, over the 2,985 pairs."""

Work = Literal["generator", "judge", "training"]


@dataclass(frozen=True, slots=True)
class StageLoad:
    """What a stage asks for. Tokens: read (prefill), written (decode), trained on."""

    stage: str
    model: Work
    prompts: float = 0.0
    tokens_in: float = 0.0
    tokens_out: float = 0.0
    tokens_trained: float = 0.0


@dataclass(frozen=True, slots=True)
class Workload:
    """All stages of a recipe, the number of training examples in the last iteration, and what had to be assumed."""

    loads: tuple[StageLoad, ...]
    examples: float
    assumptions: tuple[str, ...]


def workload(recipe: Recipe) -> Workload:
    """What `recipe` asks for, stage by stage. Raises UserError for a prompt or a data file that cannot be read."""
    said: list[str] = []
    iterations = [_iteration(recipe.at(0), said.append)]
    for n in range(1, recipe.iterations + 1):
        changes = n in recipe.from_iteration
        iterations.append(_iteration(recipe.at(n), said.append) if changes else iterations[-1])
    found: dict[str, StageLoad] = {}
    for stage in stages(recipe):
        name, now = stage.name, iterations[stage.iteration]
        if stage.kind == "select" and recipe.select.method == "llm":
            found[name] = _selection(recipe, now.instruction_chars)
        elif stage.kind == "synthesize":
            found[name] = replace(now.synthesis, stage=name)
        elif stage.kind == "check" and now.recipe.quality.check_labels.votes:
            votes, asked = now.recipe.quality.check_labels.votes, 2 * now.pairs
            found[name] = StageLoad(name, "judge", asked, asked * now.prompt, asked * votes * now.judgment)
        elif stage.kind == "annotate":
            rounds_asked, written = _draws(now.recipe)
            asked = now.examples * rounds_asked
            found[name] = StageLoad(name, "judge", asked, asked * now.prompt, now.examples * written * now.judgment)
        elif stage.kind == "train":
            training = _training(now.recipe, now.accepted, now.prompt + max(now.judgment, 4.0))
            found[name] = replace(training, stage=name)
        elif stage.kind == "score":
            found[name] = _score(recipe, stage, said.append)
    last = iterations[-1]
    trained = last.accepted * (1 - last.recipe.curate.validation_share)
    return Workload(tuple(found.values()), trained, tuple(dict.fromkeys(said)))


@dataclass(frozen=True, slots=True)
class _Iteration:
    """What comes of the pairs with the settings of one iteration. Lengths in tokens, but for the instructions'."""

    recipe: Recipe
    instruction_chars: float
    pairs: float
    synthesis: StageLoad
    prompt: float
    judgment: float
    examples: float
    accepted: float


def _iteration(recipe: Recipe, say: Callable[[str], None]) -> _Iteration:
    chars, shares = _instructions(recipe, say)
    pairs, synthesis = _synthesis(recipe, chars, shares, say)
    quality = recipe.quality
    passing = pairs * (PASSING if quality.filters or quality.dedupe is not None else 1.0)
    reply = _until_budget(RESPONSE_TOKENS, recipe.synthesize.max_tokens) * CHARS_PER_TOKEN
    prompt = _judge_prompt_tokens(recipe, chars, [reply])
    both = recipe.annotate.orders == "both"
    examples = passing * (2 if both else 1)
    accepted = examples * (ACCEPTED**2 if recipe.curate.both_orders and both else ACCEPTED)
    return _Iteration(recipe, chars, pairs, synthesis, prompt, _judgment_tokens(recipe), examples, accepted)


def _instructions(recipe: Recipe, say: Callable[[str], None]) -> tuple[float, MaterialShares]:
    """Mean characters of the instructions that are used, and what the strategies make of them."""
    select, synthesis = recipe.select, recipe.synthesize
    if select.source != BUILTIN and not Path(select.source).exists():
        say(f"'{select.source}' is not here: {select.limit} instructions of {INSTRUCTION_CHARS:.0f} characters assumed")
        if choosing := chooses(synthesis):
            say(f"'{select.source}' is not here: all of it taken to suit {', '.join(choosing)}, which is too much")
        return min(INSTRUCTION_CHARS, select.max_chars), material_shares(synthesis, None, select.limit, recipe.seed)
    if select.method == "sample":
        drawn = candidates(recipe)
    else:
        drawn = sample(load_instructions(select.source), select.limit, recipe.seed, select.max_chars)
    chars = fmean(len(one.text) for one in drawn) if drawn else 0.0
    return chars, material_shares(synthesis, drawn, len(drawn), recipe.seed)


def _selection(recipe: Recipe, instruction_chars: float) -> StageLoad:
    select = recipe.select
    number = select.candidates or 4 * select.limit
    read = _tokens(_text_chars(select.prompt, instruction="x") + instruction_chars)
    return StageLoad(
        "select", "generator", number, number * read, number * _until_budget(LABEL_TOKENS, select.max_tokens)
    )


def _synthesis(
    recipe: Recipe, chars: float, shares: MaterialShares, say: Callable[[str], None]
) -> tuple[float, StageLoad]:
    """(pairs that come out, the load): baseline responses are written once for each instruction that needs one."""
    settings = recipe.synthesize
    response = _until_budget(RESPONSE_TOKENS, settings.max_tokens)
    request = _until_budget(REQUEST_TOKENS, settings.modify_max_tokens)
    ask = _tokens(_text_chars(settings.respond_prompt, instruction="x") + chars)
    made, baselines = 0.0, float(shares.baselines)
    prompts = read = written = 0.0
    for name in settings.strategies:
        number = float(shares.own[name])
        every = GENERATED_OF_BUILT_IN.get(settings.material.get(name, "auto"))
        generated = -(-shares.built_in[name] // every) if every else 0  # an instruction of its own for each
        number += generated
        baselines += 0 if name in WITHOUT_BASELINE else generated
        made += shares.built_in[name] - generated  # come with their responses
        made += number * KEPT.get(name, 0.9)
        if name == "modified_instruction_in_one":
            template = _text_chars(settings.modify_and_answer_prompt, instruction="x", response="x")
            prompts += number
            read += number * (_tokens(template + chars) + response)
            written += number * (request + response)
            continue
        if name == "modified_instruction":
            template = _text_chars(settings.modify_prompt, instruction="x", response="x")
            shown = response if _sees_response(settings.modify_prompt) else 0.0
            prompts += number
            read += number * (_tokens(template + chars) + shown)
            written += number * request
            number *= KEPT[name]
        further = FURTHER_RESPONSES.get(name)
        if further is None:
            say(f"strategy '{name}': one further response a pair assumed")
            further = 1
        asked = number if further else 0.0  # draws of one request share its prompt
        prompts, read, written = prompts + asked, read + asked * ask, written + number * further * response
    prompts, read, written = prompts + baselines, read + baselines * ask, written + baselines * response
    return made, StageLoad("synthesize", "generator", prompts, read, written)


def _draws(recipe: Recipe) -> tuple[float, float]:
    """(prompts, judgments) asked for an example on average, when each judgment is right with chance RIGHT.

    A share of 1 - ACCEPTED of the examples is taken to use up all draws.
    """
    asked = written = 0.0
    left = 1.0
    sizes = list(rounds(recipe.annotate.draws, recipe.annotate.first_round))
    for size in sizes:
        asked += left
        written += left * size
        left *= (1 - RIGHT) ** size
    whole = len(sizes), recipe.annotate.draws
    return ACCEPTED * asked + (1 - ACCEPTED) * whole[0], ACCEPTED * written + (1 - ACCEPTED) * whole[1]


def _training(recipe: Recipe, rows: float, length: float) -> StageLoad:
    settings, share = recipe.train, recipe.curate.validation_share
    steps = math.ceil(settings.epochs * rows * (1 - share) / settings.batch_size)
    steps = min(steps, settings.max_steps) if settings.max_steps is not None else steps
    per_epoch = max(1.0, rows * (1 - share) / settings.batch_size)
    evaluations = 1 + steps / (settings.evaluate_every or per_epoch) if share else 0
    length = min(length, settings.max_length)
    return StageLoad(
        "train",
        "training",
        tokens_in=evaluations * rows * share * length,
        tokens_trained=steps * settings.batch_size * length,
    )


def _score(recipe: Recipe, stage: Stage, say: Callable[[str], None]) -> StageLoad:
    benchmark = next(one for one in recipe.score if one.name == stage.benchmark)
    number, prompt_chars, reply_chars = _benchmark(benchmark, say)
    asked = number * (2 if benchmark.order == "both" else 1)
    prompt = _judge_prompt_tokens(recipe, prompt_chars, reply_chars)
    votes = 1 if benchmark.votes == 1 else 0.75 * benchmark.votes  # a vote stops when it is decided, if not before
    return StageLoad(stage.name, "judge", asked, asked * prompt, asked * votes * _judgment_tokens(recipe))


def _benchmark(benchmark: BenchmarkRecipe, say: Callable[[str], None]) -> tuple[int, float, list[float]]:
    """(pairs, mean characters of a prompt, characters of responses)."""
    source, limit = benchmark.dataset, benchmark.limit_per_subset
    if source == "hub" or (source != "builtin" and not Path(source).expanduser().exists()):
        name = benchmark.benchmark.name
        say(f"'{source}': the published size of {name} and RewardBench's mean lengths assumed")
        number = hub_pairs(benchmark)
        if number is None:
            raise UserError(f"'{source}': is not there, so its size is unknown; name a file that can be read")
        return number, REWARDBENCH_CHARS[0], [REWARDBENCH_CHARS[1]]
    pairs = benchmark.load(subsets=benchmark.subsets, limit_per_subset=limit, seed=benchmark.seed)
    replies = [float(len(reply)) for pair in pairs for reply in (*pair.chosen, *pair.rejected)]
    return len(pairs), fmean(len(pair.prompt_text) for pair in pairs), replies


def _judge_prompt_tokens(recipe: Recipe, prompt_chars: float, reply_chars: Iterable[float]) -> float:
    settings = recipe.judge_settings(annotating=True)
    limit = recipe.judge.max_response_chars
    reply = fmean(min(chars, limit) if limit is not None else chars for chars in reply_chars)
    return _tokens(_judge_template_chars(settings) + prompt_chars + 2 * reply)


def _judge_template_chars(settings: JudgeSettings) -> int:
    turns = settings.prompt.turns
    empty = Pair("-", tuple(Message("user", "-") for _ in range(turns)), ("-",) * turns, ("-",) * turns)
    return sum(len(message.content) for message in fitted_messages(empty, "chosen_first", settings)[0])


def _judgment_tokens(recipe: Recipe) -> float:
    """Tokens written for one judgment. A verdict alone is chosen from the prefill's probabilities: nothing is."""
    judge = recipe.judge
    if judge.max_tokens == 0:
        return 0.0
    wanted = REASONING_TOKENS if JudgePrompt.load(judge.prompt).reasoning else 6.0
    return _until_budget(wanted, judge.max_tokens)


def _until_budget(mean: float, budget: int) -> float:
    """Mean tokens of texts with exponential lengths that are cut off at `budget`."""
    return mean * (1 - math.exp(-budget / mean))


def _tokens(chars: float) -> float:
    return TEMPLATE_TOKENS + chars / CHARS_PER_TOKEN


def _text_chars(prompt: str, **fields: str) -> int:
    return sum(len(message.content) for message in TextPrompt.load(prompt).render(**fields))


def _sees_response(prompt: str) -> bool:
    """Whether the prompt shows the baseline response."""
    text = TextPrompt.load(prompt)
    return text.render(instruction="x", response="a") != text.render(instruction="x", response="b")
