"""Every prompt is in its tree whole, and what prompts start with is there once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ste_plugin.engine.prompt_tree import SHORTEST_COMMON, PromptTree, common_start

PIECES = st.lists(st.integers(0, 1), min_size=1, max_size=2 * SHORTEST_COMMON)
PROMPT_SETS = st.lists(PIECES, min_size=1, max_size=3).flatmap(
    lambda starts: st.lists(
        st.builds(lambda a, b: a + b, st.sampled_from([[], *starts]), PIECES), min_size=1, max_size=8
    )
)


@given(PROMPT_SETS)
def test_every_prompt_is_there_whole(prompts: list[list[int]]) -> None:
    tree = PromptTree.of(prompts)
    for prompt, spans in zip(prompts, tree.spans, strict=True):
        places = [place for start, end in spans for place in range(start, end)]
        assert [tree.tokens[place] for place in places] == prompt
        assert [tree.positions[place] for place in places] == list(range(len(prompt)))
    assert len({spans[-1][1] for spans in tree.spans}) == len(prompts), "each has its last token for itself"


@given(PROMPT_SETS)
def test_segments_cover_the_tokens_and_see_what_is_before_them(prompts: list[list[int]]) -> None:
    tree = PromptTree.of(prompts)
    assert [segment.start for segment in tree.segments] == [0, *(segment.end for segment in tree.segments[:-1])]
    assert tree.segments[-1].end == len(tree.tokens) == len(tree.positions)
    for segment in tree.segments:
        seen = [place for start, end in segment.before for place in range(start, end)]
        assert len(seen) == tree.positions[segment.start]
        assert all(place < segment.start for place in seen)
    assert len(tree.tokens) <= sum(map(len, prompts))


def test_two_levels() -> None:
    everybody = [0] * SHORTEST_COMMON
    questions = [[number] * SHORTEST_COMMON for number in (1, 2)]
    prompts = [[*everybody, *question, *answers] for question in questions for answers in ([3, 4], [4, 3, 3])]
    tree = PromptTree.of(prompts)
    assert len(tree.tokens) == 3 * SHORTEST_COMMON + 2 + 3 + 2 + 3
    assert len(tree.segments) == 7


def test_equal_prompts_share_all_but_the_last_token() -> None:
    assert len(PromptTree.of([[5] * 40] * 3).tokens) == 39 + 3


def test_short_starts_are_read_again() -> None:
    prompts = [[1] * (SHORTEST_COMMON - 1) + [2], [1] * (SHORTEST_COMMON - 1) + [3]]
    assert len(PromptTree.of(prompts).tokens) == 2 * SHORTEST_COMMON


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=2, max_size=5))
def test_common_start(prompts: list[list[int]]) -> None:
    common = common_start(prompts)
    assert all(prompt[:common] == prompts[0][:common] and len(prompt) > common for prompt in prompts)
    longer = common + 1
    assert len({tuple(prompt[:longer]) for prompt in prompts}) > 1 or any(len(p) <= longer for p in prompts)
