"""Greedy generation, token by token, over any engine's decoding."""

import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from .engine import Decoding, Model, Prompt, TopTwo
from .frames import Tensor
from .prompt import read_forced, read_prompt_to_continue
from .serve import Turn


@dataclass(frozen=True)
class GenerationRequest:
    prompt: Prompt
    new_tokens: int
    stop: frozenset[int]
    # [batch][newTokens]: fed back in place of the chosen tokens.
    forced: Sequence[Sequence[int]] | None
    prefill_chunk: int | None
    # Whether the second best, and the logits, of each step are wanted; they are taken outside the clocks.
    keep_top_two: bool = False
    keep_logits: bool = False


@dataclass
class Generation:
    # [steps][batch]
    chosen: list[list[int]] = field(default_factory=list)
    top_two: list[list[TopTwo]] = field(default_factory=list)
    # [steps], each f32 [batch, vocabulary]
    logits: list[bytes] = field(default_factory=list)
    token_ms: list[float] = field(default_factory=list)
    device_ms: list[float] = field(default_factory=list)
    select_ms: list[float] = field(default_factory=list)
    prefill_chunk: int = 0


def read_request(
    model: Model,
    tensors: dict[str, Tensor],
    new_tokens: int,
    stop: frozenset[int],
    prefill_chunk: int | None,
    keep_top_two: bool = False,
    keep_logits: bool = False,
) -> GenerationRequest:
    """Raises WorkerError `invalid-request`."""
    rest = dict(tensors)
    forced = rest.pop("forced_ids", None)
    prompt = read_prompt_to_continue(model.language(), rest, new_tokens)
    forced_rows = read_forced(forced, prompt.batch, new_tokens)
    return GenerationRequest(prompt, new_tokens, stop, forced_rows, prefill_chunk, keep_top_two, keep_logits)


def generate_tokens(model: Model, request: GenerationRequest, turn: Turn) -> Generation:
    """The loop. Ends after `new_tokens` steps, or once every row has chosen a token of `stop`."""
    generation = Generation()
    is_done = [False] * request.prompt.batch
    fed: Sequence[int] = ()
    due = time.perf_counter()
    decoding = model.begin(request.prompt, request.new_tokens, request.prefill_chunk)
    generation.prefill_chunk = decoding.prefill_chunk
    for step in range(request.new_tokens):
        turn.check(step, request.new_tokens, "tokens")
        device_ms = decoding.prefill(turn) if step == 0 else decoding.step(fed)
        given = time.perf_counter()
        chosen = decoding.choose()
        selected = time.perf_counter()
        generation.device_ms.append(device_ms)
        generation.select_ms.append((selected - given) * 1000)
        generation.token_ms.append((selected - due) * 1000)
        generation.chosen.append(chosen)
        _keep(generation, decoding, request)
        fed = chosen if request.forced is None else [row[step] for row in request.forced]
        is_done = [before or token in request.stop for before, token in zip(is_done, chosen)]
        if all(is_done):
            break
    return generation


def _keep(generation: Generation, decoding: Decoding, request: GenerationRequest) -> None:
    if request.keep_top_two:
        generation.top_two.append(decoding.top_two())
    if request.keep_logits:
        generation.logits.append(decoding.logits())


def generation_tensors(request: GenerationRequest, generation: Generation) -> dict[str, Tensor]:
    """`sequences`, `top_ids`, `top_logits`, and `logits` where they were kept."""
    batch, steps = request.prompt.batch, len(generation.chosen)
    by_row = [generation.top_two[step][row] for row in range(batch) for step in range(steps)]
    ids = array("q", [id for top in by_row for id in (top.best_id, top.second_id)])
    values = array("f", [value for top in by_row for value in (top.best, top.second)])
    tensors = {
        "sequences": Tensor("i64", (batch, steps), sequences_of(generation)),
        "top_ids": Tensor("i64", (batch, steps, 2), ids.tobytes()),
        "top_logits": Tensor("f32", (batch, steps, 2), values.tobytes()),
    }
    if request.keep_logits:
        row_bytes = len(generation.logits[0]) // batch
        rows = [
            generation.logits[step][row * row_bytes : (row + 1) * row_bytes]
            for row in range(batch)
            for step in range(steps)
        ]
        tensors["logits"] = Tensor("f32", (batch, steps, row_bytes // 4), b"".join(rows))
    return tensors


def sequences_of(generation: Generation) -> bytes:
    """The chosen tokens, i64 [batch, steps]."""
    return array("q", [token for row in zip(*generation.chosen) for token in row]).tobytes()
