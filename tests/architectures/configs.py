"""Random small configs of each family: every feature of the family is on in some of them."""

import random
from collections.abc import Callable
from typing import Any

from transformers import GPT2Config, GPTNeoXConfig, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config


def rope(rng: random.Random) -> dict[str, Any]:
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


def sizes(rng: random.Random) -> dict[str, Any]:
    return {
        "vocab_size": rng.choice([61, 128, 200]),
        "num_hidden_layers": rng.choice([1, 2, 3]),
        "tie_word_embeddings": rng.random() < 0.5,
    }


def grouped(rng: random.Random) -> dict[str, Any]:
    """Llama's kin: gated feed-forward, grouped heads, rotary."""
    kv_heads = rng.choice([1, 2, 4])
    heads = kv_heads * rng.choice([1, 2, 3])
    return {
        **sizes(rng),
        "hidden_size": 64 * heads // rng.choice([1, 2]) if heads % 2 == 0 else 64 * heads,
        "intermediate_size": 64 * rng.choice([1, 3]),
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "max_position_embeddings": 128,
        "rms_norm_eps": rng.choice([1e-5, 1e-6]),
        "rope_parameters": rope(rng),
    }


def head_dim(rng: random.Random) -> int:
    return rng.choice([8, 16, 24, 32, 64])  # 8 and 24 cannot be fused: the cache is appended to


def window(rng: random.Random) -> int:
    return rng.choice([1, 4, 9, 16])


def llama(rng: random.Random) -> LlamaConfig:
    biases = {"attention_bias": rng.random() < 0.4, "mlp_bias": rng.random() < 0.4}
    return LlamaConfig(**grouped(rng), head_dim=head_dim(rng), **biases)


def mistral(rng: random.Random) -> MistralConfig:
    return MistralConfig(
        **grouped(rng), head_dim=head_dim(rng), sliding_window=window(rng) if rng.random() < 0.8 else None
    )


def windows(rng: random.Random) -> dict[str, Any]:
    return {
        "use_sliding_window": rng.random() < 0.7,
        "sliding_window": window(rng),
        "max_window_layers": rng.choice([0, 1]),
    }


def qwen2(rng: random.Random) -> Qwen2Config:
    return Qwen2Config(**grouped(rng), **windows(rng))


def qwen3(rng: random.Random) -> Qwen3Config:
    return Qwen3Config(**grouped(rng), **windows(rng), head_dim=head_dim(rng), attention_bias=rng.random() < 0.4)


def gpt_neox(rng: random.Random) -> GPTNeoXConfig:
    heads = rng.choice([2, 3, 4])
    rotary = {"rope_type": "default", "rope_theta": 10000.0}
    if rng.random() < 0.3:
        rotary = {"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.0}
    return GPTNeoXConfig(
        **sizes(rng),
        hidden_size=heads * rng.choice([16, 32, 64]),
        intermediate_size=64 * rng.choice([1, 3]),
        num_attention_heads=heads,
        max_position_embeddings=128,
        hidden_act=rng.choice(["gelu", "gelu_new", "gelu_fast"]),
        layer_norm_eps=rng.choice([1e-5, 1e-6]),
        use_parallel_residual=rng.random() < 0.5,
        attention_bias=rng.random() < 0.7,
        rope_parameters={**rotary, "partial_rotary_factor": rng.choice([0.25, 0.5, 1.0])},
    )


def gpt2(rng: random.Random) -> GPT2Config:
    heads = rng.choice([2, 3, 4])
    return GPT2Config(
        vocab_size=rng.choice([61, 128, 200]),
        n_layer=rng.choice([1, 2, 3]),
        n_embd=heads * rng.choice([16, 24, 64]),
        n_head=heads,
        n_inner=rng.choice([None, 96]),
        n_positions=128,
        activation_function=rng.choice(["gelu", "gelu_new"]),
        scale_attn_weights=rng.random() < 0.8,
        tie_word_embeddings=rng.random() < 0.5,
    )


FAMILIES: dict[str, Callable[[random.Random], Any]] = {
    "gpt2": gpt2,
    "gpt_neox": gpt_neox,
    "llama": llama,
    "mistral": mistral,
    "qwen2": qwen2,
    "qwen3": qwen3,
}
