"""OpenVINO: the CPU, GPU and NPU of Intel, from graphs of standard ONNX."""

import os

from ...devices import wanted_devices
from ...engine import Description, Loaded
from ...library import import_libraries, python_version
from ...parameters import Load

NAME = "openvino"


class OpenVinoEngine:
    def describe(self) -> Description:
        openvino = import_libraries([NAME])
        from .devices import find_devices

        versions = {"openvino": openvino.get_version(), "python": python_version()}
        return Description(versions, ["onnx"], find_devices(wanted_devices(NAME, os.environ)))

    def load(self, params: Load) -> Loaded:
        import_libraries([NAME])
        from .load import load

        return load(params)
