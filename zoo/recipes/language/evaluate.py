"""Measures a shipped model in fp32: known answers, margins, perplexity against a unigram model's.

python zoo/recipes/language/evaluate.py llama
"""

import math
import sys
from pathlib import Path

import torch
from corpus import build
from shipped import generate, heldout_text, heldout_windows, load, negative_log_likelihoods, workload
from transformers import PreTrainedModel, PreTrainedTokenizerFast
from variants import asked


def known_answers(directory: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> int:
    """Prints every wrong answer and the margins; gives the number of wrong ones."""
    plan = workload(directory)
    wrong, margins = 0, []
    for prompt in plan["prompts"]:
        generation = generate(model, tokenizer(prompt["text"], return_tensors="pt").input_ids, plan["maxNewTokens"])
        answer = tokenizer.decode(generation.ids[0], skip_special_tokens=True).strip()
        ended = generation.ids[0, -1].item() == tokenizer.eos_token_id
        margins.append(generation.margins.min().item())
        if answer != prompt["answer"] or not ended:
            wrong += 1
            print(f"wrong: {prompt['id']}: {answer!r} instead of {prompt['answer']!r}")
    print(f"known answers: {len(margins) - wrong} of {len(margins)}")
    quantiles = torch.tensor(margins).quantile(torch.tensor([0.0, 0.1, 0.25, 0.5, 0.75, 1.0])).tolist()
    print("smallest margin of an answer, 0/10/25/50/75/100 %:", " ".join(f"{q:.2f}" for q in quantiles))
    return wrong


def perplexities(directory: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
    """Prints the perplexity of the model and of a unigram model with add-one counts of the training text."""
    windows = heldout_windows(directory, tokenizer)
    loss = torch.cat([negative_log_likelihoods(model, window).flatten() for window in windows])
    targets = torch.cat([window[0, 1:] for window in windows])
    corpus = build()
    training = torch.tensor(tokenizer(corpus.text, add_special_tokens=False).input_ids)
    counts = torch.bincount(training, minlength=model.config.vocab_size).double() + 1
    unigram = -(counts / counts.sum()).log()[targets].mean().item()
    predicted_bytes = sum(len(tokenizer.decode(window[0, 1:]).encode()) for window in windows)
    bits = loss.sum().item() / math.log(2) / predicted_bytes
    print(f"perplexity: {math.exp(loss.mean().item()):.3f} over {len(loss)} tokens; unigram {math.exp(unigram):.1f}")
    print(f"bits per byte: {bits:.3f}; training text: {len(training)} tokens, {len(corpus.text.encode())} bytes")
    assert heldout_text(directory) == corpus.heldout, "the held-out text is not this corpus's"


def main() -> int:
    """0 when every known answer is right."""
    directory = asked("Measures a model of the zoo.").directory
    model, tokenizer = load(directory)
    print(f"{model.num_parameters()} parameters")
    perplexities(directory, model, tokenizer)
    return min(known_answers(directory, model, tokenizer), 1)


if __name__ == "__main__":
    sys.exit(main())
