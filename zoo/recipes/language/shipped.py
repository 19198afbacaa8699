"""What a directory of the zoo ships: model, tokenizer, workload and held-out windows, as goldens and evaluation read them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast


@dataclass(frozen=True)
class Generation:
    """The new tokens of a greedy generation, and at each step the first logit minus the second."""

    ids: torch.Tensor
    margins: torch.Tensor


def load(directory: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """The model in fp32 on the CPU, and its tokenizer."""
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(directory)


def workload(directory: Path) -> dict[str, Any]:
    """The prompts with their answers, and how the perplexity is measured."""
    return json.loads((directory / "workload.json").read_text("utf-8"))


def heldout_text(directory: Path) -> str:
    """The text that the model was not trained on."""
    return (directory / workload(directory)["perplexity"]["text"]).read_text("utf-8")


def heldout_windows(directory: Path, tokenizer: PreTrainedTokenizerFast) -> list[torch.Tensor]:
    """The held-out text without a special token, cut into windows, [1, W] each."""
    how = workload(directory)["perplexity"]
    ids = tokenizer(heldout_text(directory), add_special_tokens=False, return_tensors="pt").input_ids
    starts = range(0, ids.shape[1], how["stride"])
    windows = [ids[:, start : start + how["window"]] for start in starts]
    return [window for window in windows if window.shape[1] >= 2][: how["maxWindows"]]


@torch.inference_mode()
def negative_log_likelihoods(model: PreTrainedModel, window: torch.Tensor) -> torch.Tensor:
    """Of token i + 1 given the tokens 0 to i, in nats, [1, W - 1]."""
    log_probabilities = model(input_ids=window).logits[:, :-1].log_softmax(-1)
    return -log_probabilities.gather(-1, window[:, 1:, None]).squeeze(-1)


@torch.inference_mode()
def generate(model: PreTrainedModel, input_ids: torch.Tensor, max_new_tokens: int) -> Generation:
    """Greedy generation by transformers, up to and with the special token that ends an answer."""
    output = model.generate(
        input_ids,
        attention_mask=torch.ones_like(input_ids),
        max_new_tokens=max_new_tokens,
        do_sample=False,
        pad_token_id=model.generation_config.eos_token_id,
        output_logits=True,
        return_dict_in_generate=True,
    )
    best = torch.stack(output.logits, dim=1).topk(2).values  # [1, steps, 2]
    return Generation(output.sequences[:, input_ids.shape[1] :], best[..., 0] - best[..., 1])
