"""What transformers makes of the recipe and of the models that ship, as JSON; PYTHONPATH is the recipe's folder."""

import json
from typing import Any

import torch
from safetensors.torch import load_file
from shipped import heldout_windows, load, negative_log_likelihoods, workload
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig, PreTrainedModel
from variants import VARIANTS, Variant

# What save_pretrained adds to a configuration.
SAVED = ("architectures", "dtype", "transformers_version", "_name_or_path")


def plain(config: PreTrainedConfig) -> dict[str, Any]:
    """The configuration without what is only known when a model is saved."""
    return {key: value for key, value in config.to_dict().items() if key not in SAVED}


def largest(difference: torch.Tensor) -> float:
    """The largest absolute value."""
    return difference.abs().max().item()


@torch.inference_mode()
def packing(variant: Variant) -> dict[str, float]:
    """Seeded weights: the logits of a document after another one in the same row, as the batches of the training are."""
    torch.manual_seed(7)
    model = AutoModelForCausalLM.from_config(variant.config).eval()
    before, after = 60, 80
    row = torch.randint(1, variant.config.vocab_size, (1, before + after))
    positions = torch.cat([torch.arange(before), torch.arange(after)])[None]
    other = row.clone()
    other[:, :before] = torch.randint(1, variant.config.vocab_size, (1, before))
    packed, repacked = (model(input_ids=ids, position_ids=positions, use_cache=False).logits for ids in (row, other))
    alone = model(input_ids=row[:, before:], use_cache=False).logits
    return {
        "alone": largest(alone),
        "together": largest(packed[:, before:] - alone),
        "whatStandsBefore": largest(packed[:, before:] - repacked[:, before:]),
    }


@torch.inference_mode()
def change(model: PreTrainedModel, ids: torch.Tensor, back: int) -> float:
    """How much the last position's logits change where the token so many positions before it is another one."""
    other = ids.clone()
    place = ids.shape[1] - 1 - back
    other[0, place] = (ids[0, place] + 1) % model.config.vocab_size
    return largest(model(input_ids=other).logits[0, -1] - model(input_ids=ids).logits[0, -1])


def window(variant: Variant) -> dict[str, Any]:
    """The shipped model with a sliding window: its reach, and its golden with the window and without it."""
    model, tokenizer = load(variant.directory)
    layers, width = model.config.num_hidden_layers, model.config.sliding_window
    prompts = [len(tokenizer(prompt["text"]).input_ids) for prompt in workload(variant.directory)["prompts"]]
    ids = heldout_windows(variant.directory, tokenizer)[0]
    reach = layers * (width - 1)
    backs = [0, 1, width - 1, width, 2 * (width - 1), reach, reach + 1, reach + 2, 2 * reach, ids.shape[1] - 1]
    golden = load_file(variant.directory / "goldens" / "torch-fp32.safetensors")["case/perplexity.0/out/nll"]
    windowed = largest(negative_log_likelihoods(model, ids) - golden)
    config = AutoConfig.from_pretrained(variant.directory, sliding_window=None)
    wide = AutoModelForCausalLM.from_pretrained(variant.directory, config=config, dtype=torch.float32).eval()
    unwindowed = largest(negative_log_likelihoods(wide, ids) - golden)
    # In fp64, since what the far end of the reach adds may be less than fp32 holds.
    exact = model.double()
    return {
        "layers": layers,
        "window": width,
        "context": model.config.max_position_embeddings,
        "longestPrompt": max(prompts),
        "changes": [{"back": back, "maxAbs": change(exact, ids, back)} for back in backs],
        "fromGolden": {"windowed": windowed, "unwindowed": unwindowed},
    }


def main() -> None:
    """Prints it all."""
    by_name = {variant.name: variant for variant in VARIANTS}
    claims = {
        "variants": {
            name: {
                "config": plain(AutoConfig.from_pretrained(variant.directory)),
                "recipe": plain(variant.config),
            }
            for name, variant in by_name.items()
        },
        "packing": {name: packing(variant) for name, variant in by_name.items()},
        "window": window(by_name["mistral"]),
    }
    print(json.dumps(claims))


if __name__ == "__main__":
    main()
