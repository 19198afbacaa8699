"""A graph that a runtime loaded, as the protocol drives it."""

import time
from collections.abc import Callable, Sequence

from ..engine import Language, Prompt
from ..failure import invalid
from ..frames import Tensor
from ..interface import GraphInterface
from ..prompt import read_prompt
from .caches import create_cache
from .decoding import GraphDecoding
from .roles import RoleInputs
from .session import Session, Value, ValueInfo, check_feeds, check_interface
from .values import Array, from_array

HOST_NAMES = {"input-ids": "input_ids", "attention-mask": "attention_mask", "position-ids": "position_ids"}


class GraphModel:
    def __init__(
        self,
        session: Session,
        graph: GraphInterface | None,
        open_peak_window: Callable[[], Callable[[], int | None]],
    ) -> None:
        self._session: Session | None = session
        self.inputs, self.outputs = session.inputs, session.outputs
        self.interface = graph
        self._open_peak_window = open_peak_window
        if graph is not None:
            check_interface(graph, session)

    def language(self) -> Language:
        graph = self._language_model()
        fed = {*graph.roles, *self._names("past")}
        return Language(
            vocabulary=graph.vocabulary,
            positions=graph.positions,
            takes_position_ids=graph.has("position-ids"),
            takes_padding=graph.has("attention-mask") or graph.has("slot-mask"),
            own_names={HOST_NAMES[role]: name for name, role in graph.roles.items() if role in HOST_NAMES},
            extras=[value.name for value in self.inputs if value.name not in fed],
        )

    def prepare(self, outputs: Sequence[str] | None, logits_to_keep: int, tensors: dict[str, Tensor]) -> "GraphPass":
        known = [value.name for value in self.outputs]
        unknown = [name for name in outputs or [] if name not in known]
        if unknown:
            raise invalid(f"the model has no output {unknown[0]} ({', '.join(known)})")
        presents = self._names("present")
        wanted = outputs if outputs is not None else [name for name in known if name not in presents]
        if self.interface is None:
            return GraphPass(self.session, dict(check_feeds(self.inputs, tensors)), wanted)
        feeds, keep = self._language_feeds(self.interface, logits_to_keep, tensors)
        return GraphPass(self.session, feeds, wanted, self.interface.logits, keep)

    def begin(self, prompt: Prompt, new_tokens: int, prefill_chunk: int | None) -> GraphDecoding:
        return GraphDecoding(self.session, self._language_model(), prompt, new_tokens, prefill_chunk)

    def open_peak_window(self) -> Callable[[], int | None]:
        return self._open_peak_window()

    def close(self) -> None:
        self._session = None

    @property
    def session(self) -> Session:
        if self._session is None:
            raise RuntimeError("a model that was closed")
        return self._session

    def _language_feeds(
        self, graph: GraphInterface, logits_to_keep: int, tensors: dict[str, Tensor]
    ) -> tuple[dict[str, Value], int]:
        """Feeds of one pass, with roles and an empty cache filled in, and how many positions of its logits are to be kept."""
        prompt = read_prompt(self.language(), tensors)
        free: list[ValueInfo] = [value for value in self.inputs if value.name in prompt.extras]
        feeds: dict[str, Value] = dict(check_feeds(free, prompt.extras))
        keep = prompt.tokens if logits_to_keep == 0 else min(logits_to_keep, prompt.tokens)
        slots = 0
        if graph.cache is not None:
            cache = create_cache(graph.cache, self.session, prompt.batch, prompt.tokens)
            cache.prepare(feeds, {})
            slots = cache.slots
        feeds |= RoleInputs(graph, prompt, 0).of_prompt(0, prompt.tokens, slots, keep)
        return feeds, keep

    def _language_model(self) -> GraphInterface:
        if self.interface is None:
            raise invalid("this model was loaded without an interface, so it is no language model")
        return self.interface

    def _names(self, side: str) -> set[str]:
        cache = None if self.interface is None else self.interface.cache
        return set() if cache is None else {getattr(pair, side) for pair in cache.tensors}


class GraphPass:
    """`keep`: positions of the output `logits` that are wanted, cut here where the graph has no input that says so."""

    def __init__(
        self,
        session: Session,
        feeds: dict[str, Value],
        wanted: Sequence[str],
        logits: str | None = None,
        keep: int = 0,
    ) -> None:
        self._session = session
        self._feeds = feeds
        self._wanted = wanted
        self._logits = logits
        self._keep = keep
        self._results: dict[str, Value] = {}

    def run(self) -> float:
        self._results = {}  # else two of them are held at once
        sent = time.perf_counter()
        self._results = self._session.run(self._feeds, dict.fromkeys(self._wanted))
        return (time.perf_counter() - sent) * 1000

    def outputs(self) -> dict[str, Tensor]:
        return {name: from_array(self._cut(name, self._session.on_host(self._results[name]))) for name in self._wanted}

    def _cut(self, name: str, array: Array) -> Array:
        return array[:, -self._keep :] if name == self._logits and array.shape[1] > self._keep else array
