"""The kinds of models that torch runs: one line each. The first that takes a directory opens it."""

from ..source import Source
from .classifier import IMAGE_CLASSIFIERS
from .detector import DETECTORS
from .kind import Kind, TorchModel
from .language import LANGUAGE_MODELS
from .own import OWN_NETWORKS
from .timm_model import TIMM_MODELS

KINDS = (LANGUAGE_MODELS, IMAGE_CLASSIFIERS, TIMM_MODELS, OWN_NETWORKS, DETECTORS)

__all__ = ["KINDS", "Kind", "Source", "TorchModel"]
