"""Trains the tokenizer and a model and writes what ships, apart from the goldens.

python zoo/recipes/language/train.py llama
"""

import math
import random
import shutil
import sys
import time
from pathlib import Path

import torch
from batches import Batch, document_batch, text_batch
from corpus import SEED, Corpus, build
from tokenizer import END_ID, as_transformers, train_tokenizer
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, GenerationConfig, PreTrainedModel
from variants import asked

THREADS = 2
WARMUP = 100
PEAK_RATE = 2e-3
FINAL_RATE = 2e-5

WORKLOAD = Path(__file__).with_name("workload.json")


def rate(step: int, steps: int) -> float:
    """The learning rate: a linear warm-up, then half a cosine."""
    if step < WARMUP:
        return PEAK_RATE * (step + 1) / WARMUP
    done = (step - WARMUP) / (steps - WARMUP)
    return FINAL_RATE + (PEAK_RATE - FINAL_RATE) * (1 + math.cos(math.pi * done)) / 2


def forward(model: PreTrainedModel, batch: Batch) -> tuple[torch.Tensor, float]:
    """The weighted mean of the negative log-likelihoods, and the share of right tokens among those of weight one.

    The products run in bf16, everything else in fp32.
    """
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(input_ids=batch.input_ids, position_ids=batch.position_ids, use_cache=False).logits
    losses = cross_entropy(logits.float().flatten(0, 1), batch.targets.flatten(), reduction="none")
    weights = batch.weights.flatten()
    right = (logits.argmax(-1) == batch.targets)[batch.weights == 1].float().mean().item()
    return (losses * weights).sum() / weights.sum(), right


def corpus_texts(corpus: Corpus) -> list[str]:
    """What the tokenizer is trained on: every document, three times, and a part of the running text."""
    documents = [d.prompt + d.answer for kind in corpus.documents.values() for d in kind]
    return documents * 3 + corpus.text[:3_000_000].split("\n\n")


def train(model: PreTrainedModel, steps: int, corpus: Corpus, text: torch.Tensor, tokenizer: Tokenizer) -> None:
    """Trains the model in place: each step sees one batch of documents and one of running text."""
    rng = random.Random(SEED)
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95))
    started = time.monotonic()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps)
        batches = (document_batch(tokenizer, corpus, rng), text_batch(text, step, rng))
        (document_loss, answers), (text_loss, _) = (forward(model, batch) for batch in batches)
        (document_loss + text_loss).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 25 == 0 or step == steps - 1:
            minutes = (time.monotonic() - started) / 60
            losses = f"documents {document_loss.item():.3f}  text {text_loss.item():.3f}"
            print(f"step {step}  {losses}  answers {answers:.3f}  {minutes:.1f} min", file=sys.stderr)


def main() -> None:
    """Builds the corpus, trains, rounds the weights to bf16 and writes the model directory."""
    variant = asked("Trains a model of the zoo.")
    torch.set_num_threads(THREADS)
    torch.manual_seed(SEED)
    corpus = build()
    tokenizer = train_tokenizer(corpus_texts(corpus))
    text = torch.tensor(tokenizer.encode(corpus.text, add_special_tokens=False).ids)
    model = AutoModelForCausalLM.from_config(variant.config)
    print(f"{model.num_parameters()} parameters, {len(text)} tokens of text", file=sys.stderr)
    train(model, variant.steps, corpus, text, tokenizer)

    model.to(torch.bfloat16)
    model.generation_config = GenerationConfig(bos_token_id=END_ID, eos_token_id=END_ID, do_sample=False)
    model.save_pretrained(variant.directory)
    as_transformers(tokenizer).save_pretrained(variant.directory)
    (variant.directory / "heldout.txt").write_text(corpus.heldout, "utf-8")
    shutil.copyfile(WORKLOAD, variant.directory / WORKLOAD.name)


if __name__ == "__main__":
    main()
