/** Rounding matrices to few bits, in blocks of their rows. Pure: values in, levels, scales and zeros out. */
import { type BlockFormat, blocksOfRow } from '../lower/index.ts'

/** Whole rows of a matrix in blocks, each row filled up to whole blocks; one level, and one zero, a byte. */
export interface Blocks {
  /** [rows, blocks, block]; those of offsets, where there are any, behind a row's own. */
  readonly levels: Uint8Array
  /** [rows, blocks] */
  readonly scales: Float32Array
  /** [rows, blocks] */
  readonly zeros: Uint8Array
}

/**
 * Steps that the range of a block is divided into, to be tried in turn: more than there are clips the extremes for the sake of
 * the others, fewer let a zero that must be whole fall better. Multiples of 15 meet weights that were of 4 bits before, as many
 * published ones are. Few candidates give nearly all that there is to win: the relative error of up_proj of SmolLM2-135M's layer 7
 * with one, with these, and with 40 or more is 4.8e-3, 2.2e-3 and 2.6e-3 at 8 bits, of normal values 4.8e-3, 4.4e-3 and 4.2e-3.
 */
const STEPS = {
  asymmetric: { 4: [15, 14, 13], 8: [255, 252, 240, 225, 210, 195, 180] },
  symmetric: { 4: [7, 6.5, 7.5, 8, 8.5], 8: [127] },
} as const

/**
 * Rounds whole rows of fp32 values, each block on the grid of least squared error among those tried: asymmetric ones span from
 * the smallest value to the largest, symmetric ones plus and minus the largest magnitude. Then the grid is fitted to the levels
 * by least squares. A block of zeros has scale 1. Deterministic, one pass; 30 to 90 s for 1e9 weights on one core.
 */
export function quantiseBlocks(values: Float32Array, columns: number, format: BlockFormat): Blocks {
  const { block } = format
  const { own, ofOffsets, all } = blocksOfRow(format, columns)
  const rows = values.length / columns
  const blocks: Blocks = {
    levels: new Uint8Array(rows * all * block),
    scales: new Float32Array(rows * all),
    zeros: new Uint8Array(rows * all),
  }
  const offsets = new Float32Array(ofOffsets * block)
  for (let row = 0; row < rows; row++) {
    const first = row * all
    const features = values.subarray(row * columns, (row + 1) * columns)
    for (let at = 0; at < own; at++) {
      const part = features.subarray(at * block, Math.min((at + 1) * block, columns))
      const { scale, zero, offset } = format.hasOffsets ? gridWithOffset(part) : bestGrid(part, format)
      if (format.hasOffsets) offsets[at] = offset
      write(blocks, first + at, part, { scale, zero, offset }, format)
    }
    for (let at = 0; at < 2 * ofOffsets; at++) {
      // The second time, what the first rounding left.
      const start = (at % ofOffsets) * block
      const part = offsets.subarray(start, start + block)
      const grid = bestGrid(part, format)
      write(blocks, first + own + at, part, grid, format)
      for (let i = 0; i < block; i++) {
        const level = blocks.levels[(first + own + at) * block + i] ?? 0
        part[i] = (part[i] ?? 0) - grid.scale * (level - grid.zero)
      }
    }
  }
  return blocks
}

/** Levels stand for scale (level - zero) + offset. */
interface Grid {
  readonly scale: number
  readonly zero: number
  readonly offset: number
}

interface Range {
  readonly smallest: number
  readonly largest: number
}

/** Of the values, and of zero. */
function rangeWithZero(values: Float32Array): Range {
  let [smallest, largest] = [0, 0]
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value < smallest) smallest = value
    if (value > largest) largest = value
  }
  return { smallest, largest }
}

function bestGrid(values: Float32Array, format: BlockFormat): Grid {
  const { bits, isSymmetric } = format
  const { smallest, largest } = rangeWithZero(values)
  const [top, middle] = [2 ** bits - 1, 2 ** (bits - 1)]
  if (Math.fround(largest - smallest) === 0) return { scale: 1, zero: isSymmetric ? middle : 0, offset: 0 }
  let best = { scale: 1, zero: 0, offset: 0, error: Number.POSITIVE_INFINITY }
  const consider = (scale: number, zero: number) => {
    const error = squaredError(values, scale, zero, 0, top)
    if (error < best.error) best = { scale, zero, offset: 0, error }
  }
  if (isSymmetric)
    for (const steps of STEPS.symmetric[bits]) consider(stepOf(Math.max(-smallest, largest) / steps), middle)
  else
    for (const steps of STEPS.asymmetric[bits]) {
      const scale = stepOf((largest - smallest) / steps)
      const zero = -smallest / scale
      // Of few levels both neighbours may be the better zero; of many, the nearest one is hardly ever beaten.
      if (bits === 8) consider(scale, Math.round(zero))
      else {
        consider(scale, Math.floor(zero))
        consider(scale, Math.min(top, Math.ceil(zero)))
      }
    }
  const fitted = fittedScale(values, best.scale, best.zero, top)
  if (fitted > 0) consider(fitted, best.zero)
  return best
}

/** 4 bits from any minimum on, as ggml's Q4_1, with the scale and the minimum fitted to the levels by least squares. */
function gridWithOffset(values: Float32Array): Grid {
  const top = 15
  let [smallest, largest] = [values[0] ?? 0, values[0] ?? 0]
  for (let i = 1; i < values.length; i++) {
    const value = values[i] as number
    if (value < smallest) smallest = value
    if (value > largest) largest = value
  }
  if (Math.fround(largest - smallest) === 0) return { scale: 1, zero: 0, offset: smallest }
  let best = { scale: 1, minimum: 0, error: Number.POSITIVE_INFINITY }
  const consider = (scale: number, minimum: number) => {
    const error = squaredError(values, scale, 0, minimum, top)
    if (error < best.error) best = { scale, minimum, error }
  }
  for (const steps of STEPS.asymmetric[4]) {
    const scale = stepOf((largest - smallest) / steps)
    consider(scale, smallest)
    const fitted = fittedLine(values, scale, smallest, top)
    if (fitted.scale > 0) consider(fitted.scale, fitted.minimum)
  }
  const { scale, minimum } = best
  const zero = Math.max(0, Math.min(top, Math.round(-minimum / scale)))
  return { scale, zero, offset: minimum + scale * zero }
}

/** A scale in fp32, as it will be stored; the smallest one where the quotient vanishes. */
function stepOf(quotient: number): number {
  return Math.fround(quotient) || 2 ** -149
}

/** Adding and taking away 1.5 * 2^52 rounds half to even. */
const ROUND = 6_755_399_441_055_744

function levelOf(value: number, inverse: number, zero: number, top: number): number {
  const level = value * inverse + ROUND - ROUND + zero
  return Math.max(0, Math.min(top, level))
}

function squaredError(values: Float32Array, scale: number, zero: number, offset: number, top: number): number {
  const inverse = 1 / scale
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    const value = (values[i] as number) - offset
    const error = scale * (levelOf(value, inverse, zero, top) - zero) - value
    sum += error * error
  }
  return sum
}

/** The scale that brings the levels of a grid closest to the values. */
function fittedScale(values: Float32Array, scale: number, zero: number, top: number): number {
  const inverse = 1 / scale
  let [products, squares] = [0, 0]
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    const level = levelOf(value, inverse, zero, top) - zero
    products += level * value
    squares += level * level
  }
  return squares > 0 ? Math.fround(products / squares) : 0
}

/** The scale and the minimum that do: the regression line of the values on their levels. */
function fittedLine(values: Float32Array, scale: number, minimum: number, top: number) {
  const inverse = 1 / scale
  const count = values.length
  let [levels, sum, products, squares] = [0, 0, 0, 0]
  for (let i = 0; i < count; i++) {
    const value = values[i] as number
    const level = levelOf(value - minimum, inverse, 0, top)
    levels += level
    sum += value
    products += level * value
    squares += level * level
  }
  const spread = count * squares - levels * levels
  const fitted = spread > 0 ? Math.fround((count * products - levels * sum) / spread) : 0
  return { scale: fitted, minimum: (sum - fitted * levels) / count }
}

/** Levels of a block; those that only fill it up stand for zero. */
function write(blocks: Blocks, at: number, values: Float32Array, grid: Grid, { bits, block }: BlockFormat): void {
  const { scale, zero, offset } = grid
  const [inverse, top] = [1 / scale, 2 ** bits - 1]
  blocks.scales[at] = scale
  blocks.zeros[at] = zero
  const levels = blocks.levels.subarray(at * block, (at + 1) * block)
  levels.fill(zero, values.length)
  for (let i = 0; i < values.length; i++) levels[i] = levelOf((values[i] as number) - offset, inverse, zero, top)
}
