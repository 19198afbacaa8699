"""The peer: transformers on torch, fp32, eager, greedy with its own cache. Answers one JSON line for each line it reads.

Usage: peer_torch.py MODEL_DIRECTORY [THREADS]. Commands: {"do": "generate", "input": [ids], "tokens": n}; {"do": "read"};
{"do": "logits", "windows": [[ids], ...], "file": path}, which writes float32 [positions of all windows, vocabulary].
"""

import itertools
import json
import sys
import time

import torch
import transformers
from transformers import AutoModelForCausalLM


def generate(model: torch.nn.Module, ids: list[int], count: int) -> dict[str, object]:
    tokens = torch.tensor([ids])
    clock = [time.perf_counter()]
    chosen: list[int] = []
    cache = None
    with torch.inference_mode():
        for _ in range(count):
            # Logits of the last position alone, as in transformers' own generate().
            out = model(tokens, past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache = out.past_key_values
            tokens = out.logits[:, -1].argmax(-1, keepdim=True)
            chosen.append(int(tokens))
            clock.append(time.perf_counter())
    steps = [(b - a) * 1e3 for a, b in itertools.pairwise(clock)]
    return {"prefillMs": steps[0], "stepMs": steps[1:], "tokens": chosen}


def read(tensor: torch.Tensor) -> dict[str, float]:
    """GB/s at which both cores read memory: the best of a few sums of a tensor far larger than the caches."""
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        tensor.sum()
        best = min(best, time.perf_counter() - start)
    return {"gbPerSecond": tensor.numel() * 4 / best / 1e9}


def write_logits(model: torch.nn.Module, windows: list[list[int]], path: str) -> dict[str, int]:
    with torch.inference_mode(), open(path, "wb") as file:
        for window in windows:
            file.write(model(torch.tensor([window])).logits[0].numpy().tobytes())
    return {"positions": sum(map(len, windows))}


def main() -> None:
    if len(sys.argv) > 2:
        torch.set_num_threads(int(sys.argv[2]))
    model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float32).eval()
    buffer = torch.ones(64 << 20)  # 256 MiB
    runtime = f"transformers {transformers.__version__} on torch {torch.__version__}"
    print(json.dumps({"runtime": runtime, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        answer: object
        if command["do"] == "generate":
            answer = generate(model, command["input"], command["tokens"])
        elif command["do"] == "logits":
            answer = write_logits(model, command["windows"], command["file"])
        else:
            answer = read(buffer)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
