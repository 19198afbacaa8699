/** The bytes of convolutions that have their batch norm in them. */
import type { Content, FoldedNorm } from '../lower/index.ts'
import { BYTES_PER_ELEMENT, elementCount, toFloat32 } from '../tensor.ts'
import { convertBytes, type FloatType } from '../weights/convert.ts'
import type { WeightSource } from '../weights/source.ts'

type Folded<Kind> = Extract<Content, { kind: Kind }>

/** scale / sqrt(variance + epsilon) of each channel, in the double precision of JavaScript. */
function factors(weights: WeightSource, { scale, variance, epsilon }: FoldedNorm): Float64Array {
  const [gamma, spread] = [valuesOf(weights, scale), valuesOf(weights, variance)]
  return Float64Array.from(gamma, (value, channel) => value / Math.sqrt((spread[channel] ?? 0) + epsilon))
}

/** Filters [filters, channels, kernel, kernel], a filter at a time, each times its factor. */
export function* foldedFilters(
  weights: WeightSource,
  { weight, norm, type }: Folded<'foldedFilters'>,
): Generator<Uint8Array> {
  const factor = factors(weights, norm)
  const values = valuesOf(weights, weight)
  const size = values.length / factor.length
  const filter = new Float32Array(size)
  for (let at = 0; at < factor.length; at++) {
    for (let i = 0; i < size; i++) filter[i] = (values[at * size + i] ?? 0) * (factor[at] ?? 0)
    yield converted(filter, type)
  }
}

/** shift + (bias - mean) * factor, [filters]. */
export function foldedShift(weights: WeightSource, { bias, norm, type }: Folded<'foldedShift'>): Uint8Array {
  const [shift, mean] = [valuesOf(weights, norm.shift), valuesOf(weights, norm.mean)]
  const own = bias === null ? null : valuesOf(weights, bias)
  const factor = factors(weights, norm)
  return converted(
    Float32Array.from(
      shift,
      (value, channel) => value + ((own?.[channel] ?? 0) - (mean[channel] ?? 0)) * (factor[channel] ?? 0),
    ),
    type,
  )
}

function converted(values: Float32Array, type: FloatType): Uint8Array {
  return convertBytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 'f32', type).slice()
}

/** A whole weight in fp32. Filters are small: 9 MiB for the largest of ResNet-50. */
function valuesOf(weights: WeightSource, name: string): Float32Array {
  const info = weights.weights.get(name)
  if (!info) throw new Error(`the weights have no ${name}`)
  const size = elementCount(info.shape) * BYTES_PER_ELEMENT[info.type]
  return toFloat32({ ...info, bytes: weights.read(name, 0, size).slice() })
}
