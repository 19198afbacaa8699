"""The engines of this worker: one line each. A library is imported once its engine is asked, so that a missing one is an answer."""

from collections.abc import Callable

from ..engine import Engine
from .openvino_engine import OpenVinoEngine
from .ort_python import OrtPythonEngine
from .torch_engine import TorchEngine

ENGINES: dict[str, Callable[[], Engine]] = {
    "torch": TorchEngine,
    "ort-python": OrtPythonEngine,
    "openvino": OpenVinoEngine,
}
