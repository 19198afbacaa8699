"""The weights of a directory, for networks that transformers does not fill."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from ...failure import invalid, worker_error
from .pretrained import UNREAD, refuse_lacking
from .source import Source


def fill(network: Any, source: Source) -> Any:
    """The network with the weights of the directory's safetensors files, ready to be run.

    Raises WorkerError `invalid-request` where a weight is missing, too many, or of another shape.
    """
    weights = _read(source.path)
    wanted = network.state_dict()
    refuse_lacking(source, [name for name in wanted if name not in weights])
    extra = [name for name in weights if name not in wanted and not UNREAD.search(name)]
    if extra:
        raise invalid(f"{source.path} has {len(extra)} weights that the model does not, {min(extra)} among them")
    for name, weight in weights.items():
        if name in wanted and weight.shape != wanted[name].shape:
            raise invalid(f"{name} is {list(weight.shape)} in {source.path}, and must be {list(wanted[name].shape)}")
    # Only the counts of batches may lack.
    network.load_state_dict(weights, strict=False)
    return source.place(network)


def _read(path: str) -> dict[str, torch.Tensor]:
    files = sorted(Path(path).glob("*.safetensors"))
    if not files:
        raise invalid(f"{path} holds no *.safetensors")
    try:
        return {name: weight for file in files for name, weight in load_file(file).items()}
    except Exception as error:
        raise worker_error(error, f"loading {path}") from error
