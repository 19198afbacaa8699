"""Random small Llama models and what transformers computes with them: directories with config.json, weights and a golden.

Usage: llama_cases.py DEST COUNT SEED. Each case DEST/N holds a Hugging Face directory and golden.safetensors with
case/whole.0/in/input_ids [2, T] and case/whole.0/out/logits [2, T, V].
"""

import json
import random
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM


def random_rope(rng: random.Random) -> dict[str, object]:
    theta = rng.choice([10000.0, 500000.0])
    kind = rng.choice(["default", "linear", "llama3"])
    if kind == "default":
        return {"rope_type": "default", "rope_theta": theta}
    if kind == "linear":
        return {"rope_type": "linear", "rope_theta": theta, "factor": rng.choice([2.0, 4.0])}
    return {
        "rope_type": "llama3",
        "rope_theta": theta,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32,
    }


def random_config(rng: random.Random) -> LlamaConfig:
    kv_heads = rng.choice([1, 2, 4])
    heads = kv_heads * rng.choice([1, 2, 3])
    head_dim = rng.choice([8, 16, 24, 32, 64])  # 8 and 24 cannot be fused: the cache is appended to
    return LlamaConfig(
        vocab_size=rng.choice([61, 128, 200]),
        hidden_size=64 * heads // rng.choice([1, 2]) if heads % 2 == 0 else 64 * heads,
        intermediate_size=64 * rng.choice([1, 3]),
        num_hidden_layers=rng.choice([1, 2, 3]),
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=head_dim,
        max_position_embeddings=128,
        rms_norm_eps=rng.choice([1e-5, 1e-6]),
        rope_parameters=random_rope(rng),
        attention_bias=rng.random() < 0.4,
        mlp_bias=rng.random() < 0.4,
        tie_word_embeddings=rng.random() < 0.5,
        attn_implementation="eager",
    )


def respell(path: Path) -> None:
    """Writes the rope keys as transformers did before version 5."""
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    kind = rope.pop("rope_type")
    config["rope_scaling"] = None if kind == "default" else {"type" if kind == "linear" else "rope_type": kind, **rope}
    path.write_text(json.dumps(config, indent=2))


def main(dest: Path, count: int, seed: int) -> None:
    rng = random.Random(seed)
    for index in range(count):
        torch.manual_seed(seed + index)
        config = random_config(rng)
        model = LlamaForCausalLM(config).eval()
        with torch.no_grad():
            for weight in model.parameters():  # nothing is left at ones or zeros
                spread = 0.3 if weight.dim() == 1 else weight.shape[-1] ** -0.5
                weight.add_(torch.randn_like(weight) * spread)
            ids = torch.randint(0, config.vocab_size, (2, rng.choice([5, 17, 70])))
            logits = model(ids).logits
        folder = dest / str(index)
        model.save_pretrained(folder)
        if index % 2 == 1:
            respell(folder / "config.json")
        save_file(
            {"case/whole.0/in/input_ids": ids, "case/whole.0/out/logits": logits.contiguous()},
            folder / "golden.safetensors",
            metadata={
                "format": "assay-golden-1",
                "model": "random llama",
                "fingerprint": "",
                "producer": "torch",
                "precision": "fp32",
            },
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
