"""A model without a library, for the tests of the loops: its logits are a table, and its clock stands still."""

from array import array
from collections.abc import Callable, Sequence

from assay_worker.engine import Language, Prompt, TopTwo
from assay_worker.failure import invalid
from assay_worker.frames import Tensor
from assay_worker.serve import Turn

# The logits that follow each token. After 1 and 2 the best two tie; 3 is never chosen but forced.
TABLE = [[0.0, 5.0, 1.0, 2.0], [0.0, 1.0, 7.0, 7.0], [9.0, 0.0, 9.0, 0.0], [1.0, 2.0, 3.0, 4.0]]


def ids(*rows: Sequence[int]) -> Tensor:
    return Tensor("i64", (len(rows), len(rows[0])), array("q", [id for row in rows for id in row]).tobytes())


def rows_of(tensor: Tensor) -> list[list[int]]:
    values = array("q", bytes(tensor.data)).tolist()
    width = tensor.shape[-1]
    return [values[at : at + width] for at in range(0, len(values), width)]


class TableDecoding:
    prefill_chunk = 0

    def __init__(self, prompt: Prompt, passes: list[list[int]]) -> None:
        self._prompt = prompt
        self._passes = passes
        self._logits: list[list[float]] = []
        self.prefill_chunk = prompt.tokens

    def prefill(self, turn: Turn) -> float:
        return self.step([row[-1] for row in rows_of(self._prompt.ids)])

    def step(self, tokens: Sequence[int]) -> float:
        self._passes.append(list(tokens))
        self._logits = [TABLE[token] for token in tokens]
        return 1.5

    def choose(self) -> list[int]:
        return [row.index(max(row)) for row in self._logits]

    def top_two(self) -> list[TopTwo]:
        orders = [sorted(range(len(row)), key=lambda id, row=row: (-row[id], id)) for row in self._logits]  # type: ignore[misc]
        return [TopTwo(a, b, row[a], row[b]) for row, (a, b, *_) in zip(self._logits, orders)]

    def logits(self) -> bytes:
        return array("f", [value for row in self._logits for value in row]).tobytes()


class TablePass:
    def __init__(self) -> None:
        self.made = 0

    def run(self) -> float:
        self.made += 1
        return float(self.made)

    def outputs(self) -> dict[str, Tensor]:
        return {"made": Tensor("u8", (1,), bytes([self.made]))}


class TableModel:
    def __init__(self) -> None:
        # The tokens of every pass.
        self.passes: list[list[int]] = []
        self.windows = 0
        self.ready = TablePass()

    def language(self) -> Language:
        return Language(vocabulary=4, positions=16, takes_position_ids=True, takes_padding=True)

    def begin(self, prompt: Prompt, new_tokens: int, prefill_chunk: int | None) -> TableDecoding:
        return TableDecoding(prompt, self.passes)

    def prepare(self, outputs: Sequence[str] | None, logits_to_keep: int, tensors: dict[str, Tensor]) -> TablePass:
        if tensors:
            raise invalid("takes nothing")
        return self.ready

    def open_peak_window(self) -> Callable[[], int | None]:
        self.windows += 1
        return lambda: 4096

    def close(self) -> None:
        pass
