"""Files that a host sends to a worker that does not share its disk: the calls `artifact` and `write`."""

import hashlib
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .failure import invalid
from .frames import Tensor
from .parameters import count, text
from .serve import Answer, Turn

KEY = re.compile(r"[a-z0-9-]{1,128}")
SHA256 = re.compile(r"[0-9a-f]{64}")
IN_TRANSIT = ".part"
HASH_BYTES = 1 << 20


@dataclass(frozen=True)
class ListedFile:
    name: str
    size: int
    sha256: str


def received_home(env: Mapping[str, str]) -> Path:
    """`received` in the folder that src/build/home.ts names."""
    if env.get("ASSAY_HOME"):
        return Path(env["ASSAY_HOME"]) / "received"
    if sys.platform == "win32":
        return Path(env.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "assay" / "received"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "assay" / "received"
    return Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "assay" / "received"


class Received:
    def __init__(self, home: Path) -> None:
        self._home = home

    def artifact(self, params: Mapping[str, Any], tensors: dict[str, Tensor], turn: Turn) -> Answer:
        """Which bytes of an artifact's files are still missing, and the folder once none is."""
        folder = self._folder(params)
        files = [_listed_file(entry) for entry in _list(params, "files")]
        missing = []
        for done, file in enumerate(files):
            turn.check(done, len(files), "files")
            begin = _first_missing_byte(_inside(folder, file.name), file)
            if begin is not None:
                missing.append({"name": file.name, "from": begin})
        return {"path": None if missing else str(folder), "missing": missing}, {}

    def write(self, params: Mapping[str, Any], tensors: dict[str, Tensor], turn: Turn) -> Answer:
        """Appends bytes to a file in transit."""
        path = _inside(self._folder(params), text(params, "name"))
        begin = count(params, "from")
        if set(tensors) != {"bytes"} or tensors["bytes"].type != "u8" or len(tensors["bytes"].shape) != 1:
            raise invalid("write takes one tensor, bytes u8[n]")
        if path.exists():
            raise invalid(f"{params['name']} is there already")
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(_part(path), "ab") as file:
            length = file.seek(0, os.SEEK_END)
            if length != begin:
                raise invalid(f"{params['name']} has {length} bytes, and cannot be written at {begin}")
            file.write(tensors["bytes"].data)
        return {}, {}

    def _folder(self, params: Mapping[str, Any]) -> Path:
        key = text(params, "key")
        if not KEY.fullmatch(key):
            raise invalid(f"the key {key!r} is not 1 to 128 of a-z, 0-9 and -")
        return self._home / key


def _first_missing_byte(path: Path, file: ListedFile) -> int | None:
    """None where the file is whole; else how many of its bytes are there. What is wrong is deleted."""
    if path.exists():
        if path.stat().st_size == file.size and _sha256(path) == file.sha256:
            return None
        path.unlink()
        return 0
    part = _part(path)
    length = part.stat().st_size if part.exists() else 0
    if length < file.size:
        return length
    if length == 0:
        part.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
    if length == file.size and _sha256(part) == file.sha256:
        part.replace(path)
        return None
    part.unlink()
    return 0


def _part(path: Path) -> Path:
    return path.with_name(path.name + IN_TRANSIT)


def _inside(folder: Path, name: str) -> Path:
    """The path of a plain relative name in a folder. Nothing may be written outside, nor over a file in transit."""
    parts = name.split("/")
    is_plain = all(part not in ("", ".", "..") for part in parts) and not re.search(r"[\\:\x00-\x1f]", name)
    if not is_plain or any(part.endswith(IN_TRANSIT) for part in parts):
        raise invalid(f"{name!r} is not a plain relative path")
    path = folder.joinpath(*parts)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise invalid(f"{name!r} leads out of its folder")
    return path


def _listed_file(entry: object) -> ListedFile:
    if not isinstance(entry, dict):
        raise invalid("artifact: each file is an object with name, size and sha256")
    sha256 = text(entry, "sha256").lower()
    if not SHA256.fullmatch(sha256):
        raise invalid(f"artifact: {sha256!r} is no sha256")
    return ListedFile(text(entry, "name"), count(entry, "size"), sha256)


def _list(params: Mapping[str, Any], name: str) -> list[object]:
    value = params.get(name)
    if not isinstance(value, list):
        raise invalid(f"{name} must be a list")
    return value


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(HASH_BYTES):
            digest.update(block)
    return digest.hexdigest()
