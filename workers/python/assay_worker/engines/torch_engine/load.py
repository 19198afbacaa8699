"""A directory in Hugging Face's layout -> a model of transformers on a device."""

import os
import re
from typing import Any

import torch
import transformers

from ...engine import Loaded, value_description
from ...failure import WorkerError, invalid, worker_error
from ...parameters import Load, refuse_form
from .devices import DTYPES, device_of
from .memory import held_bytes
from .model import CausalLanguageModel
from .placement import observe_placement
from .settings import REMEDY, Options, apply_options, evidence_of_reduced_products, float32_product_on, settings_of

# Names of architectures in config.json -> the class of transformers that loads them. Another kind of model is another line.
AUTO_CLASSES = {r"(ForCausalLM|LMHeadModel)$": "AutoModelForCausalLM"}

# What inductor says where its back end's compiler is not there: C++ for the CPU, Triton for GPUs.
NO_COMPILER = re.compile(
    r"InvalidCxxCompiler|No working C\+\+ compiler|working triton installation|TritonMissing", re.IGNORECASE
)


def load(params: Load) -> Loaded:
    """Raises WorkerError."""
    refuse_form("torch", params.form, "huggingface")
    dtype = DTYPES.get(params.precision)
    if dtype is None:
        raise WorkerError("unsupported", f"torch takes {', '.join(DTYPES)}, not {params.precision}")
    device = device_of(params.device)
    options = apply_options(params.options)
    network = _load_network(params.path, dtype, device, options)
    model = CausalLanguageModel(network, device)
    float32_product = float32_product_on(device) if dtype == torch.float32 else "fp32"
    with torch.inference_mode():
        placement = observe_placement(model.smallest_pass, float32_product)
    if params.precision not in placement["computedIn"][:1] and float32_product != "fp32":
        placement |= {"evidence": evidence_of_reduced_products(device), "remedy": REMEDY}
    if options.compile:
        _compile(model)
    return Loaded(
        model=model,
        inputs=[value_description(name, "i64", ["batch", "tokens"]) for name in model.input_names],
        outputs=[value_description("logits", "f32", ["batch", "tokens", model.language().vocabulary])],
        placement=placement,
        memory_bytes=held_bytes(device),
        settings=settings_of(device, options, network.config._attn_implementation or "eager"),
    )


def _load_network(path: str, dtype: torch.dtype, device: torch.device, options: Options) -> Any:
    if not os.path.isfile(os.path.join(path, "config.json")):
        raise invalid(f"{path} holds no config.json")
    transformers.utils.logging.disable_progress_bar()
    attention = {} if options.attn_implementation is None else {"attn_implementation": options.attn_implementation}
    try:
        config = transformers.AutoConfig.from_pretrained(path, local_files_only=True)
        network, report = _auto_class(config).from_pretrained(
            path, config=config, dtype=dtype, local_files_only=True, output_loading_info=True, **attention
        )
    except Exception as error:
        raise worker_error(error, f"loading {path}") from error
    # transformers fills what a checkpoint lacks with random numbers, and only warns.
    lacking = [*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])]
    if lacking:
        raise invalid(f"{path} lacks {len(lacking)} of the model's weights, {min(lacking)} among them")
    return network.to(device).eval().requires_grad_(False)


def _auto_class(config: Any) -> Any:
    architectures = config.architectures or []
    for name in architectures:
        for pattern, auto_class in AUTO_CLASSES.items():
            if re.search(pattern, name):
                return getattr(transformers, auto_class)
    known = transformers.models.auto.modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    if not architectures and config.model_type in known:
        return transformers.AutoModelForCausalLM
    what = ", ".join(architectures) or f"the type {config.model_type}"
    raise WorkerError("unsupported", f"this worker runs causal language models with torch, not {what}")


def _compile(model: CausalLanguageModel) -> None:
    """Compiles, and makes the two kinds of passes: what a compiler cannot do here is said at load, and its time is load's."""
    try:
        model.compile()
    except Exception as error:
        message = f"torch.compile: {type(error).__name__}: {str(error).strip()[:500]}"
        raise WorkerError("unsupported" if NO_COMPILER.search(message) else "failed", message) from error
