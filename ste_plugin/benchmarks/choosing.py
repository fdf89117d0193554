"""Which pairs of a benchmark are judged: some of its subsets, a sample of each; and which of them cannot be judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from hashlib import blake2b

from ste_plugin.errors import UserError
from ste_plugin.pairs import Pair


def choose(
    pairs: Sequence[Pair],
    source: str,
    sections: Mapping[str, Sequence[str]],
    *,
    subsets: str | Sequence[str] | None = None,
    limit_per_subset: int | None = None,
    seed: int = 0,
    unit: Callable[[Pair], str] = lambda pair: pair.id,
) -> list[Pair]:
    """The pairs that are judged, in the order of their source, those that cannot be judged marked.

    Args:
        source: what the pairs were read from; opens error messages.
        sections: subsets by section.
        subsets: names of subsets or sections to keep, as a list or separated by commas; all if None.
        limit_per_subset: keep at most so many pairs of each subset: a sample that `seed` and the ids alone
            decide, whatever the order of the rows.
        unit: what the sample is drawn of and the limit counts, where pairs belong together.

    A pair whose responses are identical or blank is kept and has "degenerate": true in its meta; count such
    pairs with `degenerate_count`.

    Raises:
        UserError: a subset is unknown, the limit is below 1, or there is no pair.
    """
    if limit_per_subset is not None and limit_per_subset < 1:
        raise UserError(f"limit_per_subset is {limit_per_subset}; give 1 or more, or leave it out for all pairs")
    if not pairs:
        raise UserError(f"{source}: holds no pairs; give a file with one pair a line")
    if subsets is not None:
        wanted = resolve_subsets(subsets, {pair.subset for pair in pairs}, sections, source)
        pairs = [pair for pair in pairs if pair.subset in wanted]
    if limit_per_subset is not None:
        pairs = _sample(pairs, limit_per_subset, seed, unit)
    return [_mark_degenerate(pair) for pair in pairs]


def degenerate_count(pairs: Iterable[Pair]) -> int:
    """How many pairs cannot be judged, because their responses are identical or blank."""
    return sum(bool(pair.meta.get("degenerate")) for pair in pairs)


def resolve_subsets(
    subsets: str | Sequence[str], present: set[str], sections: Mapping[str, Sequence[str]], source: str
) -> set[str]:
    """The subsets of `present` meant by names of subsets or of sections. Raises UserError: there is no such name."""
    given = subsets.split(",") if isinstance(subsets, str) else subsets
    names = [name.strip() for name in map(str, given) if name.strip()]
    if not names:
        raise UserError("'subsets' is empty; leave it out for all of them")
    members_present = {section: present.intersection(members) for section, members in sections.items()}
    choices = {section: members for section, members in members_present.items() if members}
    choices.update({name: {name} for name in present if name})
    if not choices:
        raise UserError(f"{source}: no pair names a subset, so none can be chosen; leave 'subsets' out")
    wanted: set[str] = set()
    for name in names:
        if name not in choices:
            spelled = {choice.casefold(): choice for choice in choices}
            near = [spelled[match] for match in get_close_matches(name.casefold(), spelled, n=3)]
            hint = f"did you mean {' or '.join(near)}?" if near else f"choose from {', '.join(sorted(choices))}"
            raise UserError(f"{source}: no subset or section '{name}'; {hint}")
        wanted |= choices[name]
    return wanted


def _sample(pairs: Sequence[Pair], limit: int, seed: int, unit: Callable[[Pair], str]) -> list[Pair]:
    """The pairs of the `limit` units of each subset whose names have the lowest hashes."""

    def rank(name: str) -> bytes:
        # Its own `person`: the placement hashes the same seed and id, and must not follow the sample.
        text = f"{seed}\0{name}".encode("utf-8", "surrogatepass")
        return blake2b(text, digest_size=16, person=b"ste-sample").digest()

    by_subset: dict[str, set[str]] = {}
    for pair in pairs:
        by_subset.setdefault(pair.subset, set()).add(unit(pair))
    kept = {subset: set(sorted(units, key=rank)[:limit]) for subset, units in by_subset.items()}
    return [pair for pair in pairs if unit(pair) in kept[pair.subset]]


def _mark_degenerate(pair: Pair) -> Pair:
    replies = (*pair.chosen, *pair.rejected)
    if pair.chosen == pair.rejected or not all(reply.strip() for reply in replies):
        return replace(pair, meta={**pair.meta, "degenerate": True})
    return pair
