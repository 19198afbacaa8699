"""Trains the tokenizer and the model and writes what ships, apart from the goldens.

python zoo/recipes/llama/train.py
"""

import math
import random
import sys
import time

import torch
from batches import Batch, document_batch, text_batch
from corpus import SEED, Corpus, build
from shipped import MODEL
from tokenizer import CONTEXT, END_ID, VOCABULARY, as_transformers, train_tokenizer
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

THREADS = 2
STEPS = 1100
WARMUP = 100
PEAK_RATE = 2e-3
FINAL_RATE = 2e-5

CONFIG = LlamaConfig(
    vocab_size=VOCABULARY,
    hidden_size=256,
    intermediate_size=704,
    num_hidden_layers=6,
    num_attention_heads=8,
    num_key_value_heads=2,
    head_dim=32,
    max_position_embeddings=CONTEXT,
    rms_norm_eps=1e-5,
    rope_theta=10000.0,
    tie_word_embeddings=True,
    bos_token_id=END_ID,
    eos_token_id=END_ID,
    pad_token_id=None,
)


def rate(step: int) -> float:
    """The learning rate: a linear warm-up, then half a cosine."""
    if step < WARMUP:
        return PEAK_RATE * (step + 1) / WARMUP
    done = (step - WARMUP) / (STEPS - WARMUP)
    return FINAL_RATE + (PEAK_RATE - FINAL_RATE) * (1 + math.cos(math.pi * done)) / 2


def forward(model: LlamaForCausalLM, batch: Batch) -> tuple[torch.Tensor, float]:
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


def train(model: LlamaForCausalLM, corpus: Corpus, text: torch.Tensor, tokenizer: Tokenizer) -> None:
    """Trains the model in place: each step sees one batch of documents and one of running text."""
    rng = random.Random(SEED)
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95))
    started = time.monotonic()
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        batches = (document_batch(tokenizer, corpus, rng), text_batch(text, step, rng))
        (document_loss, answers), (text_loss, _) = (forward(model, batch) for batch in batches)
        (document_loss + text_loss).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 25 == 0 or step == STEPS - 1:
            minutes = (time.monotonic() - started) / 60
            losses = f"documents {document_loss.item():.3f}  text {text_loss.item():.3f}"
            print(f"step {step}  {losses}  answers {answers:.3f}  {minutes:.1f} min", file=sys.stderr)


def main() -> None:
    """Builds the corpus, trains, rounds the weights to bf16 and writes the model directory."""
    torch.set_num_threads(THREADS)
    torch.manual_seed(SEED)
    corpus = build()
    tokenizer = train_tokenizer(corpus_texts(corpus))
    text = torch.tensor(tokenizer.encode(corpus.text, add_special_tokens=False).ids)
    model = LlamaForCausalLM(CONFIG)
    print(f"{model.num_parameters()} parameters, {len(text)} tokens of text", file=sys.stderr)
    train(model, corpus, text, tokenizer)

    model.to(torch.bfloat16)
    model.generation_config = GenerationConfig(bos_token_id=END_ID, eos_token_id=END_ID, do_sample=False)
    model.save_pretrained(MODEL)
    as_transformers(tokenizer).save_pretrained(MODEL)
    (MODEL / "heldout.txt").write_text(corpus.heldout, "utf-8")


if __name__ == "__main__":
    main()
