/** The bytes of convolutions that have their batch norm in them, in floating point or in 8 bits. */
import type { Content, FoldedNorm } from '../lower/index.ts'
import { BYTES_PER_ELEMENT, elementCount, toFloat32 } from '../tensor.ts'
import { convertBytes, type FloatType } from '../weights/convert.ts'
import type { WeightSource } from '../weights/source.ts'

type Of<K extends 'foldedFilters' | 'foldedShift'> = Extract<Content, { kind: K }>

/** A convolution's filters, or the rows of a matrix, and the norm that goes into them. */
interface Filters {
  readonly weight: string
  readonly norm: FoldedNorm | null
}

/** Levels of signed 8 bits on either side of 0; -128 is left out, so that both sides are alike. */
const LEVELS = 127

/** Filters [filters, ...], each times the factor of its norm, a filter at a time. */
export function* foldedFilters(
  weights: WeightSource,
  { weight, norm, type }: Of<'foldedFilters'>,
): Generator<Uint8Array> {
  for (const filter of filtersOf(weights, weight, norm)) yield converted(filter, type)
}

/** shift + (bias - mean) * factor, [filters]. */
export function foldedShift(weights: WeightSource, { bias, norm, type }: Of<'foldedShift'>): Uint8Array {
  const [shift, mean] = [valuesOf(weights, norm.shift), valuesOf(weights, norm.mean)]
  const own = bias === null ? null : valuesOf(weights, bias)
  const factor = factors(weights, norm)
  const folded = Float32Array.from(
    shift,
    (value, filter) => value + ((own?.[filter] ?? 0) - (mean[filter] ?? 0)) * (factor[filter] ?? 0),
  )
  return converted(folded, type)
}

/** Filters in signed 8 bits, to the nearest level, ties to even as QuantizeLinear rounds; a filter at a time. */
export function* filterLevels(weights: WeightSource, { weight, norm }: Filters): Generator<Uint8Array> {
  for (const filter of filtersOf(weights, weight, norm)) {
    const scale = scaleOf(filter)
    yield new Uint8Array(Int8Array.from(filter, value => roundToEven(value / scale)).buffer)
  }
}

/** f32 [filters]: the largest magnitude of a filter is level 127. */
export function filterScales(weights: WeightSource, { weight, norm }: Filters): Uint8Array {
  const scales = Float32Array.from(filtersOf(weights, weight, norm), scaleOf)
  return new Uint8Array(scales.buffer)
}

/** A filter of zeros has scale 1. */
function scaleOf(filter: Float32Array): number {
  const largest = filter.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return Math.fround(largest / LEVELS) || 1
}

function roundToEven(value: number): number {
  const rounded = Math.round(value)
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
}

/** Each filter in fp32, in one buffer after the other's use; with the factor of its norm where there is one. */
function* filtersOf(weights: WeightSource, weight: string, norm: FoldedNorm | null): Generator<Float32Array> {
  const [filters = 0] = weights.weights.get(weight)?.shape ?? []
  const values = valuesOf(weights, weight)
  const factor = norm === null ? null : factors(weights, norm)
  const size = values.length / filters
  for (let at = 0; at < filters; at++) {
    const filter = values.subarray(at * size, (at + 1) * size)
    yield factor === null ? filter : filter.map(value => value * (factor[at] ?? 0))
  }
}

/** scale / sqrt(variance + epsilon) of each filter. */
function factors(weights: WeightSource, { scale, variance, epsilon }: FoldedNorm): Float64Array {
  const [gamma, spread] = [valuesOf(weights, scale), valuesOf(weights, variance)]
  return Float64Array.from(gamma, (value, filter) => value / Math.sqrt((spread[filter] ?? 0) + epsilon))
}

function converted(values: Float32Array, type: FloatType): Uint8Array {
  return convertBytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 'f32', type).slice()
}

/** A whole weight in fp32. Filters are small: 9 MiB for the largest of ResNet-50. */
function valuesOf(weights: WeightSource, name: string): Float32Array {
  const info = weights.weights.get(name)
  if (!info) throw new Error(`the weights have no ${name}`)
  const bytes = weights.read(name, 0, elementCount(info.shape) * BYTES_PER_ELEMENT[info.type])
  return toFloat32({ ...info, bytes: bytes.slice() })
}
