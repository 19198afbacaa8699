"""An engine whose library is not there says so, where, and how to install it."""

import sys
from pathlib import Path

import pytest
from assay_worker.failure import WorkerError
from assay_worker.library import import_libraries

from host import WORKER, Host

ENGINES = [
    ("torch", "torch", "torch transformers"),
    ("ort-python", "onnxruntime", "onnxruntime"),
    ("openvino", "openvino", "openvino"),
]
HELLO = {"protocol": 1, "host": "test"}


@pytest.mark.parametrize(("engine", "library", "packages"), ENGINES)
def test_hello_says_what_is_missing_in_which_python_and_the_line_that_installs_it(
    engine: str, library: str, packages: str
) -> None:
    # -S: without the folder of installed packages.
    host = Host([WORKER[0], "-S", *WORKER[1:], engine])
    header = host.ask("hello", HELLO).header
    assert header["code"] == "unsupported"
    assert (
        header["message"]
        == f"{library} is not installed in {sys.executable}: {sys.executable} -m pip install {packages}"
    )
    # It lives on, and says the same to whoever loads.
    load = {"handle": "m", "device": f"{engine}:cpu", "form": "onnx", "path": "x", "precision": "fp32", "options": {}}
    assert host.ask("load", load).header["message"] == header["message"]
    assert host.hang_up() == 0


@pytest.mark.parametrize(("engine", "library", "packages"), ENGINES)
def test_another_version_of_the_protocol_is_refused_before_any_library_is_looked_for(
    engine: str, library: str, packages: str
) -> None:
    host = Host([WORKER[0], "-S", *WORKER[1:], engine])
    assert (
        host.ask("hello", {"protocol": 2, "host": "test"}).header["message"] == "this worker speaks protocol 1, not 2"
    )
    host.hang_up()


def test_a_library_that_is_there_and_broken_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_driver.py").write_text("raise OSError('libcuda.so.1: cannot open shared object file')")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(
        WorkerError, match=r"broken_driver cannot be imported in .*: OSError: libcuda.so.1: cannot open"
    ) as raised:
        import_libraries(["broken_driver"])
    assert raised.value.code == "unsupported"


@pytest.mark.parametrize("stdio", [False, True])
def test_a_library_that_prints_and_reads_as_it_is_imported_does_not_touch_the_frames(
    tmp_path: Path, stdio: bool
) -> None:
    (tmp_path / "openvino.py").write_text(
        "import os\nprint('welcome')\nos.system('echo and more')\nraise ImportError('no')"
    )
    host = Host([*WORKER, "openvino"], stdio=stdio, env={"PYTHONPATH": str(tmp_path)})
    assert "ImportError: no" in host.ask("hello", HELLO).header["message"]
    assert host.hang_up() == 0


def test_a_library_that_ends_the_process_ends_the_worker(tmp_path: Path) -> None:
    (tmp_path / "openvino.py").write_text("import os\nos._exit(41)")
    host = Host([*WORKER, "openvino"], env={"PYTHONPATH": str(tmp_path)})
    host.send("hello", HELLO)
    assert host.process.wait(timeout=10) == 41
