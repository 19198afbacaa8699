/** Small outputs of a sound device, and the ways in which devices are wrong; for tests alone. */
import type { Box } from '../metrics/index.ts'
import { elementCount, type NamedTensors, type TensorData, tensorOf, toFloat32, tokenTensor } from '../tensor.ts'
import { Precision } from '../words.ts'
import type { CheckContext, Outputs, Reference } from './check.ts'

export const TOKENS = 8
export const VOCABULARY = 40

/** Uniform in [-1, 1), the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1
  }
}

export function f32(shape: readonly number[], at: (index: number) => number): TensorData {
  return tensorOf(
    shape,
    Float32Array.from({ length: elementCount(shape) }, (_, i) => at(i)),
  )
}

/** [1, TOKENS, VOCABULARY] of about the size of a language model's; each position has one clear choice, 10 above the rest at most 4. */
export function someLogits(seed: number): TensorData {
  const random = randomFrom(seed)
  const tensor = f32([1, TOKENS, VOCABULARY], () => 4 * random())
  const values = toFloat32(tensor)
  for (let position = 0; position < TOKENS; position++) values[position * VOCABULARY + clearToken(seed, position)] = 10
  return tensor
}

export function clearToken(seed: number, position: number): number {
  return (7 * seed + 5 * position) % VOCABULARY
}

/** The same tensor with each value changed; the type stays. */
export function mapped(tensor: TensorData, change: (value: number, index: number) => number): TensorData {
  return tensorOf(tensor.shape, toFloat32(tensor).map(change))
}

/** Errors of a relative size, in a fixed pattern. */
export function rounded(tensor: TensorData, relative: number, seed = 99): TensorData {
  const random = randomFrom(seed)
  return mapped(tensor, value => value * (1 + relative * random()))
}

export function withValue(tensor: TensorData, index: number, value: number): TensorData {
  return mapped(tensor, (old, i) => (i === index ? value : old))
}

/** The same numbers in half the bytes; the values used are exact in fp16 or near it. */
export function asHalf(tensor: TensorData): TensorData {
  const half = Float16Array.from(toFloat32(tensor))
  return { type: 'f16', shape: tensor.shape, bytes: new Uint8Array(half.buffer) }
}

/** Without the last entry of the middle dimension: [1, n, v] becomes [1, n - 1, v]. */
export function truncated(tensor: TensorData): TensorData {
  const [batch = 1, tokens = 1, vocabulary = 1] = tensor.shape
  return tensorOf([batch, tokens - 1, vocabulary], toFloat32(tensor).slice(0, (tokens - 1) * vocabulary))
}

/** The same bytes under the last two dimensions swapped. */
export function reshaped(tensor: TensorData, shape: readonly number[]): TensorData {
  return { ...tensor, shape }
}

/** Rows a and b of the last dimension in each other's place. */
export function swappedRows(tensor: TensorData, a: number, b: number): TensorData {
  const width = tensor.shape.at(-1) ?? 1
  const values = toFloat32(tensor)
  const source = (row: number) => (row === a ? b : row === b ? a : row)
  return mapped(tensor, (_, i) => values[source(Math.floor(i / width)) * width + (i % width)] ?? Number.NaN)
}

export function tokens(...ids: number[]): TensorData {
  return tokenTensor([ids])
}

/** [1, classes] of one image; the class `seed` modulo 40 leads by 6 at least. */
export function someClasses(seed: number): TensorData {
  const random = randomFrom(seed)
  return f32([1, VOCABULARY], i => (i === seed % VOCABULARY ? 10 : 4 * random()))
}

/** x1, y1, x2, y2, the score and the class of one box. */
export type FoundBox = readonly [...box: Box, score: number, label: number]

/** The outputs of a detector. */
export function detections(...found: readonly FoundBox[]): NamedTensors {
  return {
    boxes: f32([found.length, 4], i => found[Math.floor(i / 4)]?.[i % 4] ?? Number.NaN),
    scores: f32([found.length], i => found[i]?.[4] ?? Number.NaN),
    labels: integers(...found.map(box => box[5])),
  }
}

export function integers(...values: readonly number[]): TensorData {
  return tensorOf([values.length], BigInt64Array.from(values, BigInt))
}

/** What a dataset says of an image: the objects there, and what decides on boxes. */
export function sceneInputs(...truth: readonly (readonly [...box: Box, label: number])[]): NamedTensors {
  return {
    size: integers(480, 640),
    thresholds: f32([2], i => (i === 0 ? 0.25 : 0.45)),
    class_labels: integers(...truth.map(object => object[4])),
    true_boxes: f32([truth.length, 4], i => truth[Math.floor(i / 4)]?.[i % 4] ?? Number.NaN),
  }
}

/** Outputs by case. */
export function outputs(cases: Readonly<Record<string, NamedTensors>>, inputs: NamedTensors = {}): Outputs {
  return new Map(Object.entries(cases).map(([id, tensors]) => [id, { inputs, outputs: tensors }]))
}

export function referenceOf(cases: Readonly<Record<string, NamedTensors>>, inputs: NamedTensors = {}): Reference {
  return { name: 'ort:cpu fp32', outputs: outputs(cases, inputs) }
}

export function contextOf(precision: Precision = 'fp32', more: Partial<CheckContext> = {}): CheckContext {
  return { precision, noReference: null, decode: null, answers: new Map(), absent: new Map(), ...more }
}

export const PRECISIONS: readonly Precision[] = Precision.options
