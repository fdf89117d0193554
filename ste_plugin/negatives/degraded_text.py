"""The baseline response against a version of it that was made worse."""

from __future__ import annotations

from ste_plugin.draws import Draws
from ste_plugin.instructions import Instruction
from ste_plugin.model_request import Steps, derive_seed
from ste_plugin.negatives.constraints import Constraint, constraints
from ste_plugin.negatives.degradations import DEGRADATIONS
from ste_plugin.negatives.strategy import Dropped, SynthesisContext, make_pair, response_text
from ste_plugin.pairs import Pair

CONSTRAINT = "constraint dropped"


class DegradedText:
    """Rejected: the baseline response cut off, repeating itself, with its sentences shuffled, with numbers or facts
    exchanged, or a response to the instruction without one of its constraints, which it breaks and the baseline keeps.
    """

    name = "degraded_text"
    why = (
        "The rejected response is the chosen one with a part missing, repeated, out of order or made false, or breaks "
        "a constraint that the chosen one keeps."
    )
    shortcuts = (
        "A text that is cut off is shorter; one that repeats itself shows it without the instruction. Whether a "
        "sentence is true after a change is not checked: an exchanged name, or a number that was a mere example, "
        "may do no harm."
    )

    def synthesize(self, instruction: Instruction, context: SynthesisContext) -> Steps[Pair | Dropped]:
        """The baseline response; for a dropped constraint a second one. Seed and id of the instruction decide."""
        chosen = yield from context.baseline(instruction)
        if isinstance(chosen, Dropped):
            return chosen
        draws = Draws(derive_seed(context.seed, self.name, instruction.id))
        constraint = a_constraint(instruction.text, chosen, draws)
        for way in draws.shuffled([*DEGRADATIONS, CONSTRAINT] if constraint else list(DEGRADATIONS)):
            if way == CONSTRAINT and constraint is not None:
                messages = context.respond.render(instruction=constraint.without(instruction.text))
                answers = yield context.request(messages, context.max_tokens, "without constraint", instruction.id)
                if answers.too_long:
                    return Dropped("prompt_too_long")
                loose = response_text(answers.answers[0])
                rejected: str | None = loose if constraint.broken(loose) else None
            else:
                rejected = DEGRADATIONS[way](chosen, draws)
            if rejected and rejected != chosen:
                return make_pair(instruction, self.name, chosen, rejected, degradation=way)
        return Dropped("nothing_to_degrade")


def a_constraint(instruction: str, response: str, draws: Draws) -> Constraint | None:
    """One that can be checked, that `response` keeps, and without which an instruction is left; None: there is none."""
    found = [one for one in constraints(instruction) if one.kept(response)]
    constraint = draws.pick(found) if found else None
    return constraint if constraint and len(constraint.without(instruction).split()) >= 3 else None
