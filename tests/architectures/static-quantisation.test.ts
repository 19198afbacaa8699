/** Products of 8 bits against torch's fake quantisation: the same ranges, the same rounding, the same network. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { artifactOf } from '../../src/build/artifact.ts'
import type { VisionModel } from '../../src/build/model.ts'
import { seededDeclarations } from '../../src/build/seeded-declarations.ts'
import { defineVision } from '../../src/graph/index.ts'
import { staticPolicy } from '../../src/lower/index.ts'
import { elementCount } from '../../src/tensor.ts'
import { writeSafetensors } from '../../src/weights/safetensors-write.ts'
import { seededWeights } from '../../src/weights/seeded.ts'
import { findPython, runPython } from '../python.ts'
import { temporaryDirectory } from '../temporary.ts'

const python = findPython(['torch', 'onnxruntime', 'numpy', 'safetensors'])

/** Every kind of product: with a norm and an activation behind it, with a bias, in groups, read twice, as a matrix. */
const network = defineVision({
  types: ['test'],
  task: 'classification',
  config: z.object({}),
  image: () => ({ height: 12, width: 12 }),
  classes: () => 5,
  build(s, _, pixels) {
    const a = s.batchNorm('norm', s.conv2d('first', pixels, 8, { kernel: 3, stride: 2, padding: 1 }), 1e-3).relu()
    const b = s.conv2d('grouped', a, 8, { kernel: 3, padding: 1, groups: 4, bias: true })
    const c = b.silu().add(a)
    return {
      logits: s.linear('head', s.conv2d('last', c, 6, { kernel: 1, bias: true }).mean([2, 3]), 5, { bias: true }),
    }
  },
})

function modelIn(folder: string): VisionModel {
  const read = network.read({})
  if ('issues' in read) throw new Error('no config was needed')
  const graph = read.trace()
  const open = () => seededWeights(seededDeclarations(graph), 3)
  const weights = open()
  const entries = Array.from(graph.weights, ([name, { shape }]) => ({
    name,
    type: 'f32' as const,
    shape,
    chunks: () => [weights.read(name, 0, 4 * elementCount(shape)).slice()],
  }))
  mkdirSync(folder, { recursive: true })
  writeSafetensors(join(folder, 'weights.safetensors'), entries)
  const rest = { directory: null, config: {}, contents: { config: {}, checksums: {} }, parameters: 0, goldens: [] }
  return { kind: 'vision', reference: 'test', fingerprint: 'test', graph, openWeights: open, ...rest }
}

const OBSERVE = `
import json, sys, numpy, onnxruntime
folder, path = sys.argv[1:]
pixels = numpy.random.default_rng(2).normal(size=(4, 3, 12, 12)).astype(numpy.float32)
numpy.save(folder + "/pixels.npy", pixels)
session = onnxruntime.InferenceSession(path)
names = [output.name for output in session.get_outputs() if output.name.startswith("range/")]
ranges = dict(zip(names, (given.tolist() for given in session.run(names, {"pixel_values": pixels}))))
json.dump(ranges, open(folder + "/ranges.json", "w"))
`

const COMPARE = `
import json, sys, numpy, onnxruntime, torch
from torch.nn.functional import conv2d, linear
from safetensors.torch import load_file
folder, *paths = sys.argv[1:]
w = load_file(folder + "/weights.safetensors")
x = torch.tensor(numpy.load(folder + "/pixels.npy"))

ranges = json.load(open(folder + "/ranges.json"))
in_order = iter(ranges[name] for name in sorted(ranges, key=lambda name: float(name.removeprefix("range/"))))

def rounded(value):
    low, high = next(in_order)
    low, high = min(0.0, low), max(0.0, high)
    scale = (high - low) / 255
    return torch.fake_quantize_per_tensor_affine(value, scale, round(-low / scale), 0, 255)

def filters(value):
    scales = value.abs().flatten(1).amax(1) / 127
    return torch.fake_quantize_per_channel_affine(value, scales, torch.zeros_like(scales, dtype=torch.int32), 0, -128, 127)

factor = w["norm.weight"] / (w["norm.running_var"] + 1e-3).sqrt()
first = w["first.weight"] * factor[:, None, None, None]
a = rounded(conv2d(rounded(x), filters(first), w["norm.bias"] - w["norm.running_mean"] * factor, 2, 1).relu())
b = rounded(conv2d(a, filters(w["grouped.weight"]), w["grouped.bias"], 1, 1, 1, 4))
c = rounded(b * b.sigmoid() + a)
last = rounded(conv2d(c, filters(w["last.weight"]), w["last.bias"]))
pooled = rounded(last.mean((2, 3)))
want = rounded(linear(pooled, filters(w["head.weight"]), w["head.bias"])).numpy()
plain_a = (conv2d(x, first, w["norm.bias"] - w["norm.running_mean"] * factor, 2, 1)).relu()
plain_b = conv2d(plain_a, w["grouped.weight"], w["grouped.bias"], 1, 1, 1, 4)
plain = linear(conv2d(plain_b * plain_b.sigmoid() + plain_a, w["last.weight"], w["last.bias"]).mean((2, 3)), w["head.weight"], w["head.bias"]).numpy()
step = (max(0.0, want.max()) - min(0.0, want.min())) / 255
for path in paths:
    for level in (onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL, onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = level
        (given,) = onnxruntime.InferenceSession(path, options).run(["logits"], {"pixel_values": x.numpy()})
        plainly = numpy.linalg.norm(given - plain) / numpy.linalg.norm(plain)
        print(abs(given - want).max() / step, abs(given - want).mean() / step, plainly)
`

describe.skipIf('missing' in python)(`static quantisation${'missing' in python ? ` (${python.missing})` : ''}`, () => {
  test('rounds activations and weights as torch does, by the ranges that the graph itself gave', () => {
    const folder = temporaryDirectory()
    const model = modelIn(folder)
    const observed = artifactOf(model, staticPolicy({ kind: 'observe' }, 'portable'), join(folder, 'home'))
    runPython(python, OBSERVE, folder, observed.path)
    const seen = z
      .record(z.string(), z.tuple([z.number(), z.number()]))
      .parse(JSON.parse(readFileSync(join(folder, 'ranges.json'), 'utf8')))
    const ranges = new Map(
      Object.entries(seen).map(([name, [least, most]]) => [name.slice('range/'.length), { least, most }]),
    )
    expect(ranges.size).toBe(7) // pixels, a, b, c, the last convolution, what is pooled, the logits
    const paths = (['portable', 'ort'] as const).map(
      dialect => artifactOf(model, staticPolicy({ kind: 'static', ranges }, dialect), join(folder, 'home')).path,
    )
    const lines = runPython(python, COMPARE, folder, ...paths)
      .trim()
      .split('\n')
    expect(lines).toHaveLength(4)
    const figures = lines.map(line => line.split(' ').map(Number))
    for (const [at, [largest = Number.NaN, mean = Number.NaN, plain = Number.NaN]] of figures.entries()) {
      // As the graph says it, every level is torch's. onnxruntime's integer products round biases too, and once more between
      // layers: an activation beside a border moves by a level, and what follows from it by few.
      const isAsSaid = at % 2 === 0
      expect(largest).toBeLessThan(isAsSaid ? 1e-3 : 4)
      expect(mean).toBeLessThan(isAsSaid ? 1e-3 : 0.5)
      expect(plain).toBeGreaterThan(1e-3)
      expect(plain).toBeLessThan(5e-2)
    }
  })
})
