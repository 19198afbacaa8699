"""The engines of this worker: one line each. A library is imported once its engine is asked, so that a missing one is an answer."""

from collections.abc import Callable

from ..engine import Engine
from .torch_engine import TorchEngine

ENGINES: dict[str, Callable[[], Engine]] = {
    "torch": TorchEngine,
}
