"""Whatever execution providers the installed wheel of onnxruntime has: the CPU, CUDA, TensorRT, OpenVINO, QNN, MIGraphX, and so on."""

import os
from types import ModuleType

from ...devices import wanted_devices
from ...engine import Description, Loaded
from ...library import import_libraries, python_version
from ...parameters import Load

NAME = "ort-python"


class OrtPythonEngine:
    def describe(self) -> Description:
        ort = _import_onnxruntime()
        from .devices import find_devices

        versions = {"onnxruntime": ort.__version__, "python": python_version()}
        return Description(versions, ["onnx"], find_devices(wanted_devices(NAME, os.environ)))

    def load(self, params: Load) -> Loaded:
        _import_onnxruntime()
        from .load import load

        return load(params)


def _import_onnxruntime() -> ModuleType:
    # onnxruntime 1.29 and later send telemetry from official Linux builds; a validation tool sends nothing anywhere.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    return import_libraries(["onnxruntime"])
