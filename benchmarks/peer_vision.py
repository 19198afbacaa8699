"""The peers of images: torch eager, the same network exported from torch and run by onnxruntime's Python, OpenVINO's benchmark_app.

Usage: peer_vision.py MODEL_DIRECTORY FOLDER [THREADS]. Answers one JSON line for each line it reads. Commands:
{"do": "torch" | "onnxruntime", "batch": n, "passes": n} times passes over the pixels of FOLDER/pixels-BATCH.npy and gives the last one's logits;
{"do": "benchmark_app", "path": graph, "batch": n, "seconds": n} gives what OpenVINO's own tool reports.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import transformers
from transformers import AutoModelForImageClassification


def export(model: torch.nn.Module, path: str, pixels: torch.Tensor) -> None:
    """As users export: constants folded, the batch free."""
    names = {"input_names": ["pixel_values"], "output_names": ["logits"]}
    free = {"pixel_values": {0: "batch"}, "logits": {0: "batch"}}
    model.config.return_dict = False
    torch.onnx.export(model, (pixels,), path, opset_version=17, dynamo=False, dynamic_axes=free, **names)
    model.config.return_dict = True


def timed(run: Callable[[], np.ndarray], passes: int) -> dict[str, object]:
    times = []
    for _ in range(passes):
        start = time.perf_counter()
        logits = run()
        times.append((time.perf_counter() - start) * 1e3)
    return {"passMs": times, "logits": logits.flatten().tolist()}


def benchmark_app(path: str, batch: int, seconds: int, threads: int) -> dict[str, object]:
    shape = f"pixel_values[{batch},3,224,224]"
    arguments = [
        "-m",
        path,
        "-d",
        "CPU",
        "-shape",
        shape,
        "-hint",
        "none",
        "-nstreams",
        "1",
        "-nireq",
        "1",
        "-nthreads",
        str(threads),
    ]
    # Synchronous, in fp32, one stream of all threads: what the worker does.
    arguments += ["-api", "sync", "-infer_precision", "f32", "-t", str(seconds)]
    script = "from openvino.tools.benchmark.main import main; main()"
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    median = re.search(r"Median:\s+([\d.]+) ms", done.stdout)
    if median is None:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return {"medianMs": float(median.group(1))}


def main() -> None:
    directory, folder, *rest = sys.argv[1:]
    threads = int(rest[0]) if rest else torch.get_num_threads()
    torch.set_num_threads(threads)
    model = AutoModelForImageClassification.from_pretrained(directory, dtype=torch.float32).eval()
    pixels = {
        batch: np.load(f"{folder}/pixels-{batch}.npy") for batch in json.loads(Path(folder, "batches.json").read_text())
    }
    with torch.inference_mode():
        export(model, f"{folder}/torch.onnx", torch.from_numpy(next(iter(pixels.values()))))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.enable_cpu_mem_arena = False  # as Assay's own sessions
    session = onnxruntime.InferenceSession(f"{folder}/torch.onnx", options, providers=["CPUExecutionProvider"])
    runtime = (
        f"torch {torch.__version__}, transformers {transformers.__version__}, onnxruntime {onnxruntime.__version__}"
    )
    print(json.dumps({"runtime": runtime, "threads": threads}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        match command["do"]:
            case "torch":
                given = torch.from_numpy(pixels[command["batch"]])
                with torch.inference_mode():
                    answer = timed(lambda: model(given).logits.numpy(), command["passes"])  # noqa: B023
            case "onnxruntime":
                feed = {"pixel_values": pixels[command["batch"]]}
                answer = timed(lambda: session.run(["logits"], feed)[0], command["passes"])  # noqa: B023
            case "benchmark_app":
                answer = benchmark_app(command["path"], command["batch"], command["seconds"], threads)
            case unknown:
                raise ValueError(unknown)
        print(json.dumps(answer), flush=True)


main()
