"""A host for tests: starts a worker, asks it, and reads its answers."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from assay_worker.frames import Frame, Frames, Tensor

ROOT = Path(__file__).parents[1]
WORKER = [sys.executable, str(ROOT / "worker.py")]


class Host:
    """`stdio`: frames over standard input and output, as through ssh; else over descriptors of their own."""

    def __init__(self, command: list[str], stdio: bool = False, env: dict[str, str] | None = None) -> None:
        environment = {**os.environ, **(env or {})}
        environment.pop("ASSAY_FDS", None)
        if stdio:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
            )
            assert self.process.stdin is not None and self.process.stdout is not None
            to_worker, from_worker = self.process.stdin.fileno(), self.process.stdout.fileno()
        else:
            worker_reads, to_worker = os.pipe()
            from_worker, worker_writes = os.pipe()
            environment["ASSAY_FDS"] = f"{worker_reads},{worker_writes}"
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                pass_fds=(worker_reads, worker_writes),
            )
            os.close(worker_reads)
            os.close(worker_writes)
        self._to_worker = to_worker
        # A descriptor of its own, which it closes; standard output has an owner already.
        self._frames = Frames(os.dup(from_worker) if stdio else from_worker, to_worker)
        self._last = 0

    def send(self, method: str, params: object = None, tensors: dict[str, Tensor] | None = None) -> int:
        self._last += 1
        self._frames.write({"kind": "request", "id": self._last, "method": method, "params": params or {}}, tensors)
        return self._last

    def interrupt(self, id: int) -> None:
        self._frames.write({"kind": "interrupt", "id": id})

    def next(self) -> Frame:
        frame = self._frames.read()
        assert frame is not None, "the worker is gone"
        return frame

    def answer(self, id: int) -> Frame:
        while True:
            frame = self.next()
            if frame.header["kind"] in ("response", "error"):
                assert frame.header["id"] == id
                return frame

    def ask(self, method: str, params: object = None, tensors: dict[str, Tensor] | None = None) -> Frame:
        return self.answer(self.send(method, params, tensors))

    def result(self, method: str, params: object, tensors: dict[str, Tensor] | None = None) -> dict[str, Any]:
        frame = self.ask(method, params, tensors)
        assert frame.header["kind"] == "response", frame.header
        result: dict[str, Any] = frame.header["result"]
        return result

    def hang_up(self) -> int:
        """Closes the worker's input; gives its exit code. Raises TimeoutExpired where it goes on."""
        if self.process.stdin is None:
            os.close(self._to_worker)
        else:
            self.process.stdin.close()
        try:
            return self.process.wait(timeout=10)
        finally:
            self.process.kill()

    def error_output(self) -> str:
        """Once it is gone."""
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()
