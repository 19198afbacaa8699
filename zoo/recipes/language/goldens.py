"""Makes the golden of a model: what transformers on torch computes in fp32 on the CPU for the shipped workload.

python zoo/recipes/language/goldens.py llama
"""

import hashlib
import json
from pathlib import Path

import torch
import transformers
from safetensors.torch import save
from shipped import generate, heldout_windows, load, negative_log_likelihoods, workload
from variants import asked

LOGITS_PROMPTS = 12
EVENLY = 16


def fingerprint(directory: Path) -> str:
    """The sha256 of what `LC_ALL=C; sha256sum config.json *.safetensors` prints in a model directory."""
    files = sorted([directory / "config.json", *directory.glob("*.safetensors")], key=lambda path: path.name.encode())
    lines = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)
    return hashlib.sha256(lines.encode()).hexdigest()


def sampled_positions(length: int) -> list[int]:
    """Positions on both sides of each power of two, some evenly between, and the last."""
    powers = [2**exponent for exponent in range(length.bit_length()) if 2**exponent < length]
    evenly = [part * length // EVENLY for part in range(EVENLY)]
    return sorted({length - 1, *evenly, *(p for power in powers for p in (power - 1, power))})


def cases(directory: Path) -> dict[str, torch.Tensor]:
    """Logits of the first prompts, generations of all of them, likelihoods of the held-out text, and logits of a long one."""
    model, tokenizer = load(directory)
    plan = workload(directory)
    tensors: dict[str, torch.Tensor] = {}
    for index, prompt in enumerate(plan["prompts"]):
        input_ids = tokenizer(prompt["text"], return_tensors="pt").input_ids
        if index < LOGITS_PROMPTS:
            with torch.inference_mode():
                logits = model(input_ids=input_ids).logits
            tensors[f"case/logits.{prompt['id']}/in/input_ids"] = input_ids
            tensors[f"case/logits.{prompt['id']}/out/logits"] = logits
        generation = generate(model, input_ids, plan["maxNewTokens"])
        tensors[f"case/generate.{prompt['id']}/in/input_ids"] = input_ids
        tensors[f"case/generate.{prompt['id']}/out/sequences"] = generation.ids
        tensors[f"case/generate.{prompt['id']}/out/margins"] = generation.margins
    for index, window in enumerate(heldout_windows(directory, tokenizer)):
        tensors[f"case/perplexity.{index}/in/input_ids"] = window
        tensors[f"case/perplexity.{index}/out/nll"] = negative_log_likelihoods(model, window)
    text = torch.cat(heldout_windows(directory, tokenizer), dim=1)
    input_ids = text[:, : model.config.max_position_embeddings]
    sampled = sampled_positions(input_ids.shape[1])
    with torch.inference_mode():
        logits = model(input_ids=input_ids).logits
    tensors["case/long-context.0/in/input_ids"] = input_ids
    tensors["case/long-context.0/in/sampled_positions"] = torch.tensor([sampled])
    tensors["case/long-context.0/out/sampled_logits"] = logits[:, sampled]
    return {name: tensor.clone().contiguous() for name, tensor in tensors.items()}


def with_sorted_metadata(file: bytes) -> bytes:
    """The same safetensors file with its metadata in order, which `save` leaves to chance."""
    size = int.from_bytes(file[:8], "little")
    header = json.loads(file[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode().ljust(size)
    return file[:8] + text + file[8 + size :]


def main() -> None:
    """Writes the golden."""
    variant = asked("Makes the golden of a model of the zoo.")
    torch.set_num_threads(1)
    versions = {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}
    producer = {"engine": "torch", "device": "cpu", "versions": versions}
    metadata = {
        "format": "assay-golden-1",
        "model": f"zoo/{variant.name}",
        "fingerprint": fingerprint(variant.directory),
        "producer": json.dumps(producer),
        "precision": "fp32",
    }
    golden = variant.directory / "goldens" / "torch-fp32.safetensors"
    golden.parent.mkdir(exist_ok=True)
    golden.write_bytes(with_sorted_metadata(save(cases(variant.directory), metadata)))


if __name__ == "__main__":
    main()
