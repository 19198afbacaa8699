"""Frames as docs/protocol.md has them."""

import contextlib
import json
import os
import struct
import threading

import pytest
from assay_worker.frames import BrokenFrames, Frames, Tensor

# The response of docs/protocol.md, byte for byte.
DOCUMENTED = bytes.fromhex(
    "580000007b226b696e64223a22726573706f6e7365222c226964223a372c22726573756c74223a7b7d2c2274656e736f"
    "7273223a5b7b226e616d65223a2278222c2274797065223a22663332222c227368617065223a5b325d7d5d7d0000803f00000040"
)


def frames_of(data: bytes) -> Frames:
    """Frames that read `data`, after which the host is gone."""
    reading, writing = os.pipe()

    def write() -> None:
        with contextlib.suppress(BrokenPipeError), open(writing, "wb") as file:
            file.write(data)

    # A thread, since a pipe may hold less.
    threading.Thread(target=write).start()
    return Frames(reading, os.open(os.devnull, os.O_WRONLY))


def header_bytes(header: object) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<I", len(text)) + text


def test_a_written_frame_has_the_documented_bytes() -> None:
    reading, writing = os.pipe()
    Frames(os.open(os.devnull, os.O_RDONLY), writing).write(
        {"kind": "response", "id": 7, "result": {}}, {"x": Tensor("f32", (2,), struct.pack("<2f", 1, 2))}
    )
    assert os.read(reading, 1000) == DOCUMENTED


def test_a_frame_is_read_as_it_was_written() -> None:
    frame = frames_of(DOCUMENTED).read()
    assert frame is not None
    assert (frame.header["kind"], frame.header["id"]) == ("response", 7)
    assert bytes(frame.tensors["x"].data) == struct.pack("<2f", 1, 2)
    assert str(frame.tensors["x"]) == "f32[2]"


def test_empty_tensors_and_scalars_keep_their_shapes() -> None:
    listed = [{"name": "none", "type": "i64", "shape": [2, 0]}, {"name": "one", "type": "u8", "shape": []}]
    frame = frames_of(header_bytes({"kind": "request", "id": 1, "tensors": listed}) + b"\x07").read()
    assert frame is not None
    assert (frame.tensors["none"].shape, bytes(frame.tensors["none"].data)) == ((2, 0), b"")
    assert (frame.tensors["one"].shape, bytes(frame.tensors["one"].data)) == ((), b"\x07")


def test_an_input_that_ends_between_frames_is_no_error_and_one_in_mid_frame_is() -> None:
    frames = frames_of(DOCUMENTED)
    frames.read()
    assert frames.read() is None
    for end in (2, 4, 50, len(DOCUMENTED) - 1):
        with pytest.raises(EOFError):
            frames_of(DOCUMENTED[:end]).read()


def with_tensors(*tensors: object) -> bytes:
    return header_bytes({"kind": "request", "id": 1, "tensors": list(tensors)})


X = {"name": "x", "type": "u8", "shape": [0]}


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (struct.pack("<I", 0), "header of 0 bytes"),
        (struct.pack("<I", (16 << 20) + 1), "header of 16777217 bytes"),
        (struct.pack("<I", 5) + b"hello", "no JSON"),
        (header_bytes([1]), "no object"),
        (header_bytes({"tensors": 7}), "no list"),
        (with_tensors(*({**X, "name": str(i)} for i in range(4097))), "more than 4096"),
        (with_tensors(X, X), "two tensors named 'x'"),
        (with_tensors("x"), "cannot be"),
        (with_tensors({**X, "name": "x" * 513}), "cannot be"),
        (with_tensors({**X, "type": "f8"}), "cannot be"),
        (with_tensors({**X, "shape": [-1]}), "cannot be"),
        (with_tensors({**X, "shape": [1.5]}), "cannot be"),
        (with_tensors({**X, "shape": [1] * 17}), "cannot be"),
        (with_tensors({**X, "shape": [(8 << 30) + 1]}), "more than 8589934592 bytes"),
        (with_tensors({**X, "shape": [8 << 30]}, {**X, "name": "y", "shape": [1]}), "more than 8589934592 bytes"),
    ],
)
def test_what_is_no_frame_is_refused(data: bytes, what: str) -> None:
    with pytest.raises(BrokenFrames, match=what):
        frames_of(data).read()
