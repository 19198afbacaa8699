"""The ONNX backend tests as files, and what onnxruntime's Python gives for them: onnx-backend.ts compares Assay with it.

usage: onnx_backend.py FOLDER [NAME ...]
Writes FOLDER/KIND/NAME/model.onnx with its test_data_set_N beside it, the layout of the ONNX Model Zoo, for every test of the
installed `onnx` package or for those named. Then runs each with onnxruntime's CPU provider and compares as onnx.backend.test
does, with the test's own tolerances. Prints a line of JSON for the versions, and one for each test:
{"kind", "name", "verdict": pass, fail or refused, "reason"}. `refused` is all that keeps a model from running.
"""

import json
import shutil
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from onnx.backend.test.loader import load_model_tests
from onnx.backend.test.runner import Runner

import onnx
from onnx import ModelProto, TypeProto, numpy_helper

ort.set_default_logger_severity(4)
LIGHT = "onnx/backend/test/data/light/"
PACKAGE = Path(onnx.__file__).parent
# Each is the message class, its reader and its writer.
CODECS: dict[str, tuple[Any, Any, Any]] = {
    "tensor_type": (onnx.TensorProto, numpy_helper.to_array, numpy_helper.from_array),
    "sequence_type": (onnx.SequenceProto, numpy_helper.to_list, numpy_helper.from_list),
    "optional_type": (onnx.OptionalProto, numpy_helper.to_optional, numpy_helper.from_optional),
    "map_type": (onnx.MapProto, numpy_helper.to_dict, numpy_helper.from_dict),
}


@dataclass(frozen=True)
class Test:
    kind: str
    name: str
    folder: Path
    rtol: float
    atol: float


def written_tests(folder: Path, wanted: Sequence[str]) -> Iterator[Test]:
    for kind in ("node", "simple", "pytorch-converted", "pytorch-operator", "real"):
        for case in sorted(load_model_tests(kind=kind), key=lambda case: case.name):
            if wanted and case.name not in wanted:
                continue
            test = Test(kind, case.name, folder / kind / case.name, case.rtol, case.atol)
            if case.url is not None and case.url.startswith(LIGHT):
                write_light(case.url.removeprefix(LIGHT), test.folder)
            elif case.model_dir is not None:
                shutil.copytree(case.model_dir, test.folder, dirs_exist_ok=True)
            else:
                write_node(case.model, case.data_sets, test.folder)
            yield test


def write_node(model: ModelProto, data_sets: Sequence[Any], folder: Path) -> None:
    """As onnx.backend.test.cmd_tools writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    for i, (inputs, outputs) in enumerate(data_sets):
        data = folder / f"test_data_set_{i}"
        data.mkdir(exist_ok=True)
        for side, values, ports in (("input", inputs, model.graph.input), ("output", outputs, model.graph.output)):
            for j, (value, port) in enumerate(zip(values, ports)):
                _, _, encode = CODECS[port.type.WhichOneof("value")]
                proto = value if isinstance(value, onnx.TensorProto) else encode(value, port.name)
                (data / f"{side}_{j}.pb").write_bytes(proto.SerializeToString())


def write_light(file: str, folder: Path) -> None:
    """A small real topology: its weights are constants, its input a ramp, and its output is shipped by onnx."""
    source = PACKAGE / "backend" / "test" / "data" / "light" / file
    data = folder / "test_data_set_0"
    data.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, folder / "model.onnx")
    graph = onnx.load(source).graph
    initialized = {tensor.name for tensor in graph.initializer}
    fed = [port for port in graph.input if port.name not in initialized]
    for i, port in enumerate(fed):
        ramp = Runner.generate_dummy_data(port)
        (data / f"input_{i}.pb").write_bytes(numpy_helper.from_array(ramp, port.name).SerializeToString())
    for i in range(len(graph.output)):
        shutil.copy(source.with_name(f"{source.stem}_output_{i}.pb"), data / f"output_{i}.pb")


def read_value(path: Path, type: TypeProto) -> Any:
    message, decode, _ = CODECS[type.WhichOneof("value")]
    return decode(message.FromString(path.read_bytes()))


def verdict_of(test: Test) -> tuple[str, str]:
    path = test.folder / "model.onnx"
    graph = onnx.load(path).graph
    initialized = {tensor.name for tensor in graph.initializer}
    fed = [port for port in graph.input if port.name not in initialized]
    try:
        session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
        for data in sorted(test.folder.glob("test_data_set_*")):
            feeds = {
                port.name: read_value(data / f"input_{i}.pb", port.type)
                for i, port in enumerate(fed)
                if (data / f"input_{i}.pb").exists()
            }
            outputs = session.run(None, feeds)
            expected = [read_value(data / f"output_{i}.pb", port.type) for i, port in enumerate(graph.output)]
            try:
                Runner.assert_similar_outputs(expected, outputs, test.rtol, test.atol)
            except (AssertionError, AttributeError, TypeError) as error:
                return "fail", str(error)
    except Exception as error:  # onnxruntime raises classes of its own that share no other base
        return "refused", str(error)
    return "pass", ""


def main(folder: str, *wanted: str) -> None:
    warnings.simplefilter("ignore")
    print(json.dumps({"onnx": onnx.__version__, "onnxruntime": ort.__version__, "numpy": version("numpy")}), flush=True)
    with np.errstate(all="ignore"):
        for test in written_tests(Path(folder), wanted):
            verdict, reason = verdict_of(test)
            line = {"kind": test.kind, "name": test.name, "verdict": verdict, "reason": reason}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
