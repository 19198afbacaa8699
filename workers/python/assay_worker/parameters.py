"""The parameters of each call, parsed once, at the door. Every function raises WorkerError `invalid-request` naming what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .failure import WorkerError, invalid
from .interface import GraphInterface, parse_interface

Option = str | int | float | bool
FORMS = ("onnx", "huggingface")
PRECISIONS = ("fp32", "fp16", "bf16", "int8", "int4", "int4-symmetric")
WORKLOADS = ("generate", "forward")


@dataclass(frozen=True)
class Load:
    handle: str
    device: str
    form: str
    path: str
    precision: str
    interface: GraphInterface | None
    options: Mapping[str, Option]


@dataclass(frozen=True)
class Run:
    handle: str
    outputs: Sequence[str] | None
    logits_to_keep: int


@dataclass(frozen=True)
class Generate:
    handle: str
    new_tokens: int
    stop: frozenset[int]
    logits: bool
    prefill_chunk: int | None


@dataclass(frozen=True)
class Measure:
    handle: str
    workload: str
    new_tokens: int
    warmup: int
    repetitions: int
    budget_ms: float
    prefill_chunk: int | None


def parse_load(params: Mapping[str, Any]) -> Load:
    options = params.get("options")
    if not isinstance(options, dict) or not all(
        isinstance(value, str | int | float | bool) for value in options.values()
    ):
        raise invalid("load: options must be a map of strings, numbers and booleans")
    interface = params.get("interface")
    return Load(
        handle=text(params, "handle"),
        device=text(params, "device"),
        form=one_of(params, "form", FORMS),
        path=text(params, "path"),
        precision=one_of(params, "precision", PRECISIONS),
        interface=None if interface is None else parse_interface(interface),
        options=options,
    )


def parse_run(params: Mapping[str, Any]) -> Run:
    outputs = params.get("outputs")
    if outputs is not None and not (isinstance(outputs, list) and all(isinstance(name, str) for name in outputs)):
        raise invalid("run: outputs must be a list of names, or null")
    return Run(text(params, "handle"), outputs, count(params, "logitsToKeep"))


def parse_generate(params: Mapping[str, Any]) -> Generate:
    stop, logits = params.get("stop"), params.get("logits")
    if not isinstance(stop, list) or not all(is_whole(token) and token >= 0 for token in stop):
        raise invalid("generate: stop must be a list of tokens")
    if not isinstance(logits, bool):
        raise invalid("generate: logits must be true or false")
    chunk = chunk_of(params)
    return Generate(text(params, "handle"), count(params, "newTokens", 1), frozenset(stop), logits, chunk)


def parse_measure(params: Mapping[str, Any]) -> Measure:
    budget = params.get("budgetMs")
    if not isinstance(budget, int | float) or isinstance(budget, bool) or budget < 0:
        raise invalid("measure: budgetMs must be a number of milliseconds")
    measure = Measure(
        handle=text(params, "handle"),
        workload=one_of(params, "workload", WORKLOADS),
        new_tokens=count(params, "newTokens"),
        warmup=count(params, "warmup"),
        repetitions=count(params, "repetitions", 1),
        budget_ms=budget,
        prefill_chunk=chunk_of(params),
    )
    if measure.workload == "generate" and measure.new_tokens == 0:
        raise invalid("newTokens must be at least 1 to measure generation")
    return measure


def check_options(options: Mapping[str, Option], known: Sequence[str]) -> None:
    """Refuses an option that the engine does not have: a misspelt one would be ignored in silence."""
    unknown = [name for name in options if name not in known]
    if unknown:
        raise invalid(f"no option is named {unknown[0]} ({', '.join(known)})")


def chunk_of(params: Mapping[str, Any]) -> int | None:
    return None if params.get("prefillChunk") is None else count(params, "prefillChunk", 1)


def text(params: Mapping[str, Any], name: str) -> str:
    value = params.get(name)
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string, and is {value!r}")
    return value


def texts(params: Mapping[str, Any], name: str) -> list[str]:
    value = params.get(name)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise invalid(f"{name} must be a list of strings, and is {value!r}")
    return value


def one_of(params: Mapping[str, Any], name: str, values: Sequence[str]) -> str:
    value = text(params, name)
    if value not in values:
        raise invalid(f"{name} is {value!r}, and must be one of {', '.join(values)}")
    return value


def count(params: Mapping[str, Any], name: str, least: int = 0) -> int:
    value = params.get(name)
    if not isinstance(value, int | float) or not is_whole(value) or value < least:
        raise invalid(f"{name} must be a whole number of at least {least}, and is {value!r}")
    return int(value)


def is_whole(value: object) -> bool:
    # JSON of JavaScript writes 1e9 as 1000000000, and another host may write 3.0.
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1


def flag(options: Mapping[str, Option], name: str) -> bool | None:
    """An option that is true or false, or None where it was not given."""
    value = options.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid(f"the option {name} must be true or false, and is {value!r}")
    return value


def refuse_form(engine: str, form: str, taken: str) -> None:
    if form != taken:
        raise WorkerError("unsupported", f"{engine} takes models of the form {taken}, not {form}")
