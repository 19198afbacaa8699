"""The calls of docs/protocol.md, once for every engine."""

import gc
import os
import time
from collections.abc import Mapping
from typing import Any

from .engine import Engine, Model
from .failure import WorkerError, invalid
from .frames import Tensor
from .generation import generate_tokens, generation_tensors, read_request
from .measuring import measure
from .parameters import count, parse_generate, parse_load, parse_measure, parse_run, text, texts
from .received import Received
from .serve import HEARTBEAT_MS, Answer, Call, Turn
from .version import assay_version

PROTOCOL = 1


class Calls:
    def __init__(self, name: str, engine: Engine, received: Received) -> None:
        self._name = name
        self._engine = engine
        self._models: dict[str, Model] = {}
        self.table: dict[str, Call] = {
            "hello": self.hello,
            "load": self.load,
            "run": self.run,
            "generate": self.generate,
            "measure": self.measure,
            "unload": self.unload,
            "artifact": received.artifact,
            "write": received.write,
        }

    def hello(self, params: Mapping[str, Any], tensors: dict[str, Tensor], turn: Turn) -> Answer:
        if count(params, "protocol") != PROTOCOL:
            raise WorkerError("unsupported", f"this worker speaks protocol {PROTOCOL}, not {params['protocol']}")
        # The environment does not come through ssh.
        if "devices" in params:
            os.environ.setdefault("ASSAY_DEVICES", ",".join(texts(params, "devices")))
        description = self._engine.describe()
        return {
            "protocol": PROTOCOL,
            "engine": self._name,
            "versions": {"assay": assay_version(), **description.versions},
            "pid": os.getpid(),
            "devices": description.devices,
            "forms": description.forms,
            **({} if description.model_types is None else {"modelTypes": description.model_types}),
            "methods": list(self.table),
            "heartbeatMs": HEARTBEAT_MS,
        }, {}

    def load(self, params: Mapping[str, Any], tensors: dict[str, Tensor], turn: Turn) -> Answer:
        asked = parse_load(params)
        if asked.handle in self._models:
            raise invalid(f"a model is already loaded as {asked.handle!r}")
        started = time.perf_counter()
        loaded = self._engine.load(asked)
        load_ms = (time.perf_counter() - started) * 1000
        self._models[asked.handle] = loaded.model
        # Libraries leave a million objects, which the collector would walk through in the middle of a measurement.
        gc.collect()
        gc.freeze()
        return {
            "loadMs": load_ms,
            "inputs": loaded.inputs,
            "outputs": loaded.outputs,
            "placement": loaded.placement,
            "memoryBytes": loaded.memory_bytes,
            "settings": loaded.settings,
        }, {}

    def run(self, params: Mapping[str, Any], tensors: dict[str, Tensor], turn: Turn) -> Answer:
        asked = parse_run(params)
        ready = self._model(asked.handle).prepare(asked.outputs, asked.logits_to_keep, tensors)
        duration_ms = ready.run()
        return {"durationMs": duration_ms}, ready.outputs()

    def generate(self, params: Mapping[str, Any], tensors: dict[str, Tensor], turn: Turn) -> Answer:
        asked = parse_generate(params)
        model = self._model(asked.handle)
        request = read_request(
            model,
            tensors,
            asked.new_tokens,
            asked.stop,
            asked.prefill_chunk,
            keep_top_two=True,
            keep_logits=asked.logits,
        )
        started = time.perf_counter()
        generation = generate_tokens(model, request, turn)
        duration_ms = (time.perf_counter() - started) * 1000
        return {"durationMs": duration_ms}, generation_tensors(request, generation)

    def measure(self, params: Mapping[str, Any], tensors: dict[str, Tensor], turn: Turn) -> Answer:
        asked = parse_measure(params)
        return measure(self._model(asked.handle), asked, tensors, turn)

    def unload(self, params: Mapping[str, Any], tensors: dict[str, Tensor], turn: Turn) -> Answer:
        handle = text(params, "handle")
        self._model(handle).close()
        del self._models[handle]
        gc.unfreeze()
        gc.collect()
        return {}, {}

    def _model(self, handle: str) -> Model:
        model = self._models.get(handle)
        if model is None:
            raise invalid(f"no model is loaded as {handle!r}")
        return model
