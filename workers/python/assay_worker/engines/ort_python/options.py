"""A load call's options -> onnxruntime's session options: the same names as the engine `ort` has."""

from collections.abc import Callable, Mapping
from typing import Any

import onnxruntime as ort

from ...failure import WorkerError, invalid
from ...parameters import Option
from .devices import threads

LEVELS = {
    "disabled": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": ort.GraphOptimizationLevel.ORT_ENABLE_ALL,
}
MODES = {"sequential": ort.ExecutionMode.ORT_SEQUENTIAL, "parallel": ort.ExecutionMode.ORT_PARALLEL}
PROVIDER = "provider."
# This optimizer of onnxruntime 1.30 crashes at load (SIGSEGV) where a layer norm's fp16 weights are cast: src/engines/ort/options.ts.
WITHOUT_CRASH = ("optimization.disable_specified_optimizers", "FuseFp16InitializerToFp32NodeTransformer")

# Anything with a dot in it is a session configuration entry of onnxruntime, as it stands.
KNOWN: dict[str, Callable[[Any, Option], None]] = {
    "threads": lambda session, value: setattr(session, "intra_op_num_threads", int(value)),
    "graphOptimizationLevel": lambda session, value: setattr(session, "graph_optimization_level", LEVELS[str(value)]),
    "enableCpuMemArena": lambda session, value: setattr(session, "enable_cpu_mem_arena", bool(value)),
    "enableMemPattern": lambda session, value: setattr(session, "enable_mem_pattern", bool(value)),
    "executionMode": lambda session, value: setattr(session, "execution_mode", MODES[str(value)]),
    "logSeverityLevel": lambda session, value: setattr(session, "log_severity_level", int(value)),
}


def session_options(options: Mapping[str, Option]) -> tuple[Any, dict[str, str]]:
    """Options of the session and those of its provider. Raises WorkerError `invalid-request`."""
    session = ort.SessionOptions()
    # The defaults of the engine `ort`, so that the two differ by their runtimes alone.
    session.intra_op_num_threads = threads()
    session.enable_cpu_mem_arena = False
    session.add_session_config_entry(*WITHOUT_CRASH)
    provider_options: dict[str, str] = {}
    for name, value in options.items():
        if name.startswith(PROVIDER):
            provider_options[name.removeprefix(PROVIDER)] = entry(value)
        elif name in KNOWN:
            try:
                KNOWN[name](session, value)
            except (KeyError, ValueError, TypeError) as error:
                raise invalid(f"the option {name} cannot be {value!r}") from error
        elif "." in name:
            session.add_session_config_entry(name, entry(value))
        else:
            raise WorkerError("invalid-request", f"no option is named {name} ({', '.join(KNOWN)})")
    return session, provider_options


def entry(value: Option) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
