"""NumPy's side of compare-logits.ts.

usage: compare_logits.py REFERENCE DEVICE POSITIONS VOCABULARY
Each file holds float32 logits [positions, vocabulary]. For every line on standard input, a precision
(float32 or float64) and a way to the top 10 (rows or blocks), it compares once and answers with one line of JSON: {"ms": ..., "metrics": {...}}.
"""

import json
import sys
import time

import numpy as np

K = 10
# Rows at a time: temporaries that stay in the cache were 2 to 3 times faster than whole-tensor ones.
ROWS = 8
BLOCK = 128


def top_of_rows(x):
    """Tokens of the K largest logits of each row, in no order: what one would write."""
    vocabulary = x.shape[1]
    return np.argpartition(x, vocabulary - K, axis=1)[:, vocabulary - K :]


def top_of_blocks(x):
    """The same: they lie in the K blocks with the largest maxima, so that argpartition sees 4 % of the row."""
    rows, vocabulary = x.shape
    assert vocabulary % BLOCK == 0 and vocabulary > K * BLOCK
    blocks = x.reshape(rows, -1, BLOCK)
    count = blocks.shape[1]
    best = np.argpartition(blocks.max(axis=2), count - K, axis=1)[:, count - K :]
    candidates = np.take_along_axis(blocks, best[:, :, None], axis=1).reshape(rows, -1)
    at = np.argpartition(candidates, K * BLOCK - K, axis=1)[:, K * BLOCK - K :]
    return np.take_along_axis(best, at // BLOCK, axis=1) * BLOCK + at % BLOCK


def compare(reference, device, dtype, top):
    positions = len(reference)
    sums = dict(abs=0.0, error=0.0, reference=0.0, device=0.0, product=0.0)
    max_abs = np.empty(positions)
    kl = np.empty(positions)
    overlap = np.empty(positions)
    agree = np.empty(positions, dtype=bool)
    flips = []
    finite = np.empty(positions, dtype=bool)
    for start in range(0, positions, ROWS):
        rows = slice(start, start + ROWS)
        r, d = reference[rows].astype(dtype, copy=False), device[rows].astype(dtype, copy=False)
        error = d - r
        absolute = np.abs(error)
        max_abs[rows] = absolute.max(axis=1)
        # NaN and infinities show in the sum; they are counted only where it is not finite, as on the other side.
        finite[rows] = np.isfinite(absolute.sum(axis=1))
        sums["abs"] += absolute.sum(dtype=dtype)
        for name, a, b in (("error", error, error), ("reference", r, r), ("device", d, d), ("product", d, r)):
            sums[name] += float(np.dot(a.ravel(), b.ravel()))

        top_r, top_d = top(r), top(d)
        overlap[rows] = (top_r[:, :, None] == top_d[:, None, :]).sum(axis=(1, 2))
        values_r = np.take_along_axis(r, top_r, axis=1)
        values_d = np.take_along_axis(d, top_d, axis=1)
        best_r = np.take_along_axis(top_r, values_r.argmax(axis=1)[:, None], axis=1)[:, 0]
        best_d = np.take_along_axis(top_d, values_d.argmax(axis=1)[:, None], axis=1)[:, 0]
        agree[rows] = best_r == best_d
        for i in np.flatnonzero(best_r != best_d):
            ordered = np.sort(values_r[i])
            flips.append((start + int(i), float(ordered[-1] - ordered[-2]), float(ordered[-1] - r[i, best_d[i]])))

        max_r, max_d = values_r.max(axis=1, keepdims=True), values_d.max(axis=1, keepdims=True)
        p = np.exp(r - max_r)
        sum_r = p.sum(axis=1)
        sum_d = np.exp(d - max_d).sum(axis=1)
        # KL = E_p[r - d] + log Z_d - log Z_r
        mean_error = np.einsum("ij,ij->i", p, error) / sum_r
        kl[rows] = -mean_error + np.log(sum_d) + max_d[:, 0] - np.log(sum_r) - max_r[:, 0]
    norm_e, norm_r, norm_d = (np.sqrt(sums[name]) for name in ("error", "reference", "device"))
    return {
        "maxAbs": float(max_abs.max()),
        "meanAbs": float(sums["abs"] / reference.size),
        "relL2": float(norm_e / norm_r),
        "cosine": float(sums["product"] / norm_r / norm_d),
        "snrDb": float(20 * np.log10(norm_r / norm_e)),
        "klMean": float(kl.mean()),
        "klMax": float(kl.max()),
        "top1": float(agree.mean()),
        "flips": len(flips),
        "flipMargins": float(sum(margin for _, margin, _ in flips)),
        "flipDeviceMargins": float(sum(margin for _, _, margin in flips)),
        "topkMean": float(overlap.mean()),
        "topkMin": float(overlap.min()),
        "nonFinite": 0 if finite.all() else int((~np.isfinite(reference)).sum() + (~np.isfinite(device)).sum()),
    }


def main():
    reference_path, device_path, positions, vocabulary = sys.argv[1:]
    shape = (int(positions), int(vocabulary))
    reference = np.fromfile(reference_path, dtype=np.float32).reshape(shape)
    device = np.fromfile(device_path, dtype=np.float32).reshape(shape)
    for line in sys.stdin:
        start = time.perf_counter()
        precision, way = line.split()
        top = top_of_blocks if way == "blocks" else top_of_rows
        metrics = compare(reference, device, np.dtype(precision), top)
        ms = (time.perf_counter() - start) * 1000
        print(json.dumps({"ms": ms, "metrics": metrics, "numpy": np.__version__}), flush=True)


main()
