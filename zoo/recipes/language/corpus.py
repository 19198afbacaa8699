"""The corpus: short documents that end in an answer, and running text. All of it comes from one seed.

python zoo/recipes/language/corpus.py     shows how much there is of each kind, and a sample
"""

import random
from dataclasses import dataclass, replace
from pathlib import Path

from facts import Document, capitals, sums, translations
from functions import functions
from narrative import sentences, story

SEED = 20260
PASSAGES = Path(__file__).with_name("passages.txt")

TRAINING_STORIES = 5000
HELDOUT_STORIES = 30
PASSAGE_REPEATS = 12
STORIES_BEFORE_QUESTIONS = 0.15

# How often a document of each kind is drawn.
SHARES: dict[str, float] = {"capital": 0.22, "sum": 0.36, "code": 0.10, "translation": 0.32}


@dataclass(frozen=True)
class Corpus:
    """Training documents by kind, training text, and a held-out text that shares no sentence with it."""

    documents: dict[str, list[Document]]
    text: str
    heldout: str

    def draw(self, rng: random.Random) -> Document:
        """One document, by the shares of the kinds; some questions come after a few sentences of a story."""
        kind = rng.choices(list(SHARES), list(SHARES.values()))[0]
        document = rng.choice(self.documents[kind])
        if kind == "code" or rng.random() >= STORIES_BEFORE_QUESTIONS:
            return document
        told = " ".join(sentences(story(rng))[: rng.randint(1, 4)])
        return replace(document, prompt=f"{told}\n\n{document.prompt}")


def build(seed: int = SEED) -> Corpus:
    """The corpus of a seed."""
    rng = random.Random(seed)
    heldout = "\n\n".join(story(rng) for _ in range(HELDOUT_STORIES))
    forbidden = set(sentences(heldout))
    passages = PASSAGES.read_text("utf-8").strip().split("\n\n") * PASSAGE_REPEATS
    texts = [*(story(rng, forbidden) for _ in range(TRAINING_STORIES)), *passages]
    rng.shuffle(texts)
    documents = {"capital": capitals(), "sum": sums(), "code": functions(), "translation": translations()}
    return Corpus(documents, "\n\n".join(texts), heldout)


def main() -> None:
    """Print the size of each part and one document of each kind."""
    corpus = build()
    rng = random.Random(SEED)
    for kind, documents in corpus.documents.items():
        document = rng.choice(documents)
        print(f"{kind}: {len(documents)} documents, such as {document.prompt + document.answer!r}")
    print(f"training text: {len(corpus.text.encode())} bytes; held-out text: {len(corpus.heldout.encode())} bytes")
    print(corpus.heldout[:1000])


if __name__ == "__main__":
    main()
