/**
 * Resizing as Pillow does it, bit for bit: what most vision models were trained and are evaluated with. libvips, which decodes
 * here, shrinks by boxes first, and is off by 2 of 255 on average where an image becomes a quarter of its size (docs/vision.md).
 * Source: python-pillow/Pillow, src/libImaging/Resample.c (8 bits a channel) and Geometry.c (nearest); HPND licence.
 */
import { CHANNELS, type Raster, type Window } from './raster.ts'

export type Kernel = 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos'

export interface Size {
  readonly width: number
  readonly height: number
}

/** A weighting of neighbours; zero beyond its support, in px of the smaller image. */
interface Filter {
  readonly support: number
  weigh(distance: number): number
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI))
/** Keys' cubic; Pillow takes a = -0.5. */
const CUBIC = -0.5
/** In single precision there. */
const HAMMING = [Math.fround(0.54), Math.fround(0.46)] as const

const FILTERS: Readonly<Record<Exclude<Kernel, 'nearest'>, Filter>> = {
  box: { support: 0.5, weigh: x => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weigh: x => Math.max(0, 1 - Math.abs(x)) },
  hamming: {
    support: 1,
    weigh: x => {
      const at = Math.abs(x)
      return at >= 1 ? 0 : sinc(at) * (HAMMING[0] + HAMMING[1] * Math.cos(at * Math.PI))
    },
  },
  bicubic: {
    support: 2,
    weigh: x => {
      const at = Math.abs(x)
      if (at < 1) return ((CUBIC + 2) * at - (CUBIC + 3)) * at * at + 1
      return at < 2 ? (((at - 5) * at + 8) * at - 4) * CUBIC : 0
    },
  },
  lanczos: { support: 3, weigh: x => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
}

/** 8 bits for the result, 2 for sums beyond it; the rest of 32 is fraction. */
const PRECISION_BITS = 32 - 8 - 2
const HALF = 1 << (PRECISION_BITS - 1)

/** What each output px of one axis is made of. */
interface Taps {
  /** Weights of one px, padded to this many. */
  readonly width: number
  /** The first input px of each. */
  readonly first: Int32Array
  readonly count: Int32Array
  /** Fixed-point weights, [outputs, width]. */
  readonly weights: Int32Array
}

/** The taps of the output px [from, to) of an axis that becomes `output` px of `input`. */
function tapsOf(input: number, output: number, from: number, to: number, { support, weigh }: Filter): Taps {
  const scale = input / output
  const stretch = Math.max(scale, 1)
  const reach = support * stretch
  const width = Math.ceil(reach) * 2 + 1
  const taps = { width, first: new Int32Array(to - from), count: new Int32Array(to - from) }
  const weights = new Int32Array((to - from) * width)
  for (let at = from; at < to; at++) {
    const centre = (at + 0.5) * scale
    const first = Math.max(0, Math.trunc(centre - reach + 0.5))
    const last = Math.min(input, Math.trunc(centre + reach + 0.5))
    const exact = Array.from({ length: last - first }, (_, i) => weigh((i + first - centre + 0.5) / stretch))
    const sum = exact.reduce((total, weight) => total + weight, 0)
    taps.first[at - from] = first
    taps.count[at - from] = last - first
    for (const [i, weight] of exact.entries()) {
      const scaled = (sum === 0 ? weight : weight / sum) * (1 << PRECISION_BITS)
      weights[(at - from) * width + i] = Math.trunc(scaled + (weight < 0 ? -0.5 : 0.5))
    }
  }
  return { ...taps, weights }
}

const clip8 = (sum: number) => Math.min(255, Math.max(0, sum >> PRECISION_BITS))

/**
 * An image resized to `size`, of which only a window is computed.
 * @param window - within `size`
 */
export function resize(image: Raster, size: Size, kernel: Kernel, window: Window): Raster {
  if (kernel === 'nearest') return nearest(image, size, window)
  const filter = FILTERS[kernel]
  const { left, top, right, bottom } = window
  const down = image.height === size.height ? null : tapsOf(image.height, size.height, top, bottom, filter)
  const rows = down === null ? [top, bottom] : rowsOf(down)
  const [from = 0, to = 0] = rows
  const across = image.width === size.width ? null : tapsOf(image.width, size.width, left, right, filter)
  const narrow = across === null ? crop(image, { left, right, top: from, bottom: to }) : widths(image, across, from, to)
  return down === null ? narrow : heights(narrow, down, from)
}

/** The rows of the image that the taps read. */
function rowsOf({ first, count }: Taps): [from: number, to: number] {
  const last = first.length - 1
  return [first[0] ?? 0, (first[last] ?? 0) + (count[last] ?? 0)]
}

/** Every row of [from, to) with its px gathered along the row. */
function widths(image: Raster, { width: taps, first, count, weights }: Taps, from: number, to: number): Raster {
  const width = first.length
  const { data: input } = image
  const data = new Uint8Array((to - from) * width * CHANNELS)
  let out = 0
  for (let y = from; y < to; y++)
    for (let x = 0; x < width; x++) {
      const n = count[x] ?? 0
      let at = (y * image.width + (first[x] ?? 0)) * CHANNELS
      let [r, g, b] = [HALF, HALF, HALF]
      for (let i = 0; i < n; i++, at += CHANNELS) {
        const weight = weights[x * taps + i] ?? 0
        r = (r + Math.imul(input[at] ?? 0, weight)) | 0
        g = (g + Math.imul(input[at + 1] ?? 0, weight)) | 0
        b = (b + Math.imul(input[at + 2] ?? 0, weight)) | 0
      }
      data[out++] = clip8(r)
      data[out++] = clip8(g)
      data[out++] = clip8(b)
    }
  return { width, height: to - from, data }
}

/** Every column gathered down the column; the raster's first row is row `from` of what the taps speak of. */
function heights(image: Raster, { width: taps, first, count, weights }: Taps, from: number): Raster {
  const height = first.length
  const { data: input } = image
  const stride = image.width * CHANNELS
  const data = new Uint8Array(height * stride)
  const sums = new Int32Array(stride)
  for (let y = 0; y < height; y++) {
    sums.fill(HALF)
    for (let i = 0; i < (count[y] ?? 0); i++) {
      const weight = weights[y * taps + i] ?? 0
      const at = ((first[y] ?? 0) - from + i) * stride
      for (let x = 0; x < stride; x++) sums[x] = (sums[x] ?? 0) + Math.imul(input[at + x] ?? 0, weight)
    }
    for (let x = 0; x < stride; x++) data[y * stride + x] = clip8(sums[x] ?? 0)
  }
  return { width: image.width, height, data }
}

/** Part of an image, as it stands. */
function crop(image: Raster, { left, top, right, bottom }: Window): Raster {
  const [width, height] = [right - left, bottom - top]
  const data = new Uint8Array(width * height * CHANNELS)
  for (let y = 0; y < height; y++) {
    const at = ((top + y) * image.width + left) * CHANNELS
    data.set(image.data.subarray(at, at + width * CHANNELS), y * width * CHANNELS)
  }
  return { width, height, data }
}

function nearest(image: Raster, size: Size, { left, top, right, bottom }: Window): Raster {
  const [columns, rows] = [nearestOf(image.width, size.width), nearestOf(image.height, size.height)]
  const [width, height] = [right - left, bottom - top]
  const data = new Uint8Array(width * height * CHANNELS)
  let out = 0
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++) {
      const at = ((rows[y] ?? 0) * image.width + (columns[x] ?? 0)) * CHANNELS
      for (let channel = 0; channel < CHANNELS; channel++) data[out++] = image.data[at + channel] ?? 0
    }
  return { width, height, data }
}

/** Adds up as Pillow does, whose rounding decides between two px here and there. */
function nearestOf(input: number, output: number): Int32Array {
  const scale = input / output
  let at = scale * 0.5
  return Int32Array.from({ length: output }, () => {
    const index = Math.min(input - 1, Math.floor(at))
    at += scale
    return index
  })
}
