"""Writes a checkpoint of the Llama architecture that computes the same function with its channels in another order.

Usage: peers_permute.py MODEL_DIRECTORY OUTPUT_DIRECTORY. Needs torch and safetensors.

Published weights may come from a quantised file (SmolLM2's here do: each block of 32 along a row of a matrix has at most
16 values, those of Q4_1), and quantising them in the same blocks again then loses nothing. Channels of the residual
stream, of the MLP and of each V head may be in any order without changing what the model computes; a seeded random order
mixes the blocks, so that the error of a quantisation is that of weights it has not seen.
"""

import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig


def permuted(weights: dict[str, torch.Tensor], heads: int, kv_heads: int, seed: int = 8) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)

    def order(count: int) -> torch.Tensor:
        return torch.randperm(count, generator=random)

    residual = order(weights["model.norm.weight"].shape[0])
    result: dict[str, torch.Tensor] = {}
    for name in ("model.embed_tokens.weight", "lm_head.weight", "model.norm.weight"):
        if name in weights:
            result[name] = weights[name][..., residual]
    layer = 0
    while f"model.layers.{layer}.input_layernorm.weight" in weights:
        prefix = f"model.layers.{layer}."
        for name in ("input_layernorm", "post_attention_layernorm", "self_attn.q_proj", "self_attn.k_proj"):
            result[f"{prefix}{name}.weight"] = weights[f"{prefix}{name}.weight"][..., residual]

        inner = order(weights[f"{prefix}mlp.down_proj.weight"].shape[1])
        for name in ("mlp.gate_proj", "mlp.up_proj"):
            result[f"{prefix}{name}.weight"] = weights[f"{prefix}{name}.weight"][inner][:, residual]
        result[f"{prefix}mlp.down_proj.weight"] = weights[f"{prefix}mlp.down_proj.weight"][residual][:, inner]

        # One order for each KV head; its query heads' share of the output projection follows.
        values = weights[f"{prefix}self_attn.v_proj.weight"]
        dim = values.shape[0] // kv_heads
        orders = [order(dim) for _ in range(kv_heads)]
        rows = torch.cat([head * dim + orders[head] for head in range(kv_heads)])
        columns = torch.cat([head * dim + orders[head // (heads // kv_heads)] for head in range(heads)])
        result[f"{prefix}self_attn.v_proj.weight"] = values[rows][:, residual]
        result[f"{prefix}self_attn.o_proj.weight"] = weights[f"{prefix}self_attn.o_proj.weight"][residual][:, columns]
        layer += 1
    missing = weights.keys() - result.keys()
    if missing:
        raise SystemExit(f"no order is known for {sorted(missing)[:4]}")
    return result


def main() -> None:
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    config = AutoConfig.from_pretrained(source)
    weights = {
        name: tensor for path in sorted(source.glob("*.safetensors")) for name, tensor in load_file(path).items()
    }
    result = permuted(weights, config.num_attention_heads, config.num_key_value_heads)
    contiguous = {name: tensor.contiguous() for name, tensor in result.items()}
    save_file(contiguous, target / "model.safetensors", metadata={"format": "pt"})
    for path in source.glob("*.json"):
        if not path.name.endswith(".safetensors.index.json"):
            shutil.copyfile(path, target / path.name)


if __name__ == "__main__":
    main()
