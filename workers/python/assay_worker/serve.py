"""Answers a host: one thread reads, one beats, and the caller's thread works, one request after another."""

import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from .failure import WorkerError, invalid, worker_error
from .frames import BrokenFrames, Frame, Frames, Tensor
from .memory import resident_bytes

HEARTBEAT_MS = 500
# Progress is for people, and a pass may take microseconds.
PROGRESS_S = 0.1

Answer = tuple[dict[str, Any], dict[str, Tensor]]


class Turn:
    """What a call in progress may ask and say while it works."""

    def __init__(self, id: int, is_interrupted: Callable[[], bool], say: Callable[[int, int], None]) -> None:
        self.id = id
        self._is_interrupted = is_interrupted
        self._say = say
        self._said = float("-inf")

    def check(self, done: int, total: int, what: str) -> None:
        """Between passes: gives up where the host asked for it. Raises WorkerError `interrupted`."""
        if self._is_interrupted():
            raise WorkerError("interrupted", f"interrupted after {done} of {total} {what}")

    def progress(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._said >= PROGRESS_S:
            self._said = now
            self._say(done, total)


Call = Callable[[Mapping[str, Any], dict[str, Tensor], Turn], Answer]


class Server:
    def __init__(self, frames: Frames, calls: Mapping[str, Call]) -> None:
        self._frames = frames
        self._calls = calls
        self._requests: queue.SimpleQueue[Frame] = queue.SimpleQueue()
        # The call in progress, or 0; the newest that began; and calls that were given up. Ids of a host only grow.
        self._current = 0
        self._newest = 0
        self._interrupted: set[int] = set()
        self._marking = threading.Lock()

    def serve(self) -> NoReturn:
        threading.Thread(target=self._read, name="frames", daemon=True).start()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()
        while True:
            frame = self._requests.get()
            try:
                self._answer(frame)
            except BrokenPipeError:
                os._exit(0)  # the host is gone

    def _read(self) -> None:
        """Takes interrupts while a call is in progress, and ends the process, busy or not, once the host goes away."""
        try:
            while (frame := self._frames.read()) is not None:
                self._take(frame)
        except EOFError:
            pass
        except BrokenFrames as error:
            print(f"the host's frames broke: {error}", file=sys.stderr, flush=True)
            os._exit(1)
        # A thread inside a native call cannot be stopped, and sys.exit() would wait for it.
        os._exit(0)

    def _take(self, frame: Frame) -> None:
        kind, id = frame.header.get("kind"), frame.header.get("id")
        if not isinstance(id, int) or isinstance(id, bool) or id <= 0:
            raise BrokenFrames(f"a {kind} with the id {id!r}")
        if kind == "request":
            self._requests.put(frame)
        elif kind == "interrupt":
            with self._marking:
                if id == self._current or id > self._newest:
                    self._interrupted.add(id)
        else:
            raise BrokenFrames(f"a frame of the kind {kind!r}, which no host sends")

    def _beat(self) -> None:
        while True:
            try:
                self._frames.write({"kind": "heartbeat", "memoryBytes": resident_bytes()})
            except BrokenPipeError:
                os._exit(0)
            time.sleep(HEARTBEAT_MS / 1000)

    def _answer(self, frame: Frame) -> None:
        """Answers one request. Whatever goes wrong becomes an error frame, and the worker goes on."""
        id: int = frame.header["id"]
        with self._marking:
            self._current = self._newest = id
        try:
            result, tensors = self._dispatch(id, frame)
            self._frames.write({"kind": "response", "id": id, "result": result}, tensors)
        except WorkerError as error:
            self._frames.write({"kind": "error", "id": id, "code": error.code, "message": str(error)})
        finally:
            with self._marking:
                self._current = 0
                self._interrupted.discard(id)

    def _dispatch(self, id: int, frame: Frame) -> Answer:
        method, params = frame.header.get("method"), frame.header.get("params")
        call = self._calls.get(method) if isinstance(method, str) else None
        if call is None:
            raise WorkerError("unsupported", f"no call is named {method!r}")
        if not isinstance(params, dict):
            raise invalid(f"{method}: params must be an object")
        turn = Turn(
            id,
            lambda: id in self._interrupted,
            lambda done, total: self._frames.write({"kind": "progress", "id": id, "done": done, "total": total}),
        )
        turn.check(0, 1, "calls: it had not begun")
        try:
            return call(params, frame.tensors, turn)
        except (WorkerError, BrokenPipeError):
            raise
        except Exception as error:
            traceback.print_exc()
            raise worker_error(error, str(method)) from error
