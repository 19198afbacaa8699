"""Training batches: documents packed side by side into windows, and windows of running text."""

import random
from dataclasses import dataclass

import torch
from corpus import Corpus
from facts import Document
from tokenizer import END_ID
from tokenizers import Tokenizer

PROMPT_WEIGHT = 0.2
TEXT_SHAPES = ((4, 256), (2, 512), (1, 1024))
DOCUMENT_SHAPE = (8, 256)


@dataclass(frozen=True)
class Batch:
    """Inputs and targets, [batch, seq]. Positions start again at each document, so that none attends to another."""

    input_ids: torch.Tensor
    position_ids: torch.Tensor | None
    targets: torch.Tensor
    weights: torch.Tensor


def encode(tokenizer: Tokenizer, document: Document) -> tuple[list[int], list[float]]:
    """The ids of a document from its leading special token to its last, and the weight of each id as a target.

    Prompt and answer are tokenised apart, since a prompt is all that the tokenizer sees when the model is asked.
    """
    prompt = tokenizer.encode(document.prompt).ids
    answer = [*tokenizer.encode(document.answer, add_special_tokens=False).ids, END_ID]
    return prompt + answer, [PROMPT_WEIGHT] * len(prompt) + [1.0] * len(answer)


def pack_window(
    tokenizer: Tokenizer, corpus: Corpus, rng: random.Random, length: int
) -> list[tuple[int, int, int, float]]:
    """One window of whole documents as rows (input, position, target, weight); what remains has weight zero."""
    rows: list[tuple[int, int, int, float]] = []
    while True:
        ids, weights = encode(tokenizer, corpus.draw(rng))
        if len(rows) + len(ids) - 1 > length:
            return rows + [(END_ID, position, END_ID, 0) for position in range(length - len(rows))]
        rows += zip(ids[:-1], range(len(ids) - 1), ids[1:], weights[1:], strict=True)


def document_batch(tokenizer: Tokenizer, corpus: Corpus, rng: random.Random) -> Batch:
    """Windows full of documents."""
    count, length = DOCUMENT_SHAPE
    columns = torch.tensor([pack_window(tokenizer, corpus, rng, length) for _ in range(count)]).unbind(-1)
    inputs, positions, targets = (column.long() for column in columns[:3])
    return Batch(inputs, positions, targets, columns[3])


def text_batch(text: torch.Tensor, step: int, rng: random.Random) -> Batch:
    """Windows of the running text from random places; their length changes from step to step."""
    count, length = TEXT_SHAPES[step % len(TEXT_SHAPES)]
    starts = [rng.randrange(len(text) - length) for _ in range(count)]
    windows = torch.stack([text[start : start + length + 1] for start in starts])
    return Batch(windows[:, :-1], None, windows[:, 1:], torch.ones(count, length))
