"""The peer: onnxruntime-genai on a model that its own builder made, greedy. Answers one JSON line for each line it reads.

Usage: peer_genai.py MODEL_DIRECTORY THREADS. Commands as in peer_torch.py: `generate` and `logits`.
"""

import itertools
import json
import sys
import time
from typing import Any

import numpy as np
import onnxruntime_genai as og


def start(model: Any, length: int) -> Any:
    """A generator whose cache has `length` slots: the buffer is shared by past and present, and each step pays for all of it."""
    params = og.GeneratorParams(model)
    params.set_search_options(max_length=length, do_sample=False)
    return og.Generator(model, params)


def generate(model: Any, ids: list[int], count: int) -> dict[str, object]:
    generator = start(model, len(ids) + count)
    clock = [time.perf_counter()]
    generator.append_tokens(np.array([ids], dtype=np.int32))
    for _ in range(count):
        generator.generate_next_token()
        clock.append(time.perf_counter())
    steps = [(b - a) * 1e3 for a, b in itertools.pairwise(clock)]
    chosen = [int(token) for token in generator.get_sequence(0)[len(ids) :]]
    return {"prefillMs": steps[0], "stepMs": steps[1:], "tokens": chosen}


def write_logits(model: Any, windows: list[list[int]], path: str) -> dict[str, int]:
    with open(path, "wb") as file:
        for window in windows:
            generator = start(model, len(window) + 1)
            generator.append_tokens(np.array([window], dtype=np.int32))
            file.write(np.ascontiguousarray(generator.get_output("logits")[0], dtype=np.float32).tobytes())
    return {"positions": sum(map(len, windows))}


def main() -> None:
    config = og.Config(sys.argv[1])
    threads = {"intra_op_num_threads": int(sys.argv[2])}
    config.overlay(json.dumps({"model": {"decoder": {"session_options": threads}}}))
    model = og.Model(config)
    print(json.dumps({"runtime": f"onnxruntime-genai {og.__version__}"}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "generate":
            answer: object = generate(model, command["input"], command["tokens"])
        else:
            answer = write_logits(model, command["windows"], command["file"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
