"""Best assignments and exact binomial tests by SciPy: reads argv[1], prints the totals and the p values."""

import json
import sys
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import binomtest


def best_total(matrix: list[list[float]]) -> float:
    values = np.array(matrix)
    rows, columns = linear_sum_assignment(values, maximize=True)
    return float(values[rows, columns].sum())


def two_sided(lost: int, gained: int) -> float:
    return float(binomtest(lost, lost + gained).pvalue) if lost + gained else 1.0


question = json.loads(Path(sys.argv[1]).read_text())
print(
    json.dumps(
        {
            "totals": [best_total(matrix) for matrix in question["matrices"]],
            "ps": [two_sided(*pair) for pair in question["discordant"]],
        }
    )
)
