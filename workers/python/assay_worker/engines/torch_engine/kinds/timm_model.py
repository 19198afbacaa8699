"""Models by timm's config.json, which says their `architecture`: built by timm where it is installed, else here if they can be."""

import importlib.util

from ....engine import value_description
from ....failure import WorkerError
from ....library import import_libraries
from ..checkpoint import fill
from ..networks import NETWORKS
from ..networks.efficientnet import TORCHVISION
from ..passes import SinglePassModel, pixels
from ..source import Source
from ..vision_config import classes_of, image_size_of
from .kind import Kind

# Keys of Hugging Face that a config may have beside, and that timm's builders do not take.
NOT_OF_TIMM = ("width_coefficient", "depth_coefficient", "batch_norm_eps")


def takes(source: Source) -> bool:
    """Those that are written out here as well are built by timm where it is there and is told all."""
    if "architecture" not in source.config or "model_type" in source.config:
        return False
    if source.type not in NETWORKS:
        return True
    is_more = source.type == TORCHVISION or any(key in source.config for key in NOT_OF_TIMM)
    return importlib.util.find_spec("timm") is not None and not is_more


def open_timm(source: Source) -> SinglePassModel:
    timm = import_libraries(["timm"])
    if not timm.is_model(source.type):
        raise WorkerError("unsupported", f"timm {timm.__version__} has no {source.type}")
    classes = classes_of(source.config)
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
