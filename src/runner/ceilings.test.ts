import { expect, test } from 'vitest'
import { footprintOfGraph } from '../build/footprint.ts'
import { lower, policyFor } from '../lower/index.ts'
import { ceilingModel } from '../workloads/ceilings/model.ts'
import { costOf } from '../workloads/llm/index.ts'
import { unmeasurable } from './ceilings.ts'

const launch = { engine: 'npu', command: ['npu-worker'], stdio: false }

test('a device that takes no graphs, or measures nothing, has no measured limits, with the reason', () => {
  const methods = ['hello', 'load', 'run', 'unload', 'measure']
  expect(unmeasurable({ forms: ['onnx'], launch, methods })).toBeNull()
  expect(unmeasurable({ forms: ['huggingface'], launch, methods })).toBe(
    'the engine npu takes no graphs to measure its devices with',
  )
  expect(unmeasurable({ forms: ['huggingface'], modelTypes: ['ceiling'], launch, methods })).toBeNull()
  expect(unmeasurable({ forms: ['onnx'], launch, methods: methods.slice(0, -1) })).toBe(
    'the engine npu measures nothing',
  )
})

test('what measures bandwidth reads 128 MiB in fp32 and nearly nothing else, in either dialect', () => {
  const model = ceilingModel(8)
  const square = 2048 * 2048
  expect(costOf(model.graph)).toMatchObject({ productParameters: 8 * square, headParameters: 32 * 2048 })
  for (const dialect of ['portable', 'ort'] as const) {
    const { passBytes } = footprintOfGraph(lower(model.graph, policyFor('fp32', dialect)))
    expect(passBytes).toBe(4 * (8 * square + 32 * 2048))
  }
})

test('its weights are the same in any pieces, differ from each other, and are of a size that keeps values as they are', () => {
  const weights = ceilingModel(2).openWeights()
  const all = new Float32Array(weights.read('products.0.weight', 0, 1 << 22).slice().buffer)
  const pieces = [weights.read('products.0.weight', 0, 40), weights.read('products.0.weight', 40, 60)]
  expect(Buffer.concat(pieces).equals(Buffer.from(all.buffer, 0, 100))).toBe(true)
  expect(weights.read('products.1.weight', 0, 100)).not.toEqual(weights.read('products.0.weight', 0, 100))
  const meanSquare = all.reduce((sum, value) => sum + value * value, 0) / all.length
  expect(meanSquare * 2048).toBeCloseTo(1, 1)
})
