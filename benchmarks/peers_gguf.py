"""Writes a Hugging Face directory of the Llama architecture as a GGUF file for llama.cpp.

Usage: peers_gguf.py MODEL_DIRECTORY TYPE FILE, with TYPE one of F32, BF16, Q8_0, Q4_0, Q4_1. Needs numpy and gguf.

Matrices are quantised by gguf's own code, which gives the bytes of ggml's reference quantisation. In Q4 files a head that
is tied to the embedding is Q8_0: llama-quantize makes it Q6_K, and Q8_0 where the width is no multiple of Q6_K's 256
(`llama_tensor_get_type` in llama.cpp's src/llama-quant.cpp), as here with SmolLM2's 576. Norms stay F32.
"""

import json
import struct
import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from gguf.quants import quantize

NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def read_safetensors(directory: Path) -> dict[str, np.ndarray]:
    """Every tensor in float32, which holds bf16 and f16 exactly."""
    tensors: dict[str, np.ndarray] = {}
    for path in sorted(directory.glob("*.safetensors")):
        raw = path.read_bytes()
        (size,) = struct.unpack("<Q", raw[:8])
        for name, entry in json.loads(raw[8 : 8 + size]).items():
            if name == "__metadata__":
                continue
            begin, end = (8 + size + offset for offset in entry["data_offsets"])
            tensors[name] = in_float32(raw[begin:end], entry["dtype"]).reshape(entry["shape"])
    return tensors


def in_float32(data: bytes, dtype: str) -> np.ndarray:
    if dtype == "BF16":
        return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(data, {"F32": np.float32, "F16": np.float16}[dtype]).astype(np.float32)


def interleave_rotary(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rows of Q or K from rotary halves to rotary pairs, which llama.cpp's rope for this architecture turns.

    `LlamaModel.permute` of llama.cpp's convert_hf_to_gguf.py.
    """
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def gguf_name(name: str) -> str:
    outer = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    stem = name.removesuffix(".weight")
    if stem in outer:
        return f"{outer[stem]}.weight"
    _, _, layer, inner = stem.split(".", 3)
    return f"blk.{layer}.{NAMES[inner]}.weight"


def type_of(name: str, tensor: np.ndarray, wanted: gguf.GGMLQuantizationType, tied: bool) -> gguf.GGMLQuantizationType:
    kinds = gguf.GGMLQuantizationType
    if tensor.ndim == 1:
        return kinds.F32
    head = "token_embd.weight" if tied else "output.weight"
    return kinds.Q8_0 if name == head and wanted.name.startswith("Q4") else wanted


def add_config(writer: gguf.GGUFWriter, config: dict[str, Any]) -> None:
    rope = config.get("rope_parameters") or {"rope_theta": config.get("rope_theta", 10000.0)}
    heads = config["num_attention_heads"]
    if config.get("attention_bias") or config.get("mlp_bias") or rope.get("rope_type", "default") != "default":
        raise SystemExit("only Llama without biases and without rope scaling is written")
    writer.add_name("weights as given")
    writer.add_vocab_size(config["vocab_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads", heads))
    writer.add_rope_dimension_count(config.get("head_dim") or config["hidden_size"] // heads)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])


def add_tokenizer(writer: gguf.GGUFWriter, directory: Path, vocabulary: int) -> None:
    tokenizer = json.loads((directory / "tokenizer.json").read_text())
    tokens = [f"[PAD{i}]" for i in range(vocabulary)]
    types = [gguf.TokenType.UNUSED] * vocabulary
    for token, i in tokenizer["model"]["vocab"].items():
        tokens[i], types[i] = token, gguf.TokenType.NORMAL
    for added in tokenizer["added_tokens"]:
        kind = gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
        tokens[added["id"]], types[added["id"]] = added["content"], kind
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    # Only how text is split depends on this; the benchmarks feed token ids.
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    config = json.loads((directory / "config.json").read_text())
    for key, add in (("bos_token_id", writer.add_bos_token_id), ("eos_token_id", writer.add_eos_token_id)):
        if config.get(key) is not None:
            add(config[key])
    writer.add_add_bos_token(False)


def main() -> None:
    directory, wanted, path = Path(sys.argv[1]), gguf.GGMLQuantizationType[sys.argv[2]], sys.argv[3]
    config = json.loads((directory / "config.json").read_text())
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    writer = gguf.GGUFWriter(path, "llama")
    add_config(writer, config)
    add_tokenizer(writer, directory, config["vocab_size"])
    # ALL_F32 is 0 and says nothing of the rest; llama.cpp reads the type of each tensor.
    writer.add_file_type(
        gguf.LlamaFileType.ALL_F32 if wanted.name == "F32" else gguf.LlamaFileType[f"MOSTLY_{wanted.name}"]
    )
    tensors = read_safetensors(directory)
    tied = bool(config.get("tie_word_embeddings"))
    for original, tensor in tensors.items():
        name = gguf_name(original)
        rotary_heads = heads.get(name.split(".")[-2])
        values = tensor if rotary_heads is None else interleave_rotary(tensor, rotary_heads)
        kind = type_of(name, values, wanted, tied)
        writer.add_tensor(name, quantize(np.ascontiguousarray(values), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
