"""Reads what a language model is asked from the tensors of a call."""

from array import array
from collections.abc import Mapping

from .engine import Language, Prompt
from .failure import WorkerError, invalid
from .frames import Tensor

# Python's array codes of the types in which a mask may come.
MASK_CODES = {"i64": "q", "i32": "i", "u8": "B", "bool": "B"}


def read_prompt(language: Language, tensors: Mapping[str, Tensor]) -> Prompt:
    """Raises WorkerError `invalid-request` naming what is wrong, `unsupported` for what the model cannot take."""
    rest = dict(tensors)

    def take(name: str) -> Tensor | None:
        tensor = rest.pop(name, None)
        return rest.pop(language.own_names.get(name, name), None) if tensor is None else tensor

    ids = take("input_ids")
    if ids is None:
        raise invalid("input_ids is missing")
    if ids.type != "i64" or len(ids.shape) != 2 or 0 in ids.shape:
        raise invalid(f"input_ids is {ids}, and must be i64[batch, tokens]")
    batch, tokens = ids.shape
    if language.positions is not None and tokens > language.positions:
        raise invalid(f"{tokens} tokens, and the model knows {language.positions} positions")
    values = array("q", bytes(ids.data))
    for value in (min(values), max(values)):
        if not 0 <= value < language.vocabulary:
            raise invalid(f"input_ids holds {value}, and the vocabulary is {language.vocabulary}")
    mask = _read_mask(take("attention_mask"), batch, tokens)
    if not language.takes_padding:
        _refuse_gaps(mask, tokens)
    positions = _read_positions(take("position_ids"), language, batch, tokens)
    unknown = [name for name in rest if name not in language.extras]
    if unknown:
        names = ["input_ids", "attention_mask", "position_ids", *language.extras]
        raise invalid(f"the model has no input {', '.join(unknown)} ({', '.join(names)})")
    missing = [name for name in language.extras if name not in rest]
    if missing:
        raise invalid(f"input {missing[0]} is missing")
    return Prompt(batch, tokens, ids, mask, positions, rest)


def read_prompt_to_continue(language: Language, tensors: Mapping[str, Tensor], new_tokens: int) -> Prompt:
    """A prompt of `generate`, which is padded on the left and counts positions itself."""
    prompt = read_prompt(language, tensors)
    if prompt.positions is not None:
        raise invalid("position_ids belong to run: generate counts positions itself")
    if language.positions is not None and prompt.tokens + new_tokens - 1 > language.positions:
        raise invalid(f"{prompt.tokens} + {new_tokens} tokens, and the model knows {language.positions} positions")
    if any(prompt.mask[row * prompt.tokens - 1] == 0 for row in range(1, prompt.batch + 1)):
        raise invalid("a row that ends in padding cannot be continued: pad on the left")
    return prompt


def read_forced(tensor: Tensor | None, batch: int, new_tokens: int) -> list[list[int]] | None:
    """`forced_ids`, [batch][newTokens]."""
    if tensor is None:
        return None
    if tensor.type != "i64" or tensor.shape != (batch, new_tokens):
        raise invalid(f"forced_ids is {tensor}, and must be i64[{batch}, {new_tokens}]")
    values = array("q", bytes(tensor.data))
    return [list(values[row * new_tokens : (row + 1) * new_tokens]) for row in range(batch)]


def _read_mask(tensor: Tensor | None, batch: int, tokens: int) -> bytes:
    if tensor is None:
        return b"\x01" * (batch * tokens)
    code = MASK_CODES.get(tensor.type)
    if code is None or tensor.shape != (batch, tokens):
        raise invalid(f"attention_mask is {tensor}, and must be i64[{batch}, {tokens}]")
    return bytes(1 if value else 0 for value in array(code, bytes(tensor.data)))


def _read_positions(tensor: Tensor | None, language: Language, batch: int, tokens: int) -> Tensor | None:
    if tensor is None:
        return None
    if not language.takes_position_ids:
        raise WorkerError("unsupported", "position_ids: this model counts positions itself")
    if tensor.type != "i64" or tensor.shape != (batch, tokens):
        raise invalid(f"position_ids is {tensor}, and must be i64[{batch}, {tokens}]")
    values = array("q", bytes(tensor.data))
    for value in (min(values), max(values)):
        if value < 0 or (language.positions is not None and value >= language.positions):
            raise invalid(f"position_ids holds {value}, and the model knows {language.positions} positions")
    return tensor


def _refuse_gaps(mask: bytes, tokens: int) -> None:
    """A graph that is told each row's length and no mask would look at padding that stands before a real token."""
    for start in range(0, len(mask), tokens):
        row = mask[start : start + tokens]
        padding = row.find(0)
        if padding >= 0 and row.find(1, padding) >= 0:
            raise WorkerError("unsupported", "padding before real tokens: this model takes no attention mask")
