import type { BatchNormWeights } from '../graph/index.ts'
import type { TensorData } from '../tensor.ts'

/** Of activations, and of what is not stored in blocks. */
export type FloatType = 'f32' | 'f16' | 'bf16'

/**
 * A matrix [outFeatures, inFeatures] in blocks: `block` neighbours of a row share a scale and a zero, w = scale (level - zero).
 * Levels are unsigned, of `bits` bits; symmetric ones have their zero in the middle of the range, at 2^(bits - 1).
 */
export interface BlockFormat {
  readonly bits: 4 | 8
  readonly block: number
  readonly isSymmetric: boolean
  /**
   * Whether each block also has an offset, w = scale (level - zero) + offset, so that its smallest level need not lie at a whole
   * number of steps from zero. A row's offsets are stored as further blocks behind its own, and what their rounding leaves as
   * further blocks again; the product takes the sums of x over each block beside x (block-sums.ts).
   */
  readonly hasOffsets: boolean
}

/** How many blocks a stored row has: those of its own `columns`, twice those of their offsets. */
export function blocksOfRow({ block, hasOffsets }: BlockFormat, columns: number) {
  const own = Math.ceil(columns / block)
  const ofOffsets = hasOffsets ? Math.ceil(own / block) : 0
  return { own, ofOffsets, all: own + 2 * ofOffsets }
}

/** How the weights of a matrix product are stored. */
export type MatrixFormat = 'float' | BlockFormat

/**
 * How levels and zeros lie in memory. `rows`: as a tensor of ONNX, two of 4 bits in a byte, the first in its lower half, rows
 * without a gap; symmetric levels are signed there. `blocks`: as MatMulNBits takes them, unsigned, each row filled up to whole
 * blocks and each row of zeros to whole bytes.
 */
export type BlockLayout = 'rows' | 'blocks'

/** A batch norm whose weights go into those of the convolution before it. */
export interface FoldedNorm extends BatchNormWeights {
  readonly epsilon: number
}

/**
 * What a constant of a lowered graph holds: a description, so that a graph of any size is lowered before a byte of its
 * weights is read. The build reads weights by these descriptions, piece by piece.
 */
export type Content =
  /** Values that lowering itself made: tables, shapes, scalars. */
  | { readonly kind: 'values'; readonly tensor: TensorData }
  /** Published weights stacked along their first axis, converted to `type`. */
  | { readonly kind: 'weights'; readonly names: readonly string[]; readonly type: FloatType }
  /** A convolution's filters with the batch norm behind it in them. */
  | { readonly kind: 'foldedFilters'; readonly weight: string; readonly norm: FoldedNorm; readonly type: FloatType }
  /** And the bias that goes with them; of a convolution that may have one. */
  | { readonly kind: 'foldedShift'; readonly bias: string | null; readonly norm: FoldedNorm; readonly type: FloatType }
  /** Weights in signed levels of 8 bits, a norm in them where there is one, and the scale of each filter, f32 [filters]. */
  | { readonly kind: 'filterLevels' | 'filterScales'; readonly weight: string; readonly norm: FoldedNorm | null }
  /** The levels, or the zeros, of weights stacked along their first axis. */
  | {
      readonly kind: 'levels' | 'zeros'
      readonly names: readonly string[]
      readonly format: BlockFormat
      readonly layout: BlockLayout
    }
  /** The scales of such weights, [rows, blocks]. */
  | {
      readonly kind: 'scales'
      readonly names: readonly string[]
      readonly format: BlockFormat
      readonly type: FloatType
    }
