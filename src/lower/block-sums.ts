/**
 * The factor of weights that have offsets in blocks: sum over i of (scale (level_i - zero) + offset) x_i is the product with the
 * levels, and the product of each block's offset with the sum of x over that block.
 */
import type { Tensor } from '../graph/index.ts'
import { tensorOf } from '../tensor.ts'
import { type BlockFormat, blocksOfRow } from './content.ts'
import type { Lowering } from './lowering.ts'

/** One product with a constant of at most so many elements is cheaper in a decode step than to reduce first. */
const SMALL = 1 << 16

/**
 * x [.., features], filled up to whole blocks, then the sums of its blocks, filled up to whole blocks too, and those again: the
 * order of a stored row. Made once for all products with x.
 */
export function withBlockSums(lowering: Lowering, x: Tensor, features: number, format: BlockFormat): string {
  const { emit } = lowering
  const value = lowering.value(x)
  const { block } = format
  const { own, all } = blocksOfRow(format, features)
  return lowering.once(`${value} with sums of ${block}`, () => {
    const path = `${x.node.path}/sums`
    const added = all * block - features
    const isWhole = features === own * block
    if (!isWhole || features * added <= SMALL)
      return concat(emit.node(path, 'MatMul', [value, placement(features, added, at => Math.floor(at / block))]))
    const shape = emit.integers(...x.shape.slice(1).map(() => 0), own, block)
    const blocks = emit.node(path, 'Reshape', [value, shape])
    const sums = emit.node(path, 'ReduceSum', [blocks, emit.integers(-1)], { keepdims: { int: 0 } })
    return concat(emit.node(path, 'MatMul', [sums, placement(own, added, at => at)]))

    function concat(sums: string): string {
      return emit.node(path, 'Concat', [value, sums], { axis: { int: -1 } })
    }
  })

  /** [rows, added]: adds row r to the two columns of its block. */
  function placement(rows: number, added: number, blockOf: (row: number) => number): string {
    const places = new Float32Array(rows * added)
    const first = added - (all - own) * block
    for (let row = 0; row < rows; row++)
      for (const half of [0, ((all - own) / 2) * block]) places[row * added + first + half + blockOf(row)] = 1
    return emit.values(`sums/${rows}x${added}/${block}`, tensorOf([rows, added], places))
  }
}
