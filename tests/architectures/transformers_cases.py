"""Random small models of every family and what transformers computes with them: config.json, weights and a golden.

Usage: transformers_cases.py DEST COUNT SEED. Each case DEST/FAMILY/N holds a Hugging Face directory and golden.safetensors with
case/whole.0/in/input_ids [2, T] and case/whole.0/out/logits [2, T, V].
"""

import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from configs import FAMILIES
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM


def random_weights(model: torch.nn.Module) -> None:
    """Nothing is left at ones or zeros."""
    with torch.no_grad():
        for weight in model.parameters():
            spread = 0.3 if weight.dim() == 1 else weight.shape[-1] ** -0.5
            weight.add_(torch.randn_like(weight) * spread)


def old_rope(config: dict[str, Any]) -> None:
    """Writes the rope keys as transformers did before version 5."""
    rope = config.pop("rope_parameters")
    theta = rope.pop("rope_theta")
    share = rope.pop("partial_rotary_factor", None)
    kind = rope.pop("rope_type")
    config["rope_scaling"] = None if kind == "default" else {"type" if kind == "linear" else "rope_type": kind, **rope}
    if share is None:
        config["rope_theta"] = theta
    else:
        config["rotary_emb_base"] = theta
        config["rotary_pct"] = share


def without_prefix(folder: Path) -> None:
    """Names as a model has that was saved without its head: those of the first GPT-2 checkpoints."""
    path = folder / "model.safetensors"
    weights = load_file(path)
    save_file({name.removeprefix("transformer."): weight for name, weight in weights.items()}, path)


def respell(folder: Path) -> None:
    """The same model in the spelling of older checkpoints."""
    path = folder / "config.json"
    config = json.loads(path.read_text())
    if "rope_parameters" in config:
        old_rope(config)
        config.pop("layer_types", None)
    else:
        without_prefix(folder)
    path.write_text(json.dumps(config, indent=2))


def write_cases(dest: Path, family: str, count: int, seed: int) -> None:
    rng = random.Random(seed)
    random_config: Callable[[random.Random], Any] = FAMILIES[family]
    for index in range(count):
        torch.manual_seed(seed + index)
        config = random_config(rng)
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
        random_weights(model)
        # Longer than any window, so that what lies before it must not be seen.
        ids = torch.randint(0, config.vocab_size, (2, rng.choice([17, 41, 70])))
        with torch.no_grad():
            logits = model(ids).logits
        folder = dest / str(index)
        model.save_pretrained(folder)
        if index % 2 == 1:
            respell(folder)
        save_file(
            {"case/whole.0/in/input_ids": ids, "case/whole.0/out/logits": logits.contiguous()},
            folder / "golden.safetensors",
            metadata={
                "format": "assay-golden-1",
                "model": f"random {family}",
                "fingerprint": "",
                "producer": "torch",
                "precision": "fp32",
            },
        )


if __name__ == "__main__":
    for name in FAMILIES:
        write_cases(Path(sys.argv[1]) / name, name, int(sys.argv[2]), int(sys.argv[3]))
