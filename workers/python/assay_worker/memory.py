"""The memory of this process."""

import os
import re
from collections.abc import Callable

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def resident_bytes() -> int | None:
    """What this process holds now, or None where the system does not tell (/proc is Linux's)."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE_BYTES
    except OSError:
        return None


def open_peak_window() -> Callable[[], int | None]:
    """Sets the peak of the resident memory back, and gives what tells the peak since; it tells None off Linux.

    proc(5): writing 5 to clear_refs sets VmHWM back to what is resident now.
    """
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
    except OSError:
        return lambda: None
    return _peak_bytes


def _peak_bytes() -> int | None:
    with open("/proc/self/status", encoding="utf-8") as file:
        found = re.search(r"^VmHWM:\s+(\d+) kB", file.read(), re.MULTILINE)
    return int(found[1]) * 1024 if found else None
