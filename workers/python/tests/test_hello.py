"""What `hello` says of this worker, whatever its engine."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from assay_worker.calls import Calls
from assay_worker.engine import Description
from assay_worker.failure import WorkerError
from assay_worker.received import Received
from assay_worker.version import assay_version


class Engine:
    def describe(self) -> Description:
        return Description({"library": "1.2"}, ["onnx"], [{"id": id} for id in os.environ["ASSAY_DEVICES"].split(",")])

    def load(self, params: object) -> object:
        raise AssertionError


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    monkeypatch.setenv("ASSAY_DEVICES", "x")
    monkeypatch.delenv("ASSAY_DEVICES")
    yield Calls("fake", Engine(), Received(tmp_path))  # type: ignore[arg-type]


def test_the_version_is_that_of_the_package_around_it(calls: Calls) -> None:
    package = json.loads((Path(__file__).parents[3] / "package.json").read_text())
    assert assay_version() == package["version"]
    result, _ = calls.hello({"protocol": 1, "devices": ["fake:cpu"]}, {}, None)  # type: ignore[arg-type]
    assert result["versions"] == {"assay": package["version"], "library": "1.2"}


def test_devices_that_the_host_names_are_told_to_the_engine(calls: Calls) -> None:
    result, _ = calls.hello({"protocol": 1, "devices": ["fake:a", "fake:b"]}, {}, None)  # type: ignore[arg-type]
    assert [device["id"] for device in result["devices"]] == ["fake:a", "fake:b"]


def test_the_environment_goes_before_what_hello_says(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_DEVICES", "fake:c")
    result, _ = calls.hello({"protocol": 1, "devices": ["fake:a"]}, {}, None)  # type: ignore[arg-type]
    assert [device["id"] for device in result["devices"]] == ["fake:c"]


@pytest.mark.parametrize("devices", ["fake:a", [1], None, {}])
def test_devices_that_are_no_list_of_names_are_refused(calls: Calls, devices: object) -> None:
    with pytest.raises(WorkerError) as refused:
        calls.hello({"protocol": 1, "devices": devices}, {}, None)  # type: ignore[arg-type]
    assert refused.value.code == "invalid-request"
