"""What transformers computes with a checkpoint, as a golden. Usage: golden.py CHECKPOINT GOLDEN."""

import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

PROMPTS = {
    "capital": "The capital of France is",
    "code": "def fibonacci(n):\n",
    "sum": "2 + 2 =",
    "list": "Monday, Tuesday, Wednesday,",
    "word": "The",
    "science": "Water boils at 100 degrees Celsius at sea level because",
    "story": "Once upon a time, in a small village by the sea,",
    "numbers": "1, 1, 2, 3, 5, 8, 13,",
    "question": "Question: What is the largest planet in the solar system?\nAnswer:",
    "unicode": "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich —",
}
NEW_TOKENS = 8


def main(checkpoint: str, path: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32).eval()
    tensors = {}
    with torch.no_grad():
        for name, text in PROMPTS.items():
            ids = tokenizer(text, return_tensors="pt").input_ids
            chosen: list[int] = []
            cache = None
            step = ids
            for _ in range(NEW_TOKENS):
                output = model(step, past_key_values=cache, use_cache=True)
                if not chosen:
                    tensors[f"case/logits.{name}/in/input_ids"] = ids
                    tensors[f"case/logits.{name}/out/logits"] = output.logits.contiguous()
                cache = output.past_key_values
                step = output.logits[:, -1:].argmax(-1)
                chosen.append(step)
                if step.item() == tokenizer.eos_token_id:  # as generate() ends
                    break
            tensors[f"case/generate.{name}/in/input_ids"] = ids.clone()
            tensors[f"case/generate.{name}/out/sequences"] = torch.cat(chosen, 1)
            print(f"{name}: {tokenizer.decode(torch.cat(chosen, 1)[0])!r}")
    metadata = {
        "format": "assay-golden-1",
        "model": "SmolLM2-135M-Instruct",
        "fingerprint": "",
        "producer": "transformers",
        "precision": "fp32",
    }
    save_file(tensors, path, metadata=metadata)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
