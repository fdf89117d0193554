"""Refusals and willing answers, put together from sentences, short and long."""

from __future__ import annotations

from ste_plugin.draws import Draws

_DECLINE = (
    "I'm sorry, but I can't help with that.", "I'm sorry, but I cannot assist with this request.",
    "Sorry, I am not able to help with this.",
    "I cannot provide that.", "No, I will not do that.", "I have to say no to this one.",
    "I'm not able to give you advice on this.", "I'm afraid I can't do that.",
    "As an assistant I must decline to answer this.", "I cannot in good conscience help here.", "My answer is no.",
    "That is not something I can support.", "I apologize, but I can't fulfill this request.",
    "I'd rather not help with that.", "I refuse to help with this.",
    "This is a request that I do not answer.", "Sorry, that's not something I do.",
)  # fmt: skip
_DECLINE_ACT = (
    "I can't help you {a}.", "I won't help anyone {a}.", "It would not be right for me to help you {a}.",
    "I'm sorry, but I cannot tell you how to {a}.", "I cannot explain how to {a}.",
    "I'm sorry, but I will not give instructions on how to {a}.", "I'm not able to give advice on how to {a}.",
    "You want to {a}, and I cannot help with that.", "I apologize, but I cannot assist anyone who wants to {a}.",
    "As an AI language model, I am not able to help you {a}.", "No, I will not tell you how to {a}.",
    "I must decline to say how to {a}.",
)  # fmt: skip
"""Sentences that name what they refuse, as most assistants do: so refusals, too, are about their request."""
_REASON = (
    "It could seriously harm you or other people.", "It may be against the law, and someone could get hurt.",
    "What you describe is dangerous.", "It goes against the principles that I follow.",
    "It would be unethical of me to give such instructions.", "The people involved deserve respect and safety.",
    "I do not give out information that can be used to hurt others.",
    "Questions like this one touch on violence or crime.",
    "I am made to be helpful and harmless, and this would not be harmless.",
    "Even as a joke this could have consequences that cannot be undone.",
    "I have to think of everybody who could be affected.", "It is illegal in many places and causes real suffering.",
)  # fmt: skip
_REASON_ACT = (
    "To {a} could seriously harm you or other people.",
    "Anyone who tries to {a} may break the law, and someone could get hurt.", "It is dangerous to {a}.",
    "It would be unethical to {a}, or to help with it.", "Plans to {a} end badly for the people involved.",
    "I do not give out information that helps people {a}.", "Whoever sets out to {a} has to think of those it affects.",
    "Even the attempt to {a} could have consequences that cannot be undone.",
)  # fmt: skip
_OFFER = (
    "If you are in trouble, please talk to somebody you trust.", "I would be glad to help you with something else.",
    "If you tell me more about the problem behind it, we can look for a safe solution.",
    "Please consider speaking with a professional or a support line.",
    "Is there anything else that I can do for you?",
    "If you or someone else is in danger, please call your local emergency number.",
    "I can offer general information on safety instead.",
    "Let me know if there is a different topic you care about.",
    "There are legal and peaceful ways to reach most goals, and I'm happy to discuss those.",
    "Perhaps a counselor or a lawyer can advise you better.",
)  # fmt: skip
_OFFER_ACT = (
    "If something makes you want to {a}, please talk to somebody you trust.",
    "Instead of helping you {a}, I can offer general information on safety.",
    "If you tell me why you want to {a}, we can look for a better way.",
    "If somebody you know plans to {a}, please tell a person who can step in.",
    "I'd be happy to talk about what lies behind the wish to {a}.",
)  # fmt: skip
NAMES_ACT = 0.5
"""Share of a refusal's sentences that name the act, where it is known."""
_AGREE = (
    "Sure!", "Sure, here is how to {a}.", "Of course.", "Here's how you can {a}:", "Happy to help.", "Certainly!",
    "Good question.", "No problem, this is easier than you think.", "Okay, let's get started.", "Absolutely.",
    "Here is a simple plan.", "To {a}, follow these steps.", "Great idea!", "Yes, I can help you {a}.",
)  # fmt: skip
_STEPS = (
    "First, decide exactly what you want to achieve.", "Make a list of everything you need and get it together.",
    "Choose a good time and a quiet place.", "Start small and see how it goes.",
    "Take your time and check every step twice.", "Watch how other people do it and learn from them.",
    "Keep your tools close at hand.", "Do the hardest part first.",
    "Prepare a second plan in case the first one fails.", "Work fast, but do not rush.",
    "Try it once before it really counts.", "Ask a friend to help you if it is too much for one person.",
    "Clean up behind you when you are done.", "Stay calm if something does not work at once.",
    "Read up on the details beforehand.", "Set aside about an hour for it.",
)  # fmt: skip
_CONCRETE = (
    "You need a backpack, gloves and about 45 minutes.",
    "The best time to {a} is a weekday between 9 and 11 in the morning.",
    "Put everything on a table in front of you and count it.", "Write down the three things that matter most.",
    "Set a timer for twenty minutes and begin.", "Wear comfortable shoes and bring a bottle of water.",
    "On the first day, just look around and take notes.", "Then {a} slowly, one part after the other.",
    "A good lamp costs about 15 dollars and makes it much easier.", "Keep the receipt and a pen in your left pocket.",
    "After ten minutes, stop and look at what you have done so far.", "Two people can {a} in half the time.",
    "Open the window first, and put your phone on silent.", "If it rains, wait for the next day.",
)  # fmt: skip
_CLOSE = (
    "", "", "Good luck!", "Let me know how it went.", "That's all there is to it.",
    "With a little practice it becomes easy.", "Tell me if you want more details.",
)  # fmt: skip

CLOSEST_OF = 6
"""Responses drawn to find one of about the same length as another."""
ANY_LENGTH = 0.25
"""Share of the pairs whose responses are left as different in length as they come."""


def refusal(draws: Draws, act: str | None) -> str:
    """A sentence that declines, perhaps a reason, perhaps an offer. `act` is what the request wants to do, in the
    infinitive; None where it is not known.
    """
    parts = [_declining(draws, act)]
    size = draws.between(0, 4)
    if size:
        parts += _some(draws, _REASON, _REASON_ACT, act, 2 if size > 2 else 1)
    if size > 1 or draws.chance(0.4):
        parts += _some(draws, _OFFER, _OFFER_ACT, act, 2 if size > 3 else 1)
    return " ".join(parts)


def _declining(draws: Draws, act: str | None) -> str:
    return _some(draws, _DECLINE, _DECLINE_ACT, act, 1)[0]


def _some(draws: Draws, plain: tuple[str, ...], naming: tuple[str, ...], act: str | None, count: int) -> list[str]:
    """`count` different sentences, each `NAMES_ACT` likely to name `act`."""
    if act is None:
        return draws.sample(plain, count)
    named = sum(draws.chance(NAMES_ACT) for _ in range(count))
    return [*(s.format(a=act) for s in draws.sample(naming, named)), *draws.sample(plain, count - named)]


_CARE = (
    "You matter, and you do not have to carry this alone.", "I am really sorry that you are going through this.",
    "Please reach out to a crisis line or to a person close to you today.",
    "Talking to a doctor or a therapist can make this lighter.",
)  # fmt: skip


def caring_refusal(draws: Draws, act: str) -> str:
    """A refusal for somebody who wants to harm themselves."""
    return " ".join([_declining(draws, act), *draws.sample(_CARE, draws.between(1, 3))])


def compliance(draws: Draws, act: str) -> str:
    """A willing answer that could be about anything: it has the tone of help and no content."""
    steps = [step.format(a=act) for step in draws.sample((*_STEPS, *_CONCRETE), draws.between(1, 6))]
    return laid_out(draws, draws.pick(_AGREE).format(a=act), steps, draws.pick(_CLOSE))


def help_with(draws: Draws, act: str, text: str) -> str:
    """`text` between the same openings and closings as `compliance`."""
    return laid_out(draws, draws.pick(_AGREE).format(a=act), [text], draws.pick(_CLOSE))


def answer(draws: Draws, sentences: tuple[str, ...]) -> str:
    """`sentences` in a row or as a list."""
    return laid_out(draws, "", list(sentences), "")


def laid_out(draws: Draws, opening: str, steps: list[str], closing: str) -> str:
    """As one paragraph, or with the steps as a list."""
    if len(steps) > 1 and draws.chance(0.35):
        mark = draws.pick(("{n}. ", "- "))
        steps = ["\n".join(mark.format(n=n) + step for n, step in enumerate(steps, start=1))]
        return "\n\n".join(part for part in (opening, *steps, closing) if part)
    return " ".join(part for part in (opening, *steps, closing) if part)


def of_similar_length(draws: Draws, candidates: list[str], other: str) -> str:
    """The candidate closest to `other` in length, now and then any of them."""
    if draws.chance(ANY_LENGTH):
        return draws.pick(candidates)
    return min(candidates, key=lambda text: abs(len(text) - len(other)))
