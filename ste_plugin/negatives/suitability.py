"""Which instructions a strategy can use, told by plain tests of their words: cheap, and wrong at times.

A wrong guess of the first two costs a dropped pair, or one that teaches little. One of the safety rules costs a pair
that teaches the opposite, since the response is not checked against it: a harmless request that is taken for a harmful
one is refused, and the refusal wins. So these are narrow, and a row's field "safety" overrules them.
"""

from __future__ import annotations

import re

from ste_plugin.instructions import Instruction
from ste_plugin.quality.refusals import declines

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_QUANTITY = re.compile(
    r"\b(?:how (?:many|much|far|long|old|fast|tall)|what (?:is|are) the (?:total|sum|value|area|perimeter|average|"
    r"probability|remainder|product|price|cost|difference|number|percentage)|calculate|compute|evaluate|solve|simplify)\b",
    re.IGNORECASE,
)
_LANGUAGES = (
    r"python|java|javascript|typescript|c\+\+|c#|golang|rust|ruby|php|sql|bash|perl|kotlin|swift|scala|haskell|html"
)
_CODE = re.compile(
    rf"\b(?:(?:write|create|implement|code|give|make|fix|refactor|complete|generate)\b.{{0,80}}\b(?:function|method|"
    rf"program|script|class|code|algorithm|regex|query)\b|(?:in|using|with) (?:{_LANGUAGES})(?![\w])|def \w+\()",
    re.IGNORECASE | re.DOTALL,
)


def asks_for_a_number(text: str) -> bool:
    """At least two numbers and a question for a quantity, and no program."""
    return len(_NUMBER.findall(text)) >= 2 and bool(_QUANTITY.search(text)) and not asks_for_code(text)


def asks_for_code(text: str) -> bool:
    """A function, program or script is wanted, or a programming language is named."""
    return bool(_CODE.search(text))


_ALARMING = (
    r"kill\w*|murder\w*|shoot\w*|stab\w*|poison\w*|bomb\w*|explod\w+|explosi\w+|attack\w*|hack(?:s|ed|er|ers|ing)?|steal\w*|(?-i:rob)|rob(?:bed|bing|bery|ber)|destroy\w*|"
    r"blow up|burn\w*|drug\w*|weapon\w*|guns?|strangle\w*|torture\w*|kidnap\w*|smuggl\w+|forge\w*|launder\w*|"
    r"hijack\w*|stalk\w*|blackmail\w*|terror\w*|assassin\w*"
)
_ALARM = re.compile(rf"\b(?:{_ALARMING})\b", re.IGNORECASE)
_SOMEBODY = (
    r"(?:someone|somebody|people|a person|a man|a woman|a child|children|kids|him|her|them|myself|"
    r"(?:my|his|her|our|their|the|a) (?:\w+ )?(?:neighbou?r|boss|ex|wife|husband|girlfriend|boyfriend|classmate|"
    r"teacher|coworker|colleague|friend|roommate|landlord|president|parents?|mother|father|brother|sister))"
)
_HARM = re.compile(
    rf"\b(?:kill|murder|shoot|stab|poison|strangle|torture|kidnap|stalk|blackmail|hurt|beat up|drug|assassinate)\s+"
    rf"{_SOMEBODY}\b|\b(?:build|make|assemble|buy)\s+(?:an? )?(?:(?P<kind>\w+) )?(?P<thing>bomb|explosives?|meth|"
    rf"nerve gas|gun|weapons?|fake money|fake id)\b(?! (?:cake|bath))|"
    rf"\bhack\s+(?:into )?(?:{_SOMEBODY}|an? (?:\w+ )?(?:account|bank|phone))|"
    r"\b(?:commit (?:suicide|fraud|murder)|launder money|(?P<uncaught>without getting caught)|make counterfeit|"
    r"cook meth)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:how (?:do|can|could|would|to)|tell me|give me|help me|teach me|show me|write|explain how|steps|instructions|"
    r"best way)\b",
    re.IGNORECASE,
)
_PREVENTS = re.compile(
    r"\b(?:protect\w*|prevent\w*|avoid\w*|stop\w*|safe\w*|defend\w*|against|illegal|law|history|historical|novel|movie|"
    r"film|story|games?|gaming|character|fiction\w*|report(?:ed|ing)?|recover\w*|why|who|when|what is|what are|"
    r"mean\w*|poem|haiku|limerick|song|lyrics|joke|riddle|"
    r"photo\w*|lens(?:es)?|portraits?|low light|depth of field|with (?:a|my) camera|"
    r"d&d|dnd|dungeons?|paladin|rpg|larp\w*|role-?play\w*|cosplay\w*|minecraft|ctf|capture the flag)\b",
    re.IGNORECASE,
)
_PLAYTHING = re.compile(
    r"bath|bb|caulk\w*|cherry|chocolate|cocoa|foam|glitter|glue|heat|massage|nail|nerf|paint|paintball|"
    r"photo|prop|radar|seed|spray|squirt|staple|stink|toy|water|wooden|lego",
    re.IGNORECASE,
)
_ENDED = re.compile(
    r"\W*$|\W*[.,;:!?)\"”\n]|\s+(?:at|in|with|from|out|without|to|for|that|which|who|and|or|on|onto|inside|under|using|by|"
    r"via|like|so|if|as|of|before|after|while|myself|illegally|secretly|anonymously|online|quickly|fast|safely|easily|"
    r"cheaply|right now|today|tonight|please|step)\b",
    re.IGNORECASE,
)
"""What follows a noun that is no part of a longer one, as "gun" in "gun safe", "weapon" in "weapon rack" are."""
_CRIME = re.compile(
    rf"\b(?:{_ALARMING}|cheat\w*|shoplift\w*|embezzl\w*|evad\w+|vandali[sz]\w*|trespass\w*|counterfeit\w*|spy\w*|"
    r"break(?:ing)? in(?:to)?|fraud\w*|crimes?|underage|brib\w+|fake|stolen|theft|impersonat\w*|firebomb\w*)\b",
    re.IGNORECASE,
)
_WISHES = re.compile(
    r"\b(?:how (?:do|can|could|would|should|might|to)|ways? (?:to|of)|what if|easiest|best|recommend|should i|let's|"
    r"(?:want|wanted|need|like|love|trying|going|plan\w*) (?:to|on)|(?:thinking|about|time|place|spot) (?:to|of)|"
    r"wanna|gonna|help(?: me)?|can (?:i|you)|(?:some|good) things|i (?:aim|killed|will|should|like)|"
    r"we should(?: just)?)\b",
    re.IGNORECASE,
)
_EXCUSES = re.compile(
    r"\b(?:protect\w*|prevent\w*|avoid\w*|stop\w*|defend\w*|against|law|history|historical|novel|movie|film|"
    r"fiction\w*|video game|recover\w*|why|linux|process(?:es)?|threads?|script|python|weeds?|pests?|insects?|"
    r"mosquito(?:e?s)?|cake|candles?|calories|fat)\b",
    re.IGNORECASE,
)
_LONGEST = 300
"""Characters of a request that may sound harmful as a whole; in a longer one an alarming word is there by the way."""
_WILL_NOT = "|".join((
    r"(?:can|could|will|would|must)(?:n't| not)|can't|cannot|won't|decline|refuse",
    r"(?:am |'m )(?:not (?:able|allowed|permitted|going|comfortable|willing|at liberty)|unable|unwilling|forbidden)",
    r"(?:must|have to|need to|will(?: have to)?|am going to) (?:\w+ly )?(?:decline|refuse|pass|say no)",
    r"do(?:n't| not) (?:feel comfortable|answer|do that|assist|provide|support)",
))  # fmt: skip
_ADVERBS = r"(?: (?:\w+ly|just|also|therefore)){0,2}"
_REFUSES = re.compile("|".join((
    rf"\bI(?:(?:'m| am)? \w+, but I)?{_ADVERBS}(?: |(?='m))(?:{_WILL_NOT})\b",
    r"^\W*(?:no[.,!]|(?:(?:no|oh|aw|hey|well|ahem)\W+){0,2}(?:i(?:'m| am) (?:\w+ ){0,2}sorry|sorry|unfortunately|"
    r"(?:(?:please accept )?my (?:\w+ )?)?apologies|i (?:\w+ )?apologi[sz]e|i regret)\b)",
    r"\bas an? (?:[\w-]+ ){0,3}(?:ai|chat ?bot|language model|assistant,? i)\b|\bmy answer is no\b",
    r"\bnot something (?:that )?i (?:do|can|will)\b|\bi'd rather not\b|\bwould not be right\b",
    r"\bI(?:'m| am)(?: \w+ly)? not (?:equipped|capable|designed|programmed|trained|built|made)\b",
    r"\bI (?:do(?:n't| not) have|lack|have no) (?:the |an? )?(?:ability|capability|capacity|means)\b",
    r"\bI(?:'d| would| must| have to)?(?: \w+ly)? (?:advise|recommend|caution|urge you)(?: you)? (?:against|not to)\b",
    r"\bnot within my (?:programming|abilit\w+|capabilit\w+|guidelines)\b",
    r"\b(?:against|violates?) (?:my|the|our) (?:\w+ )?(?:guidelines|policy|policies|principles|programming|rules)\b",
)), re.IGNORECASE)  # fmt: skip
_OPENING = 240
"""Characters within which a response that refuses says so, as in `quality.refusals`."""


def is_harmful(instruction: Instruction) -> bool:
    """Asks for help with a harmful act that is told by a plain phrase ("make a bomb", "poison my neighbour"), with no
    word of prevention, law, fiction, photography or games about. The row's field "safety" ("harmful" or "harmless")
    has the last word.
    """
    if "safety" in instruction.meta:
        return bool(instruction.meta["safety"] == "harmful")
    text = instruction.text
    harms = any(_is_meant(match, text) for match in _HARM.finditer(text))
    return bool(harms and _ASKS.search(text) and not _PREVENTS.search(text))


def _is_meant(harm: re.Match[str], text: str) -> bool:
    """Whether `harm` of `text` is what its words say: a weapon and no rack for it; a crime that is not to be seen."""
    if harm["thing"]:
        return not _PLAYTHING.fullmatch(harm["kind"] or "") and bool(_ENDED.match(text, harm.end()))
    return not harm["uncaught"] or bool(_CRIME.search(text))


def only_sounds_harmful(instruction: Instruction) -> bool:
    """A short question that holds an alarming word, but neither a person as its object nor, unless it is about
    prevention, history, fiction, computers or the like, a wish to do it; no sum.

    The field "safety" has the last word, as above.
    """
    if "safety" in instruction.meta:
        return bool(instruction.meta["safety"] == "harmless")
    text = instruction.text
    if len(text) > _LONGEST or asks_for_a_number(text) or not _ALARM.search(text) or _HARM.search(text):
        return False
    return bool(_EXCUSES.search(text)) or not _WISHES.search(text)


def is_refusal(text: str) -> bool:
    """Whether a response that was to be a refusal is one, by its first 240 characters.

    Whatever `quality.refusals.declines` takes for one is one here. That one, by which pairs of all kinds are dropped,
    wants to be sure, and knows 13 of the 20 sentences that our built-in refusals open with ("My answer is no." is none
    to it). Here a doubt counts as a refusal: an apology at the start (be it sympathy: "I'm sorry to hear that"), a bare
    "As an AI", "I cannot" with any verb.
    """
    return declines(text) or bool(_REFUSES.search(text[:_OPENING].replace("’", "'")))
