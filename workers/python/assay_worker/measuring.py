"""Timed loops. Nothing but the device is in the timed region."""

import time
from collections.abc import Callable
from typing import Any

from .engine import Model
from .frames import Tensor
from .generation import generate_tokens, read_request, sequences_of
from .parameters import Measure
from .serve import Answer, Turn


def measure(model: Model, params: Measure, tensors: dict[str, Tensor], turn: Turn) -> Answer:
    if params.workload == "generate":
        return _measure_generations(model, params, tensors, turn)
    return _measure_forward(model, params, tensors, turn)


def _measure_generations(model: Model, params: Measure, tensors: dict[str, Tensor], turn: Turn) -> Answer:
    request = read_request(model, tensors, params.new_tokens, frozenset(), params.prefill_chunk)
    samples: list[dict[str, list[float]]] = []
    sequences: list[bytes] = []
    chunk = 0

    def generation(is_measured: bool) -> None:
        nonlocal chunk
        made = generate_tokens(model, request, turn)
        chunk = made.prefill_chunk
        if is_measured:
            samples.append({"tokenMs": made.token_ms, "deviceMs": made.device_ms, "selectMs": made.select_ms})
            sequences.append(sequences_of(made))

    peak = _repeat(model, params, turn, generation)
    shape = (len(sequences), request.prompt.batch, params.new_tokens)
    result: dict[str, Any] = {"generations": samples, "forwardMs": [], "peakMemoryBytes": peak, "prefillChunk": chunk}
    return result, {"sequences": Tensor("i64", shape, b"".join(sequences))}


def _measure_forward(model: Model, params: Measure, tensors: dict[str, Tensor], turn: Turn) -> Answer:
    ready = model.prepare(None, 0, tensors)
    forward_ms: list[float] = []

    def forward(is_measured: bool) -> None:
        duration_ms = ready.run()
        if is_measured:
            forward_ms.append(duration_ms)

    peak = _repeat(model, params, turn, forward)
    return {"generations": [], "forwardMs": forward_ms, "peakMemoryBytes": peak}, ready.outputs()


def _repeat(model: Model, params: Measure, turn: Turn, make_pass: Callable[[bool], None]) -> int | None:
    """Warm-up passes, then samples until there are enough or the budget is spent, one at least. Gives the window's peak memory."""
    total = params.warmup + params.repetitions
    for done in range(params.warmup):
        turn.check(done, total, "passes")
        turn.progress(done, total)
        make_pass(False)
    peak_bytes = model.open_peak_window()
    opened = time.perf_counter()
    for done in range(params.repetitions):
        if done > 0 and (time.perf_counter() - opened) * 1000 >= params.budget_ms:
            break
        turn.check(params.warmup + done, total, "passes")
        turn.progress(params.warmup + done, total)
        make_pass(True)
    return peak_bytes()
