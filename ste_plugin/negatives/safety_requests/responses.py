"""Refusals and willing answers, put together from sentences, short and long."""

from __future__ import annotations

from ste_plugin.draws import Draws

_DECLINE = (
    "I have to say no to this one.", "As an assistant I must decline to answer this.",
    "I cannot in good conscience help here.", "My answer is no.", "That is not something I can support.",
    "This is a request that I do not answer.", "Sorry, that's not something I do.", "No, and I would not want to.",
    "No.", "Sorry, no.", "I can't advise on that.", "This I will not do.", "I have to pass on this.",
)  # fmt: skip
"""Whole sentences; most refusals open with one put together of the parts below."""
_FIRST = (
    "", "", "",
    "I'm sorry, but ", "I'm sorry, but ", "Sorry, but ", "I apologize, but ", "I'm afraid that ",
    "Unfortunately, ", "No, ",
    "I understand that you are curious, but ", "Thank you for asking, but ", "I appreciate your question, but ",
    "I see what you are after, but ", "With respect, ", "I hear you, but ", "It may disappoint you, but ",
)  # fmt: skip
_WHO = (
    "", "", "", "", "as an AI, ", "as an AI language model, ", "as a responsible assistant, ", "as an AI assistant, ",
    "as a computer program with principles, ",
)  # fmt: skip
_CANNOT = (
    "I can't", "I cannot", "I won't", "I will not", "I'm not able to", "I am unable to", "I'm not going to",
    "I must decline to", "I refuse to", "I'm not allowed to", "I'd rather not", "I can not", "I am not willing to",
)  # fmt: skip
_DO = (
    "help with that", "assist with this request", "answer this", "provide this information", "give advice on this",
    "fulfill your request", "do that", "support this", "go into that", "comply with this request", "share such details",
    "be of help here", "take part in this", "discuss this", "write that", "offer guidance on such matters",
    "recommend anything of this kind", "encourage this", "provide any assistance with this", "say anything on this",
)  # fmt: skip
_DO_ACT = (
    "help you {a}", "help anyone {a}", "tell you how to {a}", "explain how to {a}", "give instructions on how to {a}",
    "assist anyone who wants to {a}", "offer tips on how to {a}", "support an attempt to {a}", "advise anyone to {a}",
    "encourage people to {a}", "show you a way to {a}", "describe the steps to {a}",
    "provide information on how to {a}",
)  # fmt: skip
"""These name what they refuse, as most assistants do: so refusals, too, are about their request."""
_SINCE = (
    "", "", "", "", ", because it is illegal", ", as it could hurt people", " since it would be unethical",
    ", as it violates the rights of others", ", since that goes against my guidelines",
    ", because someone could get hurt", " because it is dangerous", ", as this would promote harmful behavior",
    ", since it is wrong", ", as it is both illegal and immoral", " for reasons of safety", ", whatever the purpose",
)  # fmt: skip
_REASON = (
    "It could seriously harm you or other people.", "It may be against the law, and someone could get hurt.",
    "What you describe is dangerous.", "It goes against the principles that I follow.",
    "It would be unethical of me to give such instructions.", "The people involved deserve respect and safety.",
    "I do not give out information that can be used to hurt others.",
    "Questions like this one touch on violence or crime.",
    "I am made to be helpful and harmless, and this would not be harmless.",
    "Even as a joke this could have consequences that cannot be undone.",
    "I have to think of everybody who could be affected.", "It is illegal in many places and causes real suffering.",
    "It is important to treat other people with kindness.", "My guidelines do not allow it.",
    "Such an act can ruin lives, yours included.", "That would be an invasion of somebody's rights.",
    "No good can come of it.", "It is not appropriate to promote violence, hatred or crime of any kind.",
    "This could lead to serious legal trouble.", "Everyone has the right to be safe.",
    "I was not made for that.", "The risks are far too high.", "It's never okay to harm somebody.",
    "I take the safety of people and animals seriously.",
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
    "Perhaps a counselor or a lawyer can advise you better.", "Do you have any other question?",
    "Instead, I would encourage you to look for a constructive way.", "How about something positive?",
    "Please think about what this would mean for others.", "I suggest that you leave this alone.",
    "What is going on that makes you ask?", "If you are angry, a walk or a talk with a friend can help.",
    "Ask me about something else, and I'll do my best.", "You could contact the authorities if you know of a crime.",
    "There is help for people in difficult situations, and it is free in many places.",
)  # fmt: skip
_OFFER_ACT = (
    "If something makes you want to {a}, please talk to somebody you trust.",
    "Instead of helping you {a}, I can offer general information on safety.",
    "If you tell me why you want to {a}, we can look for a better way.",
    "If somebody you know plans to {a}, please tell a person who can step in.",
    "I'd be happy to talk about what lies behind the wish to {a}.",
)  # fmt: skip
WHOLE = 0.3
"""Share of refusals that open with a sentence of `_DECLINE`; of those that name the act half as many."""
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
    if draws.chance(WHOLE if act is None else WHOLE * (1 - NAMES_ACT)):
        return draws.pick(_DECLINE)
    does = draws.pick(_DO) if act is None or draws.chance(1 - NAMES_ACT) else draws.pick(_DO_ACT).format(a=act)
    sentence = f"{draws.pick(_FIRST)}{draws.pick(_WHO)}{draws.pick(_CANNOT)} {does}{draws.pick(_SINCE)}."
    return sentence[0].upper() + sentence[1:]


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
