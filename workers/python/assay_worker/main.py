"""The process of a worker: finds its descriptors and its engine, and serves."""

import os
import sys
from typing import NoReturn

from .calls import Calls
from .engines import ENGINES
from .frames import Frames
from .received import Received, received_home
from .serve import Server


def main() -> NoReturn:
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in ENGINES:
        print(f"usage: worker.py ENGINE, one of {', '.join(ENGINES)}", file=sys.stderr)
        sys.exit(2)
    frames = Frames(*descriptors())
    calls = Calls(name, ENGINES[name](), Received(received_home(os.environ)))
    Server(frames, calls.table).serve()


def descriptors() -> tuple[int, int]:
    """The descriptors that the host names, or copies of standard input and output for a worker that is reached through ssh.

    Copies, since whatever a library prints from then on goes to standard error, and what it reads comes from nowhere.
    """
    if "ASSAY_FDS" in os.environ:
        from_host, to_host = (int(descriptor) for descriptor in os.environ["ASSAY_FDS"].split(","))
        # A process that a library starts would hold the host's end open.
        os.set_inheritable(from_host, False)
        os.set_inheritable(to_host, False)
        return from_host, to_host
    from_host, to_host = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return from_host, to_host
