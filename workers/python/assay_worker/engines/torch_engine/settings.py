"""Options of the engine, and what torch says of itself that could explain a result."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from ...failure import invalid
from ...parameters import Option, check_options, flag
from ...product_type import SIZE, float32_product_type

OPTIONS = ("threads", "tf32", "compile", "attn_implementation")


@dataclass(frozen=True)
class Options:
    compile: bool
    # `eager`, `sdpa`, or what transformers knows besides; None: its own choice.
    attn_implementation: str | None


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
    return Options(bool(flag(options, "compile")), attention)


def settings_of(device: torch.device, options: Options, attention: str) -> dict[str, str]:
    settings = {
        "threads": str(torch.get_num_threads()),
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "attn_implementation": attention,
        "compile": "inductor, dynamic shapes" if options.compile else "off",
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


def float32_product_on(device: torch.device) -> str:
    """In which type the device multiplies float32 matrices, with the settings as they are now."""
    identity = torch.eye(SIZE, device=device)

    def is_exact(value: float) -> bool:
        x = torch.full((SIZE, SIZE), value, device=device)
        return bool((torch.nn.functional.linear(x, identity) == x).all())

    return float32_product_type(is_exact)


def evidence_of_reduced_products(device: torch.device) -> str:
    """The property of torch that lets float32 products run in a shorter type."""
    if device.type == "cuda":
        return f"torch.backends.cuda.matmul.allow_tf32 is {torch.backends.cuda.matmul.allow_tf32}"
    return f"torch.get_float32_matmul_precision() is {torch.get_float32_matmul_precision()}"


REMEDY = "options: { torch: { tf32: false } }"
