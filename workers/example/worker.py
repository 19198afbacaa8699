#!/usr/bin/env python3
"""
A whole worker for Assay in Python's standard library: read it beside docs/protocol.md, copy it, and replace `Bigram`.

Its device is this computer's CPU; its only kind of model is a bigram table: the logits that follow a token are a row of `logits` in
the `config.json` of the model's directory. That is enough for every call of the protocol to have a true answer.

    assay engine check --model workers/example/bigram -- python3 workers/example/worker.py
"""

import json
import os
import queue
import struct
import sys
import threading
import time

PROTOCOL = 1
HEARTBEAT_MS = 500
MAX_HEADER_BYTES = 16 * 1024 * 1024

# --- Frames: u32 little-endian header length, JSON header, then the raw bytes of the header's tensors, in order. ---------------------

BYTES_PER_ELEMENT = dict(f64=8, f32=4, f16=2, bf16=2, i64=8, i32=4, i16=2, i8=1, u64=8, u32=4, u16=2, u8=1, bool=1)


class Frames:
    """Frames over two descriptors. Several threads may write; only one may read."""

    def __init__(self, from_host, to_host):
        self.input = os.fdopen(from_host, "rb")
        self.output = os.fdopen(to_host, "wb")
        self.lock = threading.Lock()

    def read(self):
        """The next (header, tensors), or None once the host has gone. A tensor is (type, shape, bytes)."""
        length = self.input.read(4)
        if len(length) < 4:
            return None
        (size,) = struct.unpack("<I", length)
        if size > MAX_HEADER_BYTES:
            raise ValueError(f"a header of {size} bytes")
        header = json.loads(self.input.read(size))
        tensors = {}
        for tensor in header.get("tensors", []):
            count = BYTES_PER_ELEMENT[tensor["type"]]
            for axis in tensor["shape"]:
                count *= axis
            data = self.input.read(count)
            if len(data) < count:
                return None
            tensors[tensor["name"]] = (tensor["type"], tensor["shape"], data)
        return header, tensors

    def write(self, header, tensors=None):
        tensors = tensors or {}
        listed = [{"name": name, "type": t[0], "shape": t[1]} for name, t in tensors.items()]
        text = json.dumps({**header, "tensors": listed}).encode()
        with self.lock:
            self.output.write(struct.pack("<I", len(text)) + text)
            for _, _, data in tensors.values():
                self.output.write(data)
            self.output.flush()


class CannotAnswer(Exception):
    """A call that fails; the worker lives on. Codes: unsupported, invalid-request, out-of-memory, device-lost, interrupted, failed."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


# --- The engine: what a vendor replaces. ---------------------------------------------------------------------------------------------


class Bigram:
    """
    A language model that looks at one token. Its forward pass takes rows of token ids and gives rows of rows of logits.
    `attention_mask` and `position_ids`, which a call may bring, change nothing here: no token sees another, wherever it stands.
    """

    def __init__(self, directory):
        with open(os.path.join(directory, "config.json"), encoding="utf-8") as file:
            config = json.load(file)
        if config.get("model_type") != "bigram":
            raise CannotAnswer("unsupported", f"this worker runs bigram models, not {config.get('model_type')}")
        self.logits = config["logits"]
        self.vocabulary = len(self.logits)

    def forward(self, rows):
        for row in rows:
            for token in row:
                if not 0 <= token < self.vocabulary:
                    raise CannotAnswer(
                        "invalid-request", f"input_ids holds {token}, and the vocabulary is {self.vocabulary}"
                    )
        return [[self.logits[token] for token in row] for row in rows]


def best_two(logits):
    """Token ids by falling logit; the lowest id wins a tie."""
    order = sorted(range(len(logits)), key=lambda token: (-logits[token], token))
    return order[0], order[1]


class Worker:
    def __init__(self, frames):
        self.frames = frames
        self.models = {}
        self.interrupted = set()  # ids of calls that the host has given up

    # Each call: (params, tensors, id) -> (result, tensors)

    def hello(self, params, tensors, id):
        if params["protocol"] != PROTOCOL:
            raise CannotAnswer("unsupported", f"this worker speaks protocol {PROTOCOL}, not {params['protocol']}")
        device = {
            "id": "example:cpu",
            "name": "the example worker's own arithmetic",
            "kind": "cpu",
            "memoryBytes": None,
            "precisions": ["fp32"],
            "dialect": None,  # takes no graphs
            "properties": {"language": "Python " + sys.version.split()[0]},
        }
        return {
            "protocol": PROTOCOL,
            "engine": "example",
            "versions": {"example": "1.0.0", "python": sys.version.split()[0]},
            "pid": os.getpid(),
            "devices": [device],
            "forms": ["huggingface"],
            "methods": list(METHODS),
            "heartbeatMs": HEARTBEAT_MS,
        }, {}

    def load(self, params, tensors, id):
        if params["device"] != "example:cpu":
            raise CannotAnswer("invalid-request", f"there is no device {params['device']}")
        if params["form"] != "huggingface":
            raise CannotAnswer("unsupported", "this worker takes no graphs")
        if params["precision"] != "fp32":
            raise CannotAnswer("unsupported", "this worker computes in fp32 alone")
        started = time.monotonic()
        try:
            self.models[params["handle"]] = Bigram(params["path"])
        except OSError as error:
            raise CannotAnswer("invalid-request", f"cannot read the model: {error}") from error
        return {
            "loadMs": (time.monotonic() - started) * 1000,
            "inputs": [{"name": "input_ids", "type": "i64", "shape": ["batch", "tokens"]}],
            "outputs": [{"name": "logits", "type": "f32", "shape": ["batch", "tokens", "vocabulary"]}],
            "placement": {
                "operators": [{"operator": "Bigram", "type": "fp32", "provider": "example", "nodes": 1}],
                "computedIn": ["fp32"],
            },
            "memoryBytes": None,
        }, {}

    def run(self, params, tensors, id):
        model, rows = self.model(params), token_rows(tensors)
        started = time.monotonic()
        logits = model.forward(rows)
        duration_ms = (time.monotonic() - started) * 1000
        keep = params["logitsToKeep"] or len(rows[0])
        kept = [row[-keep:] for row in logits]
        return {"durationMs": duration_ms}, {"logits": f32([len(kept), len(kept[0]), model.vocabulary], kept)}

    def generate(self, params, tensors, id):
        model, rows = self.model(params), token_rows(tensors)
        started = time.monotonic()
        steps, _ = self.generate_tokens(model, rows, params, forced_rows(tensors), id)
        duration_ms = (time.monotonic() - started) * 1000
        by_row = [[step[row] for step in steps] for row in range(len(rows))]
        shape = [len(rows), len(steps)]
        out = {
            "sequences": i64(shape, [[best for best, _, _ in row] for row in by_row]),
            "top_ids": i64([*shape, 2], [[[best, second] for best, second, _ in row] for row in by_row]),
            "top_logits": f32(
                [*shape, 2], [[[logits[best], logits[second]] for best, second, logits in row] for row in by_row]
            ),
        }
        if params["logits"]:
            out["logits"] = f32([*shape, model.vocabulary], [[logits for _, _, logits in row] for row in by_row])
        return {"durationMs": duration_ms}, out

    def measure(self, params, tensors, id):
        model, rows = self.model(params), token_rows(tensors)
        forced = forced_rows(tensors)
        generate = params["workload"] == "generate"
        generations, forward_ms, chosen, logits = [], [], [], []
        opened = None  # when the measured window began
        for count in range(params["warmup"] + params["repetitions"]):
            self.give_up_if_interrupted(id)
            is_measured = count >= params["warmup"]
            if is_measured and opened is None:
                opened = time.monotonic()
            elif opened is not None and (time.monotonic() - opened) * 1000 >= params["budgetMs"]:
                break
            started = time.monotonic()
            if generate:
                steps, clocks = self.generate_tokens(model, rows, {**params, "stop": []}, forced, id)
            else:
                logits = model.forward(rows)
            if is_measured and generate:
                generations.append(clocks)
                chosen.append([[step[row][0] for step in steps] for row in range(len(rows))])
            elif is_measured:
                forward_ms.append((time.monotonic() - started) * 1000)
        result = {"generations": generations, "forwardMs": forward_ms, "peakMemoryBytes": None}
        if generate:
            return result, {"sequences": i64([len(chosen), len(rows), params["newTokens"]], chosen)}
        return result, {"logits": f32([len(rows), len(rows[0]), model.vocabulary], logits)}

    def unload(self, params, tensors, id):
        self.model(params)
        del self.models[params["handle"]]
        return {}, {}

    def generate_tokens(self, model, rows, params, forced, id):
        """Greedy steps, each a list of (best, second, logits) per row, and the clocks of GenerationSample."""
        due = time.monotonic()
        steps: list[list] = []
        clocks: dict[str, list[float]] = {"tokenMs": [], "deviceMs": [], "selectMs": []}
        done = [False] * len(rows)
        for step in range(params["newTokens"]):
            self.give_up_if_interrupted(id)
            sent = time.monotonic()
            last = [row[-1] for row in model.forward(rows)]
            given = time.monotonic()
            choices = [(*best_two(logits), logits) for logits in last]
            selected = time.monotonic()
            steps.append(choices)
            clocks["deviceMs"].append((given - sent) * 1000)
            clocks["selectMs"].append((selected - given) * 1000)
            clocks["tokenMs"].append((selected - due) * 1000)
            rows = [[forced[row][step] if forced else best] for row, (best, _, _) in enumerate(choices)]
            done = [before or best in params["stop"] for before, (best, _, _) in zip(done, choices)]
            if all(done):
                break
        return steps, clocks

    def give_up_if_interrupted(self, id):
        if id in self.interrupted:
            raise CannotAnswer("interrupted", "interrupted by the host")

    def model(self, params):
        if params["handle"] not in self.models:
            raise CannotAnswer("invalid-request", f"no model is loaded as {params['handle']!r}")
        return self.models[params["handle"]]

    def answer(self, header, tensors):
        """Answers one request; whatever goes wrong becomes an error frame, and the worker goes on."""
        id, method = header["id"], header["method"]
        try:
            if method not in METHODS:
                raise CannotAnswer("unsupported", f"no call is named {method!r}")
            check_params(method, header.get("params"))
            result, out = METHODS[method](self, header["params"], tensors, id)
            self.frames.write({"kind": "response", "id": id, "result": result}, out)
        except CannotAnswer as error:
            self.frames.write({"kind": "error", "id": id, "code": error.code, "message": str(error)})
        except MemoryError:
            self.frames.write({"kind": "error", "id": id, "code": "out-of-memory", "message": "out of memory"})
        except Exception as error:
            self.frames.write(
                {"kind": "error", "id": id, "code": "failed", "message": f"{type(error).__name__}: {error}"}
            )


METHODS = {
    "hello": Worker.hello,
    "load": Worker.load,
    "run": Worker.run,
    "generate": Worker.generate,
    "measure": Worker.measure,
    "unload": Worker.unload,
}

# The parameters that each call needs, and their types.
PARAMS: dict[str, dict] = {
    "hello": {"protocol": int, "host": str},
    "load": {"handle": str, "device": str, "form": str, "path": str, "precision": str, "options": dict},
    "run": {"handle": str, "logitsToKeep": int},
    "generate": {"handle": str, "newTokens": int, "stop": list, "logits": bool},
    "measure": {
        "handle": str,
        "workload": str,
        "newTokens": int,
        "warmup": int,
        "repetitions": int,
        "budgetMs": (int, float),
    },
    "unload": {"handle": str},
}


def check_params(method, params):
    if not isinstance(params, dict):
        raise CannotAnswer("invalid-request", f"{method}: params must be an object")
    for name, type in PARAMS[method].items():
        if not isinstance(params.get(name), type):
            raise CannotAnswer("invalid-request", f"{method}: {name} is missing or of the wrong type")


# --- Tensors <-> lists ---------------------------------------------------------------------------------------------------------------


def token_rows(tensors):
    return id_rows(tensors, "input_ids")


def forced_rows(tensors):
    return id_rows(tensors, "forced_ids") if "forced_ids" in tensors else None


def id_rows(tensors, name):
    if name not in tensors:
        raise CannotAnswer("invalid-request", f"{name} is missing")
    type, shape, data = tensors[name]
    if type != "i64" or len(shape) != 2 or 0 in shape:
        raise CannotAnswer("invalid-request", f"{name} is {type}{shape}, and must be i64[batch, tokens]")
    ids = struct.unpack(f"<{shape[0] * shape[1]}q", data)
    return [list(ids[row * shape[1] : (row + 1) * shape[1]]) for row in range(shape[0])]


def flatten(values):
    return [x for value in values for x in flatten(value)] if isinstance(values, list) else [values]


def i64(shape, values):
    flat = flatten(values)
    return "i64", shape, struct.pack(f"<{len(flat)}q", *flat)


def f32(shape, values):
    flat = flatten(values)
    return "f32", shape, struct.pack(f"<{len(flat)}f", *flat)


# --- Life: one thread reads, one beats, the main thread works. -----------------------------------------------------------------------


def descriptors():
    """The descriptors that the host names, or standard input and output for a worker that is reached through ssh."""
    if "ASSAY_FDS" in os.environ:
        from_host, to_host = os.environ["ASSAY_FDS"].split(",")
        return int(from_host), int(to_host)
    frames = os.dup(1)
    os.dup2(2, 1)  # whatever prints from now on goes to standard error, and not between the frames
    return 0, frames


def main():
    frames = Frames(*descriptors())
    worker = Worker(frames)
    requests: queue.SimpleQueue = queue.SimpleQueue()

    def read():
        """Takes interrupts even while a call is in progress, and ends the worker, busy or not, when the host goes away."""
        while (frame := frames.read()) is not None:
            header, tensors = frame
            if header["kind"] == "interrupt":
                worker.interrupted.add(header["id"])
            else:
                requests.put((header, tensors))
        os._exit(0)

    def beat():
        while True:
            frames.write({"kind": "heartbeat", "memoryBytes": None})
            time.sleep(HEARTBEAT_MS / 1000)

    threading.Thread(target=read, daemon=True).start()
    threading.Thread(target=beat, daemon=True).start()
    while True:
        worker.answer(*requests.get())


if __name__ == "__main__":
    main()
