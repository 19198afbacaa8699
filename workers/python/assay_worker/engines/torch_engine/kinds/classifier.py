"""Image classifiers of transformers: ResNet, ViT, EfficientNet, and the others of AutoModelForImageClassification."""

import transformers

from ....engine import value_description
from ..passes import SinglePassModel, pixels
from ..pretrained import from_pretrained
from ..source import Source
from ..vision_config import image_size_of
from .kind import Kind

SUFFIX = "ForImageClassification"


def takes(source: Source) -> bool:
    known = transformers.models.auto.modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES
    named = source.architectures
    return any(name.endswith(SUFFIX) for name in named) if named else source.type in known


def open_classifier(source: Source) -> SinglePassModel:
    network = from_pretrained("AutoModelForImageClassification", source)
    config = network.config
    # transformers knows sizes that config.json leaves out, such as ViT's 224.
    size = image_size_of({"image_size": getattr(config, "image_size", None)}) or image_size_of(source.config)
    return SinglePassModel(
        network,
        source,
        pixels(size),
        lambda output: {"logits": output.logits},
        [value_description("logits", "f32", ["batch", config.num_labels])],
        getattr(config, "_attn_implementation", None),
    )


IMAGE_CLASSIFIERS = Kind("image classifiers", takes, open_classifier)
