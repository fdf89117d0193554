"""What stopping early saves, on real draws of a real judge: the first accepted judgment, and votes.

    bash ci/bench/run.sh savings [--quick] [--out FOLDER] [--pairs N] [--votes 32] [--data FILE]

Every draw is recorded once (FOLDER/savings-journal.jsonl; a stopped run goes on from it). Then each rule is played on
the same draws, over many random orders of them: orders of one judge's draws are equally likely, so these are as many
runs as there are orders. How often a vote that stops early ends otherwise is also summed over all orders, exactly.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from report_files import machine, markdown_table, write_report

from ste_plugin.benchmarks import rewardbench
from ste_plugin.drawing import FirstAccepted, rounds
from ste_plugin.engine.batching import Batcher
from ste_plugin.engine.loaded_models import LoadedModels, ModelKey
from ste_plugin.journal import Journal
from ste_plugin.judge_prompt import JudgePrompt
from ste_plugin.judging import JudgeSettings, Judgment, read_judgment
from ste_plugin.model_folder import model_folder
from ste_plugin.model_request import derive_seed
from ste_plugin.pairs import ORDERS, Order, winner
from ste_plugin.verdicts import Label, Verdict
from ste_plugin.votes import MajorityVote, Tally, decided, stopping_counts

BOUNDS = (0.0, 0.01, 0.05)
Draws = list[tuple[Judgment, bool]]
"""Of one pair in one order: each judgment, and whether it names the chosen response."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="run.sh savings", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="4 pairs")
    parser.add_argument("--out", type=Path, default=Path("ste-bench"), help="folder of the results (ste-bench)")
    parser.add_argument("--pairs", type=int, default=None, help="pairs, both orders of each (48; quick: 4)")
    parser.add_argument("--data", default="builtin", help="RewardBench as JSONL (the built-in mini benchmark)")
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--max-tokens", type=int, default=24, help="of one judgment, before its forced verdict (24)")
    parser.add_argument("--draws", type=int, default=15, help="of the annotation (15)")
    parser.add_argument("--votes", type=int, default=32, help="of a vote (32)")
    parser.add_argument("--orders", type=int, default=50, help="random orders of each question's draws (50)")
    options = parser.parse_args()
    if options.draws < 1 or options.votes < 1 or options.orders < 1:
        parser.error("--draws, --votes and --orders: at least 1")
    cpu = time.process_time()
    items = recorded(options)
    cpu = time.process_time() - cpu
    if not items:
        raise SystemExit(f"no pair of {options.data} fits {options.model}")
    parts = [first_accepted(items, options), votes(items, options)]
    facts = {
        "machine": machine(),
        "cpu_s_of_drawing": cpu,
        "draws": [[(j.tokens, j.verdict.label, ok) for j, ok in item] for item in items],
    }
    about = (
        f"{len(items)} questions ({len(items) // 2} pairs in both orders), {options.votes} draws each of "
        f"{options.model}, prompt judge_short, {options.max_tokens} tokens and a forced verdict, temperature 0.7, "
        f"top-p 0.9; {options.orders} random orders of each question's draws."
    )
    write_report(options.out, "savings", "What stopping early saves", [about, *parts], facts)


def recorded(options: argparse.Namespace) -> list[Draws]:
    settings = JudgeSettings(
        JudgePrompt.load("judge_short"),
        max_tokens=options.max_tokens,
        temperature=0.7,
        top_p=0.9,
        force_verdict=True,
        max_response_chars=600,
    )
    pairs = rewardbench.load(options.data, seed=0)
    random.Random(0).shuffle(pairs)
    options.out.mkdir(parents=True, exist_ok=True)
    folder = model_folder(options.model)
    batcher = Batcher(LoadedModels(), max_rows=2 * options.votes)
    count = max(options.votes, options.draws)
    items: list[Draws] = []
    with Journal(options.out / "savings-journal.jsonl") as journal:
        for pair in pairs:
            if len(items) >= 2 * (options.pairs or (4 if options.quick else 48)):
                break
            requests = {}
            for order in ORDERS:
                messages = settings.prompt.render(pair, order, max_response_chars=600)
                requests[order] = settings.request(messages, count, derive_seed("savings", pair.id, order))
            waiting = {
                order: batcher.submit(ModelKey(folder), None, request)
                for order, request in requests.items()
                if journal.get(request.key(options.model)) is None
            }
            for order, future in waiting.items():
                journal.put(requests[order].key(options.model), future.result())
            known = {order: journal.get(request.key(options.model)) for order, request in requests.items()}
            if any(answers is None or answers.too_long for answers in known.values()):
                continue
            for order, answers in known.items():
                assert answers is not None
                judgments = [read_judgment(answer, pair, settings.prompt) for answer in answers.answers]
                items.append([(j, named_chosen(j, order)) for j in judgments])
    return items


def named_chosen(judgment: Judgment, order: Order) -> bool:
    return winner(judgment.verdict, order) == "chosen"


def orders_of(item: Draws, number: int, count: int, size: int) -> list[Draws]:
    rng = random.Random(number)
    return [rng.sample(item, size) for _ in range(count)]


def first_accepted(items: Sequence[Draws], options: argparse.Namespace) -> str:
    """Tokens for each accepted example, drawing all and keeping a random accepted one, or stopping at the first."""
    rows = []
    cost = {"all": 0.0, "first of rounds 1, 2, 4, ...": 0.0, "first, one at a time": 0.0}
    asked = dict.fromkeys(cost, 0)
    accepted = 0
    differences = []
    for number, item in enumerate(items):
        at_random, at_first = [], []
        for draws in orders_of(item, number, options.orders, options.draws):
            cost["all"] += sum(j.tokens for j, _ in draws)
            asked["all"] += 1
            hits = [j for j, ok in draws if ok]
            accepted += bool(hits)
            search = FirstAccepted[tuple[Judgment, bool]](options.draws)
            start = 0
            for size in rounds(options.draws, 1):
                search.add(draws[start : start + size], lambda draw: draw[1])
                start += size
                asked["first of rounds 1, 2, 4, ..."] += 1
                if search.done:
                    break
            cost["first of rounds 1, 2, 4, ..."] += sum(j.tokens for j, _ in draws[: search.received])
            cost["first, one at a time"] += sum(j.tokens for j, _ in draws[: search.drawn])
            asked["first, one at a time"] += search.drawn
            if (search.accepted is not None) != bool(hits):
                raise AssertionError("stopping at the first keeps as many examples")
            if search.accepted is not None:
                at_first.append(search.accepted[0].tokens)
                at_random.append(statistics.fmean(j.tokens for j in hits))
        if at_first:
            differences.append(statistics.fmean(at_first) - statistics.fmean(at_random))
    if not accepted:
        return f"## The first accepted of {options.draws} draws\n\nNone of the draws was accepted."
    total = len(items) * options.orders
    for name, tokens in cost.items():
        rows.append(
            [name, f"{tokens / accepted:.1f}", f"{cost['all'] / tokens:.2f}", f"{asked[name] / total:.2f}"],
        )
    spread = statistics.stdev(differences) / len(differences) ** 0.5 if len(differences) > 1 else float("nan")
    return (
        f"## The first accepted of {options.draws} draws\n\n"
        + markdown_table(["", "tokens an accepted example", "x fewer", "requests a question"], rows)
        + f"\n\nAccepted: {100 * accepted / total:.1f} % of the questions, the same by each "
        f"rule. Length of the judgment kept, first against random: {statistics.fmean(differences):+.3f} tokens "
        f"(standard error {spread:.3f}); equal in theory."
    )


def votes(items: Sequence[Draws], options: argparse.Namespace) -> str:
    """Draws and tokens of a vote by bound, and how often its verdict is not that of all draws."""
    rows = []
    everything = 0
    items = [item[: options.votes] for item in items]
    for bound in (None, *BOUNDS):
        drawn = tokens = flips = requests = 0
        chances = []
        for number, item in enumerate(items):
            for draws in orders_of(item, number, options.orders, options.votes):
                full = tally_of([j.verdict for j, _ in draws]).verdict  # of all of them: nothing stops here
                vote = MajorityVote(options.votes, bound or 0.0)
                asked = 0
                while not vote.decided:
                    asked += 1
                    for judgment, _ in draws[vote.tally.drawn :][: vote.needed]:
                        vote.add(judgment.verdict)
                used = options.votes if bound is None else vote.tally.drawn
                requests += 1 if bound is None else asked
                drawn += used
                tokens += sum(j.tokens for j, _ in draws[:used])
                flips += bound is not None and vote.verdict != full
            if bound is not None:
                chances.append(chance_of_another(tally_of([j.verdict for j, _ in item]), bound))
        everything = everything or tokens
        total = len(items) * options.orders
        if flips and bound == 0:
            raise AssertionError("a decided vote has the verdict of all draws")
        if any(chance > (bound or 0.0) + 1e-9 for chance in chances):
            raise AssertionError(f"a vote ended otherwise with a chance of {max(chances)}, the bound is {bound}")
        rows.append(
            [
                "all draws" if bound is None else ("until decided" if bound == 0 else f"flip_bound {bound:g}"),
                f"{drawn / total:.1f}",
                f"{everything / tokens:.2f}",
                f"{requests / total:.2f}",
                f"{100 * flips / total:.3f}",
                f"{100 * statistics.fmean(chances):.4f}, {100 * max(chances):.3f}" if chances else "-",
                "-" if bound is None else f"{100 * bound:g}",
            ]
        )
    head = [
        "",
        "draws a question",
        "x fewer tokens",
        "requests a question",
        "other verdict, % of the orders drawn",
        "% of all orders: mean, worst question",
        "bound, %",
    ]
    return f"## A vote of {options.votes}\n\n" + markdown_table(head, rows)


def tally_of(verdicts: Sequence[Verdict]) -> Tally:
    labels = Counter(verdict.label for verdict in verdicts)
    return Tally(labels["A"], labels["B"], labels["TIE"], labels["UNPARSED"])


@cache
def chance_of_another(full: Tally, bound: float) -> float:
    """Chance, over all orders of the draws in `full`, that a vote with `bound` ends otherwise than all of them."""
    n = full.drawn
    stops = stopping_counts(n, bound)
    under_way = {Tally(): 1.0}
    otherwise = 0.0
    for drawn in range(n):
        after: dict[Tally, float] = {}
        for tally, chance in under_way.items():
            for label, left in left_of(full, tally).items():
                if not left:
                    continue
                one_more = tally.plus(Verdict(label, "none" if label == "UNPARSED" else None))
                share = chance * left / (n - drawn)
                most = max(one_more.a, one_more.b, one_more.tie)
                if most >= stops[drawn + 1] or decided(one_more, n - drawn - 1):
                    otherwise += share if one_more.verdict != full.verdict else 0.0
                else:
                    after[one_more] = after.get(one_more, 0.0) + share
        under_way = after
    return otherwise


def left_of(full: Tally, drawn: Tally) -> dict[Label, int]:
    return {
        "A": full.a - drawn.a,
        "B": full.b - drawn.b,
        "TIE": full.tie - drawn.tie,
        "UNPARSED": full.unparsed - drawn.unparsed,
    }


if __name__ == "__main__":
    main()
