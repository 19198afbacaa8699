"""In which type torch multiplies float32 matrices and filters, and which of its properties says so."""

from dataclasses import dataclass

import torch
from torch.nn.functional import conv2d

from ...product_type import SIZE, float32_product_type

REMEDY = "options: { torch: { tf32: false } }"


@dataclass(frozen=True)
class ProductType:
    """`type`: in which the products are computed; `evidence`: the property of torch that lets them be shorter than float32."""

    type: str
    evidence: str
    remedy: str = REMEDY


def float32_products_on(device: torch.device) -> dict[str, ProductType]:
    """Of products of matrices and of convolutions, with the settings as they are now: cuDNN has a property of its own."""
    return {
        "matrix": ProductType(_matrix_product(device), _evidence_of_matrices(device)),
        "filter": ProductType(_filter_product(device), _evidence_of_filters(device)),
    }


def _matrix_product(device: torch.device) -> str:
    identity = torch.eye(SIZE, device=device)

    def is_exact(value: float) -> bool:
        x = torch.full((SIZE, SIZE), value, device=device)
        return bool((torch.nn.functional.linear(x, identity) == x).all())

    return float32_product_type(is_exact)


def _filter_product(device: torch.device) -> str:
    """Filters of 3x3 that hand each channel on as it is."""
    filters = torch.zeros(SIZE, SIZE, 3, 3, device=device)
    filters[:, :, 1, 1] = torch.eye(SIZE, device=device)

    def is_exact(value: float) -> bool:
        x = torch.full((1, SIZE, 14, 14), value, device=device)
        return bool((conv2d(x, filters, padding=1) == x).all())

    return float32_product_type(is_exact)


def _evidence_of_matrices(device: torch.device) -> str:
    if device.type == "cuda":
        return f"torch.backends.cuda.matmul.allow_tf32 is {torch.backends.cuda.matmul.allow_tf32}"
    return f"torch.get_float32_matmul_precision() is {torch.get_float32_matmul_precision()}"


def _evidence_of_filters(device: torch.device) -> str:
    if device.type == "cuda":
        return f"torch.backends.cudnn.allow_tf32 is {torch.backends.cudnn.allow_tf32}"
    return _evidence_of_matrices(device)
