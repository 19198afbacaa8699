import type { TensorData } from '../tensor.ts'

/**
 * What a constant of a lowered graph holds: a description, so that a graph of any size is lowered before a byte of its
 * weights is read. The build reads weights by these descriptions, piece by piece.
 */
export type Content =
  /** Values that lowering itself made: tables, shapes, scalars. */
  | { readonly kind: 'values'; readonly tensor: TensorData }
  /** Published weights stacked along their first axis, converted to `type`. */
  | { readonly kind: 'weights'; readonly names: readonly string[]; readonly type: 'f32' | 'f16' }
  /**
   * Weights stacked along their first axis as int8, one scale a row: q = round(w / scale), scale = max|w| of the row / 127.
   * What is stored is q + 128, as uint8.
   */
  | { readonly kind: 'int8'; readonly names: readonly string[] }
  /** The scales of the rows of such an int8 matrix, each repeated `repeat` times. */
  | {
      readonly kind: 'int8-scales'
      readonly names: readonly string[]
      readonly repeat: number
      readonly type: 'f32' | 'f16'
    }
