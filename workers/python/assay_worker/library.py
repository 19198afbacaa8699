"""An engine's library: where it is missing, the sentence that says so and how to install it."""

import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType

from .failure import WorkerError


def import_libraries(names: Sequence[str], packages: Sequence[str] | None = None) -> ModuleType:
    """Imports the first of `names`, after a look whether all of them are there: the others may take long to import.

    Raises WorkerError `unsupported`, with the interpreter and the line that installs `packages`.
    """
    install = f"{sys.executable} -m pip install {' '.join(packages or names)}"
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise WorkerError("unsupported", f"{name} is not installed in {sys.executable}: {install}")
    try:
        return importlib.import_module(names[0])
    except Exception as error:
        # It is there and broken: a driver's library is missing, or it is built for another system.
        problem = f"{type(error).__name__}: {error}"
        raise WorkerError("unsupported", f"{names[0]} cannot be imported in {sys.executable}: {problem}") from error


def version_of(package: str) -> str:
    """The version of an installed package, without importing it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def python_version() -> str:
    return sys.version.split()[0]
