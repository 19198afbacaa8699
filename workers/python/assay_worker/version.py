"""The version of Assay that this worker belongs to: a host of another version says so."""

import json
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[3] / "package.json"


def assay_version() -> str:
    """That of the package around this worker; `unknown` for a worker that was copied out of it."""
    try:
        return str(json.loads(PACKAGE.read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError):
        return "unknown"
