import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { writeLowered } from '../../src/build/artifact.ts'
import { engineCommand } from '../../src/engines/index.ts'
import { defineVision, type Scope, type Tensor } from '../../src/graph/index.ts'
import { startWorker, type WorkerHandle } from '../../src/host/index.ts'
import { lower, policyFor } from '../../src/lower/index.ts'
import { tensorOf, toFloat32 } from '../../src/tensor.ts'
import type { WeightSource } from '../../src/weights/source.ts'
import { temporaryDirectory } from '../temporary.ts'

const EPSILON = 1e-3
const SIZE = 2

/** One filter of one pixel for each of two channels, so that what comes out can be worked out on paper. */
const WEIGHTS: Readonly<Record<string, readonly number[]>> = {
  'conv.weight': [1, -2, 0.5, 3, 0.25, -1],
  'conv.bias': [0.5, -1],
  'norm.weight': [1.5, -0.75],
  'norm.bias': [0.25, 2],
  'norm.running_mean': [-0.5, 4],
  'norm.running_var': [0.3, 2.5],
}
const PIXELS = Array.from({ length: 3 * SIZE * SIZE }, (_, at) => ((at * 7) % 11) / 4 - 1)

/** What a convolution of one pixel gives, and what its norm makes of it, by their formulas: [filters, pixels]. */
function byHand(hasBias: boolean) {
  const at = (name: string, index: number) => WEIGHTS[name]?.[index] ?? Number.NaN
  const area = SIZE * SIZE
  const filtered = [0, 1].map(filter =>
    Array.from({ length: area }, (_, pixel) => {
      const products = [0, 1, 2].map(
        channel => at('conv.weight', 3 * filter + channel) * (PIXELS[channel * area + pixel] ?? 0),
      )
      return products.reduce((sum, product) => sum + product, hasBias ? at('conv.bias', filter) : 0)
    }),
  )
  const normed = filtered.map((values, filter) =>
    values.map(value => {
      const deviation = Math.sqrt(at('norm.running_var', filter) + EPSILON)
      return (
        ((value - at('norm.running_mean', filter)) / deviation) * at('norm.weight', filter) + at('norm.bias', filter)
      )
    }),
  )
  return { filtered: filtered.flat(), normed: normed.flat() }
}

type Build = (filtered: Tensor, norm: () => Tensor) => Readonly<Record<string, Tensor>>

function trace(hasBias: boolean, build: Build) {
  const family = defineVision({
    types: ['folding'],
    task: 'classification',
    config: z.object({}),
    image: () => ({ height: SIZE, width: SIZE }),
    classes: () => 1,
    build(s: Scope, _, pixels) {
      const filtered = s.conv2d('conv', pixels, 2, { kernel: 1, bias: hasBias })
      return build(filtered, () => s.batchNorm('norm', filtered, EPSILON))
    },
  })
  const read = family.read({})
  if ('issues' in read) throw new Error('an empty config has no issues')
  return read.trace()
}

function source(shapes: ReadonlyMap<string, { readonly shape: readonly number[] }>): WeightSource {
  const bytes = (name: string) => new Uint8Array(Float32Array.from(WEIGHTS[name] ?? []).buffer)
  return {
    weights: new Map(Array.from(shapes, ([name, { shape }]) => [name, { type: 'f32' as const, shape }])),
    read: (name, offset, length) => bytes(name).subarray(offset, offset + length),
    close() {},
  }
}

let worker: WorkerHandle
beforeAll(async () => {
  worker = await startWorker({ engine: 'ort', command: engineCommand('ort') })
})
afterAll(() => worker?.stop())

async function outputsOf(hasBias: boolean, build: Build) {
  const graph = trace(hasBias, build)
  const lowered = lower(graph, policyFor('fp32', 'portable'))
  const path = join(temporaryDirectory(), 'model.onnx')
  writeLowered(lowered, source(graph.weights), 'folding', path)
  await worker.call('load', {
    handle: path,
    device: 'ort:cpu',
    form: 'onnx',
    path,
    precision: 'fp32',
    interface: null,
    options: {},
  })
  const pixels = tensorOf([1, 3, SIZE, SIZE], Float32Array.from(PIXELS))
  const call = { handle: path, outputs: null, logitsToKeep: 0 }
  const { tensors } = await worker.call('run', call, { pixel_values: pixels })
  const values = (name: string) => (tensors[name] ? [...toFloat32(tensors[name])] : [])
  return { operators: lowered.nodes.map(({ operator }) => operator), values }
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length)
  for (const [at, value] of expected.entries()) expect(actual[at]).toBeCloseTo(value, 5)
}

test.each([true, false])('a norm goes into the convolution that nobody else reads (bias: %s)', async hasBias => {
  const { operators, values } = await outputsOf(hasBias, (_, norm) => ({ logits: norm() }))
  expect(operators.filter(operator => /Conv|Norm/.test(operator))).toEqual(['Conv'])
  expectClose(values('logits'), byHand(hasBias).normed)
})

test('a convolution that somebody else reads too stays as it is, and its norm is one of its own', async () => {
  const { operators, values } = await outputsOf(true, (filtered, norm) => ({ logits: norm().add(filtered) }))
  expect(operators.filter(operator => /Conv|Norm/.test(operator))).toEqual(['Conv', 'BatchNormalization'])
  const { filtered, normed } = byHand(true)
  expectClose(
    values('logits'),
    normed.map((value, at) => value + (filtered[at] ?? 0)),
  )
})

test('a convolution that is itself an output is given as it is, beside its norm', async () => {
  const { values } = await outputsOf(true, (filtered, norm) => ({ logits: norm(), filtered }))
  expectClose(values('logits'), byHand(true).normed)
  expectClose(values('filtered'), byHand(true).filtered)
})
