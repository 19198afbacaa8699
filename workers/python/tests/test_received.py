"""Files that come to a worker which does not share the host's disk."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from assay_worker.failure import WorkerError
from assay_worker.frames import Tensor
from assay_worker.received import Received, received_home
from assay_worker.serve import Turn

TURN = Turn(1, lambda: False, lambda done, total: None)
DATA = b"weights of a model"


def listed(name: str, data: bytes = DATA) -> dict[str, Any]:
    return {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def artifact(received: Received, *files: dict[str, Any], key: str = "abc-1") -> dict[str, Any]:
    return received.artifact({"key": key, "files": list(files)}, {}, TURN)[0]


def write(received: Received, name: str, begin: int, data: bytes, key: str = "abc-1") -> None:
    received.write({"key": key, "name": name, "from": begin}, {"bytes": Tensor("u8", (len(data),), data)}, TURN)


@pytest.fixture
def received(tmp_path: Path) -> Received:
    return Received(tmp_path / "received")


def test_files_go_over_in_pieces_and_are_whole_once_their_sum_is_right(received: Received, tmp_path: Path) -> None:
    files = [listed("model.onnx"), listed("sub/weights.bin", b"w" * 10)]
    assert artifact(received, *files) == {
        "path": None,
        "missing": [{"name": "model.onnx", "from": 0}, {"name": "sub/weights.bin", "from": 0}],
    }
    write(received, "model.onnx", 0, DATA[:7])
    write(received, "sub/weights.bin", 0, b"w" * 10)
    # The connection was lost here: the transfer goes on where it was.
    assert artifact(received, *files)["missing"] == [{"name": "model.onnx", "from": 7}]
    write(received, "model.onnx", 7, DATA[7:])
    folder = tmp_path / "received" / "abc-1"
    assert artifact(received, *files) == {"path": str(folder), "missing": []}
    assert (folder / "model.onnx").read_bytes() == DATA
    assert [path.name for path in sorted(folder.rglob("*")) if path.is_file()] == ["model.onnx", "weights.bin"]


def test_an_empty_file_needs_no_bytes(received: Received, tmp_path: Path) -> None:
    assert artifact(received, listed("empty", b""))["missing"] == []
    assert (tmp_path / "received" / "abc-1" / "empty").read_bytes() == b""


def test_a_file_in_transit_with_the_wrong_sum_begins_anew(received: Received) -> None:
    write(received, "model.onnx", 0, DATA[::-1])
    assert artifact(received, listed("model.onnx"))["missing"] == [{"name": "model.onnx", "from": 0}]
    write(received, "model.onnx", 0, DATA)
    assert artifact(received, listed("model.onnx"))["missing"] == []


@pytest.mark.parametrize("damaged", [DATA[::-1], DATA[:-1], DATA + b"more"])
def test_a_whole_file_that_was_damaged_begins_anew(received: Received, tmp_path: Path, damaged: bytes) -> None:
    write(received, "model.onnx", 0, DATA)
    assert artifact(received, listed("model.onnx"))["missing"] == []
    (tmp_path / "received" / "abc-1" / "model.onnx").write_bytes(damaged)
    assert artifact(received, listed("model.onnx")) == {"path": None, "missing": [{"name": "model.onnx", "from": 0}]}
    write(received, "model.onnx", 0, DATA)
    assert artifact(received, listed("model.onnx"))["missing"] == []


def test_a_file_in_transit_that_is_too_long_begins_anew(received: Received) -> None:
    write(received, "model.onnx", 0, DATA + b"more")
    assert artifact(received, listed("model.onnx"))["missing"] == [{"name": "model.onnx", "from": 0}]


@pytest.mark.parametrize("begin", [0, 5, 100])
def test_bytes_are_written_only_where_the_file_ends(received: Received, begin: int) -> None:
    write(received, "model.onnx", 0, DATA[:7])
    with pytest.raises(WorkerError, match="has 7 bytes, and cannot be written at") as raised:
        write(received, "model.onnx", begin, b"x")
    assert raised.value.code == "invalid-request"
    assert artifact(received, listed("model.onnx"))["missing"] == [{"name": "model.onnx", "from": 7}]


def test_a_whole_file_is_not_written_to(received: Received) -> None:
    write(received, "model.onnx", 0, DATA)
    artifact(received, listed("model.onnx"))
    with pytest.raises(WorkerError, match="there already"):
        write(received, "model.onnx", 0, b"x")


@pytest.mark.parametrize(
    "name",
    [
        "../escaped",
        "a/../../escaped",
        "/escaped",
        "..",
        ".",
        "",
        "a//b",
        "a/./b",
        "a\\..\\b",
        "C:escaped",
        "a\0b",
        "a.part",
        "a.part/b",
    ],
)
def test_a_name_that_could_lead_out_is_refused(received: Received, tmp_path: Path, name: str) -> None:
    for attempt in (lambda: write(received, name, 0, b"x"), lambda: artifact(received, listed(name))):
        with pytest.raises(WorkerError, match="not a plain relative path") as raised:
            attempt()
        assert raised.value.code == "invalid-request"
    assert list(tmp_path.rglob("*")) == []


def test_a_link_that_leads_out_is_refused(received: Received, tmp_path: Path) -> None:
    folder = tmp_path / "received" / "abc-1"
    folder.mkdir(parents=True)
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(WorkerError, match="leads out"):
        write(received, "link/escaped", 0, b"x")
    assert not (tmp_path / "escaped.part").exists()


@pytest.mark.parametrize("key", ["", "../x", "a/b", "A", "a_b", "a" * 129, "a\n", 7])
def test_a_key_that_is_no_plain_name_is_refused(received: Received, key: Any) -> None:
    with pytest.raises(WorkerError) as raised:
        artifact(received, listed("model.onnx"), key=key)
    assert raised.value.code == "invalid-request"


@pytest.mark.parametrize(
    "file", [7, {}, {**listed("a"), "size": -1}, {**listed("a"), "sha256": "abc"}, {**listed("a"), "name": 7}]
)
def test_a_list_of_files_that_is_none_is_refused(received: Received, file: Any) -> None:
    with pytest.raises(WorkerError) as raised:
        artifact(received, file)
    assert raised.value.code == "invalid-request"


@pytest.mark.parametrize("tensors", [{}, {"data": Tensor("u8", (1,), b"x")}, {"bytes": Tensor("i8", (1,), b"x")}])
def test_a_write_takes_bytes_alone(received: Received, tensors: dict[str, Tensor]) -> None:
    with pytest.raises(WorkerError, match="one tensor, bytes"):
        received.write({"key": "a", "name": "b", "from": 0}, tensors, TURN)


def test_the_folder_is_that_of_the_host() -> None:
    assert received_home({"ASSAY_HOME": "/x"}) == Path("/x/received")
    assert received_home({"XDG_CACHE_HOME": "/c"}).parts[-3:] == ("c", "assay", "received")
