/** Graphs of a few operations, to see what they compute. */
import { join } from 'node:path'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { z } from 'zod'
import { writeLowered } from '../src/build/artifact.ts'
import { defineVision, type Scope, type Tensor } from '../src/graph/index.ts'
import { lower, policyFor } from '../src/lower/index.ts'
import { seededWeights } from '../src/weights/seeded.ts'
import type { Precision } from '../src/words.ts'
import { temporaryDirectory } from './temporary.ts'

export const CHANNELS = 3
export type Build = (x: Tensor, scope: Scope) => Readonly<Record<string, Tensor>>

/** What a graph over [1, 3, height, width] gives for these values in onnxruntime. */
export async function compute(
  build: Build,
  [height, width]: readonly [number, number],
  values: Float32Array,
  precision: Precision = 'fp32',
): Promise<Readonly<Record<string, { shape: readonly number[]; values: number[] }>>> {
  const read = defineVision({
    types: [],
    task: 'detection',
    config: z.object({}),
    batch: 1,
    image: () => ({ height, width }),
    classes: () => 1,
    build: (scope, _, pixels) => build(pixels, scope),
  }).read({})
  if ('issues' in read) throw new Error('a config of nothing has no issues')
  const path = join(temporaryDirectory(), 'graph.onnx')
  writeLowered(lower(read.trace(), policyFor(precision, 'portable')), seededWeights(new Map(), 0), 'small', path)
  const session = await InferenceSession.create(path)
  const outputs = await session.run({ pixel_values: new OrtTensor('float32', values, [1, CHANNELS, height, width]) })
  await session.release()
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { dims, data }]) => [name, { shape: dims, values: Array.from(data, Number) }]),
  )
}
