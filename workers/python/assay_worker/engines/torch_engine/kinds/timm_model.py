"""Models by timm's config.json, which says their `architecture`: built by timm where it is installed, else here if they can be."""

import importlib.util

from ....engine import value_description
from ....failure import WorkerError
from ....library import import_libraries
from ..checkpoint import fill
from ..networks import NETWORKS
from ..passes import SinglePassModel, pixels
from ..source import Source, image_size_of
from .kind import Kind


def takes(source: Source) -> bool:
    is_timm = "architecture" in source.config and "model_type" not in source.config
    return is_timm and (importlib.util.find_spec("timm") is not None or source.type not in NETWORKS)


def open_timm(source: Source) -> SinglePassModel:
    timm = import_libraries(["timm"])
    if not timm.is_model(source.type):
        raise WorkerError("unsupported", f"timm {timm.__version__} has no {source.type}")
    classes = int(source.config.get("num_classes", 1000))
    # `model_args` is timm's own word for what its builder is told beside.
    network = timm.create_model(source.type, num_classes=classes, **source.config.get("model_args", {}))
    return SinglePassModel(
        fill(network, source),
        source,
        pixels(image_size_of(source.config)),
        lambda logits: {"logits": logits},
        [value_description("logits", "f32", ["batch", classes])],
    )


TIMM_MODELS = Kind("models of timm", takes, open_timm)
