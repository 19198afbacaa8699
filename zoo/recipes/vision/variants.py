"""The models that the recipe makes: the configuration of each, and how long it is trained."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from pictures import NAMES, SIZE
from transformers import PreTrainedConfig, ResNetConfig, ViTConfig

ZOO = Path(__file__).parents[2]
LABELS = dict(enumerate(NAMES))
IDS = {name: label for label, name in LABELS.items()}


@dataclass(frozen=True)
class Variant:
    """A classifier of the zoo: its configuration, the steps of each round of its training, its learning rate at their peaks."""

    name: str
    config: PreTrainedConfig
    rounds: tuple[int, ...]
    peak_rate: float

    @property
    def directory(self) -> Path:
        """Where it ships."""
        return ZOO / self.name


CLASSIFIERS = (
    Variant(
        "resnet",
        ResNetConfig(
            embedding_size=16,
            hidden_sizes=[16, 32, 64, 128],
            depths=[2, 1, 1, 1],
            layer_type="basic",
            image_size=SIZE,
            id2label=LABELS,
            label2id=IDS,
        ),
        rounds=(3000,),
        peak_rate=4e-3,
    ),
    Variant(
        "vit",
        ViTConfig(
            hidden_size=64,
            num_hidden_layers=4,
            num_attention_heads=4,
            intermediate_size=192,
            image_size=SIZE,
            patch_size=8,
            layer_norm_eps=1e-6,
            initializer_range=0.1,  # of its narrow layers; the usual 0.02 is for 768
            id2label=LABELS,
            label2id=IDS,
        ),
        rounds=(4500, 9000),
        peak_rate=1.5e-3,
    ),
)


def asked(description: str) -> tuple[Variant, int]:
    """The classifier that the command line names, and the round that its training starts with."""
    parser = argparse.ArgumentParser(description=description)
    by_name = {variant.name: variant for variant in CLASSIFIERS}
    parser.add_argument("variant", choices=by_name)
    parser.add_argument("--from-round", type=int, default=0, help="continue what is in the directory")
    arguments = parser.parse_args()
    return by_name[arguments.variant], arguments.from_round
