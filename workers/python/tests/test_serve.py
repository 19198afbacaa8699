"""The serve loop, in a process of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from assay_worker.frames import Tensor

from host import WORKER, Host

MISBEHAVING = [sys.executable, str(Path(__file__).parent / "misbehaving.py")]


@pytest.fixture(params=[False, True], ids=["descriptors", "standard streams"])
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    host = Host(MISBEHAVING, stdio=request.param)
    yield host
    host.process.kill()


def test_requests_are_answered_in_order_with_their_tensors(host: Host) -> None:
    first = host.send("echo", {"a": 1}, {"x": Tensor("u8", (3,), b"abc")})
    second = host.send("echo", {"b": 2})
    answer = host.answer(first)
    assert (answer.header["result"], bytes(answer.tensors["x"].data)) == ({"a": 1}, b"abc")
    assert host.answer(second).header["result"] == {"b": 2}


@pytest.mark.parametrize(
    ("method", "params", "code", "message"),
    [
        ("no-such-call", {}, "unsupported", "no call is named 'no-such-call'"),
        ("echo", [1], "invalid-request", "echo: params must be an object"),
        ("refuses", {}, "unsupported", "no such operator"),
        ("breaks", {"error": "KeyError", "text": "x"}, "failed", "breaks: KeyError: 'x'"),
        ("breaks", {"error": "MemoryError", "text": ""}, "out-of-memory", "breaks: MemoryError"),
        (
            "breaks",
            {"error": "RuntimeError", "text": "CUDA out of memory. Tried"},
            "out-of-memory",
            "CUDA out of memory",
        ),
        ("breaks", {"error": "RuntimeError", "text": "CUDA error: an illegal memory access"}, "device-lost", "illegal"),
        ("breaks", {"error": "RuntimeError", "text": "not implemented for 'Half'"}, "unsupported", "Half"),
    ],
)
def test_a_call_that_fails_is_an_error_and_the_worker_lives_on(
    host: Host, method: str, params: object, code: str, message: str
) -> None:
    header = host.ask(method, params).header
    assert (header["kind"], header["code"]) == ("error", code)
    assert message in header["message"]
    assert host.ask("echo").header["kind"] == "response"


def test_heartbeats_go_on_while_native_code_is_busy(host: Host) -> None:
    host.send("native")
    beats = [host.next().header for _ in range(4)]
    assert {header["kind"] for header in beats} == {"heartbeat"}
    assert all(header["memoryBytes"] > 1 << 20 for header in beats)


def test_the_end_of_its_input_ends_a_worker_at_once_even_when_native_code_is_busy(host: Host) -> None:
    host.send("native")
    host.next()
    assert host.hang_up() == 0


def test_an_idle_worker_ends_with_its_input(host: Host) -> None:
    host.ask("echo")
    assert host.hang_up() == 0


def test_an_interrupt_gives_up_the_call_in_progress(host: Host) -> None:
    id = host.send("polite")
    while host.next().header["kind"] != "progress":
        pass
    host.interrupt(id)
    assert host.answer(id).header["code"] == "interrupted"
    assert host.ask("echo").header["kind"] == "response"


def test_an_interrupt_gives_up_a_call_that_waits(host: Host) -> None:
    running = host.send("polite")
    waiting = host.send("echo")
    host.interrupt(waiting)
    host.interrupt(running)
    assert host.answer(running).header["code"] == "interrupted"
    assert host.answer(waiting).header["code"] == "interrupted"


def test_an_interrupt_after_the_answer_is_ignored(host: Host) -> None:
    id = host.send("echo")
    host.answer(id)
    host.interrupt(id)
    assert host.ask("echo").header["kind"] == "response"


def test_what_is_printed_or_read_never_touches_the_frames(host: Host) -> None:
    assert host.result("prints", {}) == {"stdin": ""}
    assert host.ask("echo").header["kind"] == "response"


@pytest.mark.parametrize("frame", [b"ready\n" * 100, b"\x02\x00\x00\x00{}"])
def test_what_is_no_frame_of_a_host_ends_the_worker_with_a_reason(frame: bytes) -> None:
    host = Host(MISBEHAVING, stdio=True)
    assert host.process.stdin is not None
    host.process.stdin.write(frame)
    host.process.stdin.flush()
    assert host.process.wait(timeout=10) == 1
    assert "the host's frames broke" in host.error_output()


@pytest.mark.parametrize("arguments", [[], ["no-such-engine"], ["torch", "cpu"]])
def test_an_unknown_engine_is_a_wrong_use(arguments: list[str]) -> None:
    host = Host([*WORKER, *arguments])
    assert host.process.wait(timeout=10) == 2
    assert "usage: worker.py ENGINE, one of torch" in host.error_output()
