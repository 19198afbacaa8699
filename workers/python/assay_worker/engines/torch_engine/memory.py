"""The memory of torch's devices."""

from collections.abc import Callable

import torch

from ...memory import open_peak_window, resident_bytes


def held_bytes(device: torch.device) -> int | None:
    """What torch holds on the device now; the process's resident memory for the CPU."""
    if device.type == "cpu":
        return resident_bytes()
    module = torch.get_device_module(device)
    if hasattr(module, "memory_allocated"):
        return int(module.memory_allocated(device))
    if hasattr(module, "current_allocated_memory"):  # MPS
        return int(module.current_allocated_memory())
    return None


def open_device_peak_window(device: torch.device) -> Callable[[], int | None]:
    """Sets the peak of the device's memory back, and gives what tells the peak since."""
    if device.type == "cpu":
        return open_peak_window()
    module = torch.get_device_module(device)
    if not hasattr(module, "reset_peak_memory_stats"):
        return lambda: None
    module.reset_peak_memory_stats(device)
    return lambda: int(module.max_memory_allocated(device))


def release(device: torch.device) -> None:
    """Gives what torch keeps for later back to the device."""
    if device.type != "cpu":
        torch.get_device_module(device).empty_cache()
