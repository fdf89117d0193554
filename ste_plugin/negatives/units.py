"""Units of measure behind a number, and by which factors one quantity differs in two of them."""

from __future__ import annotations

import re

_SPELLINGS = {
    "length": (
        ("mile", "miles", "mi"), ("yard", "yards", "yd", "yds"), ("foot", "feet", "ft"), ("inch", "inches"),
        ("kilometer", "kilometers", "kilometre", "kilometres", "km"), ("meter", "meters", "metre", "metres"),
        ("centimeter", "centimeters", "centimetre", "centimetres", "cm"),
        ("millimeter", "millimeters", "millimetre", "millimetres", "mm"),
    ),
    "weight": (
        ("ton", "tons", "tonne", "tonnes"), ("pound", "pounds", "lb", "lbs"), ("ounce", "ounces", "oz"),
        ("kilogram", "kilograms", "kilo", "kilos", "kg"), ("gram", "grams"), ("milligram", "milligrams", "mg"),
    ),
    "volume": (
        ("gallon", "gallons", "gal"), ("quart", "quarts", "qt"), ("pint", "pints", "pt"), ("cup", "cups"),
        ("tablespoon", "tablespoons", "tbsp"), ("teaspoon", "teaspoons", "tsp"),
        ("liter", "liters", "litre", "litres"), ("milliliter", "milliliters", "millilitre", "millilitres", "ml"),
    ),
    "time": (
        ("century", "centuries"), ("decade", "decades"), ("year", "years", "yr", "yrs"), ("month", "months"),
        ("week", "weeks"), ("day", "days"), ("hour", "hours", "hr", "hrs"), ("minute", "minutes", "min", "mins"),
        ("second", "seconds", "sec", "secs"),
    ),
    "money": (
        ("dollar", "dollars", "buck", "bucks"), ("cent", "cents", "penny", "pennies", "pence"), ("nickel", "nickels"),
        ("dime", "dimes"),
    ),
    "pieces": (("pair", "pairs", "couple", "couples"),),
}  # fmt: skip
_FACTORS = {
    "length": (3, 36, 1760, 5280, 63360, 10_000, 100_000, 10**6),
    "weight": (14, 16, 2000, 2240, 32_000, 10**6),
    "volume": (2, 3, 4, 8, 16, 32, 48, 128, 256, 768),
    "time": (4, 28, 30, 31, 52, 168, 720, 1440, 10_080, 86_400, 604_800, 8760),
    "money": (2, 5, 20),
    "pieces": (2,),
}
"""Besides those that any two results are tried with."""
_UNIT_OF = {word: words[0] for kinds in _SPELLINGS.values() for words in kinds for word in words}
_KIND_OF = {words[0]: kind for kind, kinds in _SPELLINGS.items() for words in kinds}
_BEHIND = re.compile(
    rf"[\s)\]}}*]*[-–]?\s*(?:(?:million|billion|thousand|full|square|cubic|fluid|whole)\s+)*({'|'.join(_UNIT_OF)})\b",
    re.IGNORECASE | re.ASCII,
)


def unit_behind(text: str) -> str:
    """The unit that `text`, which follows a number, begins with, by its one name ("ft": "foot"); "" for none."""
    match = _BEHIND.match(text)
    return _UNIT_OF[match[1].lower()] if match else ""


def factors_of(unit: str) -> tuple[int, ...]:
    """How many of one unit make another, for the units of its kind; none for none."""
    return _FACTORS[_KIND_OF[unit]] if unit else ()
