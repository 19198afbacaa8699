/** Rounding matrices to few bits, in blocks of their rows. Pure: values in, levels, scales and zeros out. */
import type { BlockFormat } from '../lower/index.ts'

/** Whole rows of a matrix in blocks, each row filled up to whole blocks; one level, and one zero, a byte. */
export interface Blocks {
  /** [rows, blocks, block] */
  readonly levels: Uint8Array
  /** [rows, blocks] */
  readonly scales: Float32Array
  /** [rows, blocks] */
  readonly zeros: Uint8Array
}

/** Adding and taking away 1.5 * 2^23 in fp32 rounds half to even, as ONNX's QuantizeLinear does. */
const ROUND = 12_582_912

function round(value: number): number {
  return Math.fround(Math.fround(value) + ROUND) - ROUND
}

/**
 * Rounds whole rows of fp32 values. Asymmetric blocks spread their levels from the smallest value to the largest, zero
 * included; symmetric ones over plus and minus the largest magnitude. A block of zeros has scale 1.
 */
export function quantiseBlocks(values: Float32Array, columns: number, format: BlockFormat): Blocks {
  const { block } = format
  const blocksPerRow = Math.ceil(columns / block)
  const count = (values.length / columns) * blocksPerRow
  const blocks: Blocks = {
    levels: new Uint8Array(count * block),
    scales: new Float32Array(count),
    zeros: new Uint8Array(count),
  }
  for (let at = 0; at < count; at++) {
    const start = Math.floor(at / blocksPerRow) * columns + (at % blocksPerRow) * block
    const end = Math.min(start + block, (Math.floor(at / blocksPerRow) + 1) * columns)
    const { scale, zero } = gridOf(values, start, end, format)
    blocks.scales[at] = scale
    blocks.zeros[at] = zero
    writeLevels(values, start, end, scale, zero, format, blocks.levels.subarray(at * block, (at + 1) * block))
  }
  return blocks
}

interface Grid {
  readonly scale: number
  readonly zero: number
}

function gridOf(values: Float32Array, start: number, end: number, { bits, isSymmetric }: BlockFormat): Grid {
  const top = 2 ** bits - 1
  let smallest = 0
  let largest = 0
  for (let i = start; i < end; i++) {
    const value = values[i] ?? 0
    if (value < smallest) smallest = value
    if (value > largest) largest = value
  }
  const middle = 2 ** (bits - 1)
  const scale = Math.fround(isSymmetric ? Math.max(-smallest, largest) / (middle - 1) : (largest - smallest) / top)
  if (scale === 0) return { scale: 1, zero: isSymmetric ? middle : 0 }
  return { scale, zero: isSymmetric ? middle : Math.max(0, Math.min(top, round(-smallest / scale))) }
}

/** Levels of a block; those that only fill it up stand for zero. */
function writeLevels(
  values: Float32Array,
  start: number,
  end: number,
  scale: number,
  zero: number,
  { bits }: BlockFormat,
  levels: Uint8Array,
): void {
  const top = 2 ** bits - 1
  levels.fill(zero)
  for (let i = start; i < end; i++)
    levels[i - start] = Math.max(0, Math.min(top, round((values[i] ?? 0) / scale) + zero))
}
