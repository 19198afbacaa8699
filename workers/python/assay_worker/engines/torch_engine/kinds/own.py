"""Networks that are written out here in plain torch (../networks)."""

import inspect
from typing import Any

import torch

from ....failure import worker_error
from ..checkpoint import fill
from ..networks import NETWORKS
from ..passes import Input, Outputs, SinglePassModel, pixels
from ..source import Source
from ..vision_config import image_size_of
from .kind import Kind


def takes(source: Source) -> bool:
    return source.type in NETWORKS


def open_own(source: Source) -> SinglePassModel:
    try:
        network = NETWORKS[source.type](source.config)
    except (KeyError, TypeError, ValueError) as error:
        raise worker_error(error, f"{source.path}: its config.json does not describe a {source.type}") from error
    return SinglePassModel(fill(network, source), source, _input_of(network, source), _named)


def _input_of(network: Any, source: Source) -> Input:
    """The only argument of its pass: `pixel_values`, or `input_ids` of a network that is measured like a language model."""
    (name,) = inspect.signature(network.forward).parameters
    if name == "input_ids":
        return Input(name, "i64", ("batch", "tokens"), (1, 1))
    return pixels(image_size_of(source.config))


def _named(output: Any) -> Outputs:
    """A network gives its logits alone, or a named tuple."""
    return {"logits": output} if isinstance(output, torch.Tensor) else output._asdict()


OWN_NETWORKS = Kind("networks of its own", takes, open_own)
