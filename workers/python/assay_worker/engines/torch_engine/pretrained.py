"""Models that transformers builds and fills."""

import re
from typing import Any

import transformers

from ...failure import invalid, worker_error
from .source import Source

# torch counts the batches that a norm was trained on; no pass in use reads it.
UNREAD = re.compile(r"(^|\.)num_batches_tracked$")


def from_pretrained(auto_class: str, source: Source) -> Any:
    """A network of one of transformers' automatic classes, ready to be run. Raises WorkerError."""
    transformers.utils.logging.disable_progress_bar()
    chosen = source.options.attn_implementation
    attention = {} if chosen is None else {"attn_implementation": chosen}
    try:
        config = transformers.AutoConfig.from_pretrained(source.path, local_files_only=True)
        network, report = getattr(transformers, auto_class).from_pretrained(
            source.path,
            config=config,
            dtype=source.dtype,
            local_files_only=True,
            output_loading_info=True,
            **attention,
        )
    except Exception as error:
        raise worker_error(error, f"loading {source.path}") from error
    # transformers fills what a checkpoint lacks with random numbers, and only warns.
    refuse_lacking(source, [*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])])
    return source.place(network)


def refuse_lacking(source: Source, names: list[str]) -> None:
    """Raises WorkerError `invalid-request` where a weight that is read is among the names of those that are not there."""
    lacking = [name for name in names if not UNREAD.search(name)]
    if lacking:
        raise invalid(f"{source.path} lacks {len(lacking)} of the model's weights, {min(lacking)} among them")
