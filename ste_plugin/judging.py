"""How one pair is put before a judge: the request, its verdict, the vote, and what becomes of over-long pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from ste_plugin.errors import UserError
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.model_request import Answer, ForcedVerdict, ModelAnswers, ModelRequest, Steps, derive_seed
from ste_plugin.pairs import Message, Order, Pair
from ste_plugin.verdicts import Verdict
from ste_plugin.votes import MajorityVote

Overlong = Literal["unparsed", "skip", "shorten"]
OVERLONG: tuple[Overlong, ...] = get_args(Overlong)
SHORTEST_RESPONSE = 80
"""Characters below which a response is not shortened further."""

TOO_LONG = "prompt_too_long"


def judge_sampling(votes: int, temperature: float | None, top_p: float | None) -> tuple[float, float]:
    """(temperature, top-p) of a judgment: as given, else greedy for one vote, the paper's 0.7 and 0.9 for several."""
    several = votes != 1
    return (
        (0.7 if several else 0.0) if temperature is None else temperature,
        (0.9 if several else 1.0) if top_p is None else top_p,
    )


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """How a judge is asked.

    Attributes:
        prompt: wording and parser.
        max_tokens: budget of one judgment, reasoning and verdict, in tokens, >= 1; with `force_verdict` it may
            be 0 (verdict alone).
        temperature, top_p: sampling, >= 0 and in (0, 1]; temperature 0 is greedy.
        votes: judgments a verdict is the majority of, >= 1.
        flip_bound: [0, 1): a vote stops when its outcome would change with at most this chance; 0: when it cannot.
        force_verdict: write the verdict's opening for a judge that ends without one (`ste/`, `vllm/`).
        seed: of all draws, together with the pair's id and order.
        max_response_chars: longer responses are cut in their middle (>= 80), None: never.
        overlong: what becomes of a pair that does not fit the judge's context: an unparsed verdict, left out
            of the scores, or responses shortened in their middle until it fits. Each is counted.
    """

    prompt: JudgePrompt
    max_tokens: int = 1024
    temperature: float = 0.0
    top_p: float = 1.0
    votes: int = 1
    force_verdict: bool = False
    seed: int = 0
    max_response_chars: int | None = None
    overlong: Overlong = "unparsed"
    flip_bound: float = 0.0

    def __post_init__(self) -> None:
        """Raises UserError for values out of range."""
        if self.votes < 1:
            raise UserError(f"votes should be at least 1, is {self.votes}")
        if self.votes > 1 and self.temperature == 0:
            raise UserError(f"{self.votes} votes at temperature 0 are all the same; set a temperature, e.g. 0.7")
        if not 0 <= self.flip_bound < 1:
            raise UserError(f"flip_bound should be at least 0 and below 1, is {self.flip_bound}")
        if self.overlong not in OVERLONG:
            raise UserError(f"overlong should be one of {', '.join(OVERLONG)}, is {self.overlong!r}")
        if not self.temperature >= 0:  # a nan, too, is refused
            raise UserError(f"temperature should be at least 0, is {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise UserError(f"top_p should be above 0 and at most 1, is {self.top_p}")
        if self.max_tokens < 0:
            raise UserError(f"max_tokens should be at least 0, is {self.max_tokens}")
        if self.max_tokens == 0 and not self.force_verdict:
            raise UserError("max_tokens should be at least 1 unless the verdict is forced")
        if self.force_verdict and not self.prompt.label_texts:
            format = self.prompt.verdict_format.name
            raise UserError(f"a verdict of the format '{format}' cannot be forced; leave force_verdict out")
        if self.max_response_chars is not None and self.max_response_chars < SHORTEST_RESPONSE:
            raise UserError(f"max_response_chars should be at least {SHORTEST_RESPONSE}, is {self.max_response_chars}")

    @property
    def forced(self) -> ForcedVerdict | None:
        """The forced verdict of these settings, if there is one."""
        if not self.force_verdict:
            return None
        prompt = self.prompt
        return ForcedVerdict(prompt.opening, prompt.closing, prompt.label_texts, prompt.verdict_format.complete)

    def request(self, messages: tuple[Message, ...], draws: int, seed: int, quoted: Sequence[str] = ()) -> ModelRequest:
        """The request for `draws` judgments; verdicts in quotations of `quoted` are not the judge's."""
        forced = self.forced
        if forced is not None:  # few responses hold a verdict, and the messages hold all of them already
            pattern = self.prompt.verdict_format.pattern
            forced = replace(forced, quoted=tuple(text for text in quoted if pattern.search(text)))
        return ModelRequest(
            messages,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            seed=seed,
            draws=draws,
            forced=forced,
        )


@dataclass(frozen=True, slots=True)
class Judgment:
    """One judge answer: its text (reasoning and verdict) and the verdict read from it."""

    text: str
    verdict: Verdict
    forced: bool
    tokens: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge made of one pair in one order.

    `messages` is the prompt as it was asked. `shortened` says that the responses were cut to fit or by
    `max_response_chars`, `overlong` that the prompt did not fit. `prompt_tokens` counts every prefill.
    """

    order: Order
    verdict: Verdict
    judgments: tuple[Judgment, ...]
    messages: tuple[Message, ...]
    shortened: bool = False
    overlong: bool = False
    prompt_tokens: int = 0

    @property
    def forced(self) -> bool:
        """Whether a judgment's verdict had to be forced."""
        return any(judgment.forced for judgment in self.judgments)

    @property
    def tokens(self) -> int:
        """Tokens generated."""
        return sum(judgment.tokens for judgment in self.judgments)


def read_judgment(answer: Answer, pair: Pair, prompt: JudgePrompt) -> Judgment:
    """The judgment in a judge's answer. Verdicts inside quoted candidate text do not count."""
    verdict = prompt.parse(answer.text, truncated=answer.stop_reason == "length", quoted=candidates(pair))
    return Judgment(answer.text, verdict, answer.forced, answer.tokens)


def candidates(pair: Pair) -> tuple[str, ...]:
    """All responses of `pair` in the compared turns."""
    return (*pair.chosen, *pair.rejected)


def judge(pair: Pair, order: Order, settings: JudgeSettings) -> Steps[Judged]:
    """Judge `pair` in `order`: one judgment, or a majority vote that stops when it is decided."""
    messages, shortened, limit = fitted_messages(pair, order, settings)
    vote = MajorityVote(settings.votes, settings.flip_bound)
    judgments: list[Judgment] = []
    prompt_tokens = 0
    while not vote.decided:
        seed = derive_seed(settings.seed, pair.id, order, len(judgments))
        answers = yield settings.request(messages, vote.needed, seed, candidates(pair))
        if answers.too_long:
            shorter = shorter_limit(pair, limit, answers) if settings.overlong == "shorten" else None
            if shorter is None:
                verdict = Verdict("UNPARSED", TOO_LONG)
                return Judged(order, verdict, (), messages, shortened, True, prompt_tokens)
            messages, shortened, limit = fitted_messages(pair, order, settings, shorter)
            continue
        prompt_tokens += answers.prompt_tokens
        for answer in answers.answers:
            judgments.append(read_judgment(answer, pair, settings.prompt))
            vote.add(judgments[-1].verdict)
    verdict = judgments[0].verdict if settings.votes == 1 else vote.verdict
    return Judged(order, verdict, tuple(judgments), messages, shortened, False, prompt_tokens)


def fitted_messages(
    pair: Pair, order: Order, settings: JudgeSettings, limit: int | None = None
) -> tuple[tuple[Message, ...], bool, int | None]:
    """(messages, whether a response is cut, characters a response may have) for the stricter of both limits."""
    limits = [chars for chars in (limit, settings.max_response_chars) if chars is not None]
    chars = min(limits) if limits else None
    messages = settings.prompt.render(pair, order, max_response_chars=chars)
    return messages, chars is not None and longest_response(pair) > chars, chars


def longest_response(pair: Pair) -> int:
    """Characters of the longest reply in `pair`."""
    return max(len(reply) for reply in (*pair.chosen, *pair.rejected))


def shorter_limit(pair: Pair, limit: int | None, answers: ModelAnswers) -> int | None:
    """The next limit in characters a response for a prompt that did not fit; None when it cannot be cut further.

    Cuts at least a tenth more than the overshoot suggests, so that few attempts are needed, but never below
    `SHORTEST_RESPONSE`: what else is in the prompt may be most of the overshoot.
    """
    assert answers.limit is not None
    current = min(longest_response(pair), limit if limit is not None else longest_response(pair))
    if current <= SHORTEST_RESPONSE:
        return None
    return max(int(current * min(answers.limit / answers.prompt_tokens, 1.0) * 0.9), SHORTEST_RESPONSE)
