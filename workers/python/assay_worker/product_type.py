"""In which type a device really multiplies float32 matrices, whatever its properties say."""

from collections.abc import Callable

# Large enough for the kernels that real models get.
SIZE = 256


def float32_product_type(is_exact: Callable[[float], bool]) -> str:
    """`fp32`, `tf32`, `fp16` or `bf16`. `is_exact(value)`: whether a float32 matrix of that value times the identity is itself.

    The product is exact in every type that holds the value. TF32 and fp16 keep 10 bits after the leading one, bf16 7, and fp16
    ends at 65504 (IEEE 754; NVIDIA, A100 whitepaper, 2020).
    """
    if is_exact(1 + 2.0**-12):
        return "fp32"
    if not is_exact(1 + 2.0**-9):
        return "bf16"
    return "tf32" if is_exact(2.0**17) else "fp16"
