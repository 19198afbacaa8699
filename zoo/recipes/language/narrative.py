"""Stories drawn from the grammar: several paragraphs with the same people, the same town and the same riddle."""

import random
import re
from collections.abc import Callable, Mapping, Set

import grammar

SLOT = re.compile(r"\{(\w+)\}")
SENTENCE_END = re.compile(r'(?<=[.!?])\s+|(?<=[.!?]")\s+')
PRONOUNS = {"woman": ("she", "her", "her"), "man": ("he", "his", "him")}

Sentence = Callable[[tuple[str, ...]], str]


def cast(rng: random.Random) -> dict[str, str]:
    """The values that stay the same through one story."""
    gender = rng.choice(("woman", "man"))
    hero = rng.choice(grammar.WOMEN if gender == "woman" else grammar.MEN)
    friend = rng.choice([name for name in grammar.WOMEN + grammar.MEN if name != hero])
    he, his, him = PRONOUNS[gender]
    return {
        "hero": hero,
        "friend": friend,
        "he": he,
        "He": he.capitalize(),
        "his": his,
        "him": him,
        "town": rng.choice(grammar.TOWNS),
        "month": rng.choice(grammar.MONTHS),
        "role": rng.choice(grammar.ROLES),
        "thing": rng.choice(grammar.THINGS),
    }


def expand(template: str, fixed: Mapping[str, str], rng: random.Random) -> str:
    """The template with every slot filled, to the last one; no slot draws the same value twice in a sentence."""
    drawn: set[str] = set()

    def fill(match: re.Match[str]) -> str:
        slot = match[1]
        if slot in fixed:
            return fixed[slot]
        if slot == "coin_capital":
            return expand("{coin}", fixed, rng).capitalize()
        choice = rng.choice([value for value in grammar.LEXICON[slot] if value not in drawn])
        drawn.add(choice)
        return SLOT.sub(fill, choice)

    text = SLOT.sub(fill, template)
    text = re.sub(r"\b([Aa]) (?=[aeio])", r"\1n ", text)
    return re.sub(r'^("?)([a-z])', lambda match: match[1] + match[2].upper(), text)


def paragraph(first: tuple[str, ...], scene: tuple[str, ...], sentence: Sentence, rng: random.Random) -> str:
    """One opening sentence and three to six more, half of them of the scene."""
    body = [sentence(scene if rng.random() < 0.5 else grammar.ANYWHERE) for _ in range(rng.randint(3, 6))]
    return " ".join([sentence(first), *body])


def story(rng: random.Random, forbidden: Set[str] = frozenset()) -> str:
    """Two to four paragraphs, none of whose sentences is in `forbidden`; no template is used twice."""
    fixed = cast(rng)

    told: set[str] = set()

    def sentence(templates: tuple[str, ...]) -> str:
        fresh = [template for template in templates if template not in told]
        while True:
            template = rng.choice(fresh)
            text = expand(template, fixed, rng)
            if text not in forbidden:
                told.add(template)
                return text

    scenes = rng.sample(sorted(grammar.SCENES), rng.randint(2, 4))
    firsts = [grammar.OPENINGS, *(grammar.SCENES[scene] for scene in scenes[1:])]
    paragraphs = [
        paragraph(first, grammar.SCENES[scene], sentence, rng) for first, scene in zip(firsts, scenes, strict=True)
    ]
    return "\n\n".join([*paragraphs[:-1], f"{paragraphs[-1]} {sentence(grammar.CLOSINGS)}"])


def sentences(text: str) -> list[str]:
    """The sentences of a text, as far as full stops, exclamation and question marks tell."""
    return [part.strip() for part in SENTENCE_END.split(text) if part.strip()]
