"""torch, with transformers for the models: the CPU, CUDA and ROCm, XPU, MPS, and whatever a vendor registers with torch."""

import os

from ...devices import wanted_devices
from ...engine import Description, Loaded
from ...library import import_libraries, python_version, version_of
from ...parameters import Load

LIBRARIES = ("torch", "transformers")


class TorchEngine:
    def describe(self) -> Description:
        _import_torch()
        from .devices import find_devices, runtime_versions
        from .networks import MODEL_TYPES

        versions = {"transformers": version_of("transformers"), "python": python_version(), **runtime_versions()}
        devices = find_devices(wanted_devices("torch", os.environ))
        return Description(versions, ["huggingface"], devices, MODEL_TYPES)

    def load(self, params: Load) -> Loaded:
        _import_torch()
        from .load import load

        return load(params)


def _import_torch() -> None:
    # Models are directories; a look at the hub for what a directory lacks would take a network, and some seconds.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import_libraries(LIBRARIES)
