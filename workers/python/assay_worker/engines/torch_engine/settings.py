"""Options of the engine, and what torch says of itself that could explain a result."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from ...failure import invalid
from ...parameters import Option, check_options, flag

OPTIONS = ("threads", "tf32", "compile", "attn_implementation", "channels_last")


@dataclass(frozen=True)
class Options:
    compile: bool
    # `eager`, `sdpa`, or what transformers knows besides; None: its own choice.
    attn_implementation: str | None
    # Images and filters with their channels side by side; language models have none.
    channels_last: bool


def apply_options(options: Mapping[str, Option]) -> Options:
    """Sets what belongs to the whole process, and only where it was asked for. Raises WorkerError `invalid-request`."""
    check_options(options, OPTIONS)
    threads = options.get("threads")
    if threads is not None:
        if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
            raise invalid(f"the option threads must be a positive whole number, and is {threads!r}")
        torch.set_num_threads(threads)
    tf32 = flag(options, "tf32")
    if tf32 is not None:
        torch.set_float32_matmul_precision("high" if tf32 else "highest")
        torch.backends.cudnn.allow_tf32 = tf32
    attention = options.get("attn_implementation")
    if attention is not None and not isinstance(attention, str):
        raise invalid(f"the option attn_implementation must be a name such as eager or sdpa, and is {attention!r}")
    return Options(bool(flag(options, "compile")), attention, bool(flag(options, "channels_last")))


def settings_of(device: torch.device, options: Options, attention: str | None, compiled_as: str) -> dict[str, str]:
    """`attention`: how a model computes it, None where it does not say; `compiled_as`: for which shapes it would be compiled."""
    settings = {
        "threads": str(torch.get_num_threads()),
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        **({} if attention is None else {"attn_implementation": attention}),
        **({"channels_last": "True"} if options.channels_last else {}),
        "compile": compiled_as if options.compile else "off",
        "deterministic_algorithms": str(torch.are_deterministic_algorithms_enabled()),
    }
    if device.type == "cpu":
        settings["mkldnn"] = str(torch.backends.mkldnn.is_available())
    if device.type == "cuda":
        matmul = torch.backends.cuda.matmul
        settings["cuda.matmul.allow_tf32"] = str(matmul.allow_tf32)
        settings["cudnn.allow_tf32"] = str(torch.backends.cudnn.allow_tf32)
        settings["cuda.matmul.allow_fp16_reduced_precision_reduction"] = str(
            matmul.allow_fp16_reduced_precision_reduction
        )
        settings["cuda.matmul.allow_bf16_reduced_precision_reduction"] = str(
            matmul.allow_bf16_reduced_precision_reduction
        )
    return settings
