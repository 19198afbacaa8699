"""What every engine says of its devices."""

import os
import platform
import re
from collections.abc import Mapping, Sequence
from typing import Any


def wanted_devices(engine: str, env: Mapping[str, str]) -> list[str] | None:
    """This engine's devices that the host will use, by ASSAY_DEVICES; None where it did not say: then all are looked for."""
    named = env.get("ASSAY_DEVICES")
    return None if named is None else [id for id in named.split(",") if id.startswith(f"{engine}:")]


def device_description(
    id: str,
    name: str,
    kind: str,
    memory_bytes: int | None,
    precisions: Sequence[str],
    dialect: str | None,
    properties: Mapping[str, str],
) -> dict[str, Any]:
    return {
        "id": id,
        "name": name,
        "kind": kind,
        "memoryBytes": memory_bytes,
        "precisions": list(precisions),
        "dialect": dialect,
        "properties": dict(properties),
    }


def processor_name() -> str:
    """As a person knows it: `AMD EPYC 9R14`."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            found = re.search(r"^model name\s*:\s*(.+)$", file.read(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()


def host_memory_bytes() -> int | None:
    """The machine's memory, or the control group's where that is less; None where the system does not tell."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        with open("/sys/fs/cgroup/memory.max", encoding="ascii") as file:
            return min(machine, int(file.read()))
    except (OSError, ValueError):  # no control group, or `max`
        return machine
