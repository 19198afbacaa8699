"""The models that the recipe makes: the configuration of each as transformers has it, and how long it is trained."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from tokenizer import CONTEXT, END_ID, VOCABULARY
from transformers import GPTNeoXConfig, LlamaConfig, MistralConfig, PreTrainedConfig

ZOO = Path(__file__).parents[2]


@dataclass(frozen=True)
class Variant:
    """A model of the zoo: its configuration and the steps of its training."""

    name: str
    config: PreTrainedConfig
    steps: int

    @property
    def directory(self) -> Path:
        """Where it ships."""
        return ZOO / self.name


VARIANTS = (
    Variant(
        "llama",
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=256,
            intermediate_size=704,
            num_hidden_layers=6,
            num_attention_heads=8,
            num_key_value_heads=2,
            head_dim=32,
            max_position_embeddings=CONTEXT,
            rms_norm_eps=1e-5,
            rope_theta=10000.0,
            tie_word_embeddings=True,
            bos_token_id=END_ID,
            eos_token_id=END_ID,
            pad_token_id=None,
        ),
        steps=1100,
    ),
    # The window is shorter than the longest prompts; what lies more than 4 x 31 positions back is out of reach.
    Variant(
        "mistral",
        MistralConfig(
            vocab_size=VOCABULARY,
            hidden_size=192,
            intermediate_size=640,
            num_hidden_layers=4,
            num_attention_heads=6,
            num_key_value_heads=2,
            head_dim=32,
            max_position_embeddings=CONTEXT,
            sliding_window=32,
            rms_norm_eps=1e-5,
            rope_theta=10000.0,
            tie_word_embeddings=False,
            bos_token_id=END_ID,
            eos_token_id=END_ID,
            pad_token_id=None,
        ),
        steps=1600,
    ),
    # Heads of 48, of which the first 12 components are rotated; the rest of its features are transformers' defaults.
    Variant(
        "gpt-neox",
        GPTNeoXConfig(
            vocab_size=VOCABULARY,
            hidden_size=192,
            intermediate_size=768,
            num_hidden_layers=4,
            num_attention_heads=4,
            hidden_act="gelu",
            rotary_pct=0.25,
            rotary_emb_base=10000,
            use_parallel_residual=True,
            attention_bias=True,
            max_position_embeddings=CONTEXT,
            layer_norm_eps=1e-5,
            tie_word_embeddings=False,
            bos_token_id=END_ID,
            eos_token_id=END_ID,
            pad_token_id=None,
        ),
        steps=1000,
    ),
)


def asked(description: str) -> Variant:
    """The variant that the command line names."""
    parser = argparse.ArgumentParser(description=description)
    by_name = {variant.name: variant for variant in VARIANTS}
    parser.add_argument("variant", choices=by_name)
    return by_name[parser.parse_args().variant]
