import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { randomFrom } from './bootstrap.ts'
import { nllOfTargets } from './likelihood.ts'
import { compareLogits } from './logits.ts'
import { summarize } from './statistics.ts'
import { compareUlp } from './ulp.ts'

const PYTHON = process.env['ASSAY_PYTHON'] ?? 'python3'
const hasNumPy = spawnSync(PYTHON, ['-c', 'import numpy']).status === 0

const POSITIONS = 8
const VOCABULARY = 5003

const SCRIPT = `
import json, sys
import numpy as np
p, v = ${POSITIONS}, ${VOCABULARY}
r32, d32 = np.frombuffer(sys.stdin.buffer.read(), dtype=np.float32).reshape(2, p, v)
r, d = r32.astype(np.float64), d32.astype(np.float64)
e = d - r
logsoftmax = lambda x: x - x.max(1, keepdims=True) - np.log(np.exp(x - x.max(1, keepdims=True)).sum(1, keepdims=True))
lr, ld = logsoftmax(r), logsoftmax(d)
kl = (np.exp(lr) * (lr - ld)).sum(1)
top = lambda x: np.argsort(-x, axis=1, kind="stable")[:, :10]
overlap = [len(set(a) & set(b)) for a, b in zip(top(r), top(d))]
flipped = r.argmax(1) != d.argmax(1)
ordered = np.sort(r, axis=1)
ulp = np.abs(d32.astype(np.float16).view(np.int16).astype(int) - r32.astype(np.float16).view(np.int16).astype(int))
ulp = ulp[(r32 > 0) & (d32 > 0)]
q = lambda x, *ps: [float(np.percentile(x, i)) for i in ps]
print(json.dumps(dict(
  maxAbs=np.abs(e).max(), meanAbs=np.abs(e).mean(), relL2=np.linalg.norm(e) / np.linalg.norm(r),
  cosine=(d * r).sum() / np.linalg.norm(d) / np.linalg.norm(r),
  snrDb=20 * np.log10(np.linalg.norm(r) / np.linalg.norm(e)), worstIndex=int(np.abs(e).argmax()),
  klMean=kl.mean(), klMax=kl.max(), top1=1 - flipped.mean(), topkMean=float(np.mean(overlap)),
  margins=(ordered[:, -1] - ordered[:, -2])[flipped].tolist(),
  nll=float(-lr[np.arange(p), np.arange(p) * 7].sum()),
  ulp=q(ulp, 50, 99, 100), percentiles=q(np.abs(e[0]), 50, 90, 95, 99))))
`

test.skipIf(!hasNumPy)('NumPy gives the same (needs Python with NumPy: set ASSAY_PYTHON to one)', () => {
  const random = randomFrom(4)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const reference = Float32Array.from({ length: POSITIONS * VOCABULARY }, () => 3 * normal())
  // Half of the positions nearly equal, half far apart: both ways of computing KL.
  const device = reference.map((x, i) => x + (i < reference.length / 2 ? 1e-3 : 1) * normal())

  const input = Buffer.concat([new Uint8Array(reference.buffer), new Uint8Array(device.buffer)])
  const { stdout, stderr } = spawnSync(PYTHON, ['-c', SCRIPT], { input, encoding: 'utf8' })
  expect(stderr).toBe('')
  const numpy = JSON.parse(stdout)

  const c = compareLogits(reference, device, { positions: POSITIONS, vocabulary: VOCABULARY })
  for (const name of ['maxAbs', 'meanAbs', 'relL2', 'cosine', 'snrDb', 'worstIndex'] as const) {
    expect(c.elements[name], name).toBeCloseTo(numpy[name], 10)
  }
  expect(c.klNats.mean).toBeCloseTo(numpy.klMean, 10)
  expect(c.klNats.max).toBeCloseTo(numpy.klMax, 10)
  expect(c.top1).toBe(numpy.top1)
  expect(c.flips.length).toBeGreaterThan(0)
  expect(c.flips.map(flip => flip.margin)).toEqual(numpy.margins)
  expect(c.topk.mean).toBe(numpy.topkMean)

  const targets = Array.from({ length: POSITIONS }, (_, i) => 7 * i)
  const nll = nllOfTargets(reference, targets, VOCABULARY).reduce((sum, nats) => sum + nats, 0)
  expect(nll).toBeCloseTo(numpy.nll, 9)

  const positive = (values: Float32Array) => values.filter((_, i) => (reference[i] ?? 0) > 0 && (device[i] ?? 0) > 0)
  const ulp = compareUlp(positive(reference), positive(device), 'fp16')
  expect([ulp.p50, ulp.p99, ulp.max]).toEqual(numpy.ulp.map((x: number) => expect.closeTo(x, 8)))

  const errors = reference.subarray(0, VOCABULARY).map((x, i) => Math.abs((device[i] ?? 0) - x))
  const summary = summarize(errors)
  const percentiles = [summary?.p50, summary?.p90, summary?.p95, summary?.p99]
  expect(percentiles).toEqual(numpy.percentiles.map((x: number) => expect.closeTo(x, 8)))
})
