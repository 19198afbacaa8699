"""Causal language models of transformers."""

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

import torch
import transformers

from ....engine import Language, Prompt, value_description
from ....failure import invalid
from ....frames import Tensor
from ....prompt import read_prompt
from ..decoding import TorchDecoding
from ..devices import synchronizer
from ..memory import open_device_peak_window, release
from ..passes import TorchPass
from ..pretrained import from_pretrained
from ..source import Source
from ..tensors import to_torch
from .kind import Kind

LOGITS = "logits"
NAMES = re.compile(r"(ForCausalLM|LMHeadModel)$")


class CausalLanguageModel:
    compiled_as = "inductor, dynamic shapes"

    def __init__(self, network: Any, device: torch.device) -> None:
        self.device = device
        self.config = network.config
        self.synchronize = synchronizer(device)
        self._network = network
        taken = inspect.signature(network.forward).parameters
        self.takes_positions = "position_ids" in taken
        self.takes_logits_to_keep = "logits_to_keep" in taken
        # transformers 5.24 calls it `cache`, and versions before `past_key_values`.
        self.cache_name = "cache" if "cache" in taken else "past_key_values"
        config = network.config.get_text_config()
        self._language = Language(
            vocabulary=config.vocab_size,
            positions=getattr(config, "max_position_embeddings", None),
            takes_position_ids=self.takes_positions,
            takes_padding=True,
        )
        names = ["input_ids", "attention_mask", *(["position_ids"] if self.takes_positions else [])]
        self.inputs = [value_description(name, "i64", ["batch", "tokens"]) for name in names]
        self.outputs = [value_description(LOGITS, "f32", ["batch", "tokens", config.vocab_size])]
        self.attention: str | None = network.config._attn_implementation or "eager"

    def language(self) -> Language:
        return self._language

    def forward(
        self, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, keep: int, cache: Any = None
    ) -> torch.Tensor:
        """Logits f32 [batch, kept, vocabulary]: of the last `keep` positions, 0 for all.

        ids, positions: [batch, tokens]; mask: [batch, past + tokens]. The cache is written in place.
        """
        arguments: dict[str, Any] = {"input_ids": ids, "attention_mask": mask, "use_cache": cache is not None}
        if self.takes_positions:
            arguments["position_ids"] = positions
        if cache is not None:
            arguments[self.cache_name] = cache
        if self.takes_logits_to_keep:
            arguments["logits_to_keep"] = keep
        logits: torch.Tensor = self._network(**arguments).logits
        kept = logits if keep == 0 or logits.shape[1] <= keep else logits[:, -keep:]
        return kept.float()

    def prepare(self, outputs: Sequence[str] | None, logits_to_keep: int, tensors: dict[str, Tensor]) -> "TorchPass":
        unknown = [name for name in outputs or [] if name != LOGITS]
        if unknown:
            raise invalid(f"the model has no output {unknown[0]} ({LOGITS})")
        prompt = read_prompt(self._language, tensors)
        inputs = prompt_tensors(prompt, self.device)
        return TorchPass(self.synchronize, lambda: {LOGITS: self.forward(*inputs, keep=logits_to_keep)})

    def begin(self, prompt: Prompt, new_tokens: int, prefill_chunk: int | None) -> TorchDecoding:
        return TorchDecoding(self, prompt_tensors(prompt, self.device), new_tokens, prefill_chunk)

    def smallest_pass(self) -> Callable[[], torch.Tensor]:
        one = torch.ones(1, 1, dtype=torch.int64, device=self.device)
        zero = one * 0
        return lambda: self.forward(zero, one, zero, keep=1)

    def compile(self) -> None:
        """Lets torch compile the network, for shapes that vary, and makes a pass of several tokens and one behind them."""
        self._network = torch.compile(self._network, dynamic=True)
        ids = Tensor("i64", (1, 4), bytes(4 * 8))
        prompt = Prompt(batch=1, tokens=4, ids=ids, mask=b"\x01" * 4, positions=None, extras={})
        decoding = self.begin(prompt, new_tokens=2, prefill_chunk=None)
        decoding.prefill(None)
        decoding.step([0])

    def open_peak_window(self) -> Callable[[], int | None]:
        return open_device_peak_window(self.device)

    def close(self) -> None:
        self._network = None
        release(self.device)


def prompt_tensors(prompt: Prompt, device: torch.device) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """ids, mask and positions, i64 [batch, tokens]. Positions count a row's real tokens, and are 0 where it is padded."""
    shape = (prompt.batch, prompt.tokens)
    mask = torch.frombuffer(bytearray(prompt.mask), dtype=torch.uint8).reshape(shape).to(device, torch.int64)
    if prompt.positions is None:
        positions = (mask.cumsum(-1) - 1).clamp(min=0) * mask
    else:
        positions = to_torch(prompt.positions, device)
    return to_torch(prompt.ids, device), mask, positions


def takes(source: Source) -> bool:
    known = transformers.models.auto.modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    named = source.architectures
    return any(NAMES.search(name) for name in named) if named else source.type in known


def open_language_model(source: Source) -> CausalLanguageModel:
    return CausalLanguageModel(from_pretrained("AutoModelForCausalLM", source), source.device)


LANGUAGE_MODELS = Kind("causal language models", takes, open_language_model)
