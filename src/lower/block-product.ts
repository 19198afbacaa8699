/** Matrix products with weights that are stored in blocks of few bits: in standard operators, and in onnxruntime's own. */
import type { Tensor } from '../graph/index.ts'
import type { Attribute } from '../onnx/model.ts'
import { withBlockSums } from './block-sums.ts'
import { type BlockFormat, type BlockLayout, blocksOfRow } from './content.ts'
import { MICROSOFT } from './emitter.ts'
import type { Lowering } from './lowering.ts'
import { stackedName, weightShape } from './published-weights.ts'

/** The constants of a matrix in blocks; `zeros` is null where they are the middle of the range. */
interface BlockConstants {
  readonly rows: number
  readonly columns: number
  readonly levels: string
  readonly scales: string
  readonly zeros: string | null
}

/**
 * x Wᵀ in standard operators: DequantizeLinear in blocks of a row (opset 21), and a plain product. Compilers that know the
 * pattern multiply by the packed weights; for others it is the same matrix in floating point.
 */
export function dequantisedProduct(
  lowering: Lowering,
  path: string,
  x: Tensor,
  names: readonly string[],
  format: BlockFormat,
): string {
  const { emit } = lowering
  const { levels, scales, zeros } = blockConstants(lowering, names, format, 'rows')
  const inputs = zeros === null ? [levels, scales] : [levels, scales, zeros]
  const attributes = { axis: { int: 1 }, block_size: { int: format.block } }
  const weights = emit.node(path, 'DequantizeLinear', inputs, attributes)
  const columns = emit.node(path, 'Transpose', [weights], { perm: { ints: [1, 0] } })
  return emit.node(path, 'MatMul', [multiplied(lowering, x, names, format), columns])
}

/**
 * x Wᵀ by MatMulNBits. At accuracy level 4 the operator rounds activations to 8 bits itself, each block of each row with a scale
 * of its own, and multiplies integers; but for that rounding it is exact (decisions/0002).
 */
export function packedProduct(
  lowering: Lowering,
  path: string,
  x: Tensor,
  names: readonly string[],
  format: BlockFormat,
): string {
  const { rows, columns, levels, scales, zeros } = blockConstants(lowering, names, format, 'blocks')
  const attributes: Record<string, Attribute> = {
    K: { int: columns },
    N: { int: rows },
    bits: { int: format.bits },
    block_size: { int: format.block },
    accuracy_level: { int: 4 },
  }
  const inputs = [multiplied(lowering, x, names, format), levels, scales, ...(zeros === null ? [] : [zeros])]
  return lowering.emit.node(path, 'MatMulNBits', inputs, attributes, MICROSOFT)
}

/** What stored rows are multiplied by: x, and the sums of its blocks where rows have offsets. */
function multiplied(lowering: Lowering, x: Tensor, names: readonly string[], format: BlockFormat): string {
  return format.hasOffsets ? withBlockSums(lowering, x, featuresOf(lowering, names), format) : lowering.value(x)
}

function featuresOf(lowering: Lowering, [name = '']: readonly string[]): number {
  return weightShape(lowering, name)[1] ?? 0
}

/** `columns` is the width of a stored row. */
function blockConstants(
  lowering: Lowering,
  names: readonly string[],
  format: BlockFormat,
  layout: BlockLayout,
): BlockConstants {
  const { emit, policy } = lowering
  const { bits, block, isSymmetric, hasOffsets } = format
  const shapes = names.map(name => weightShape(lowering, name))
  const rows = shapes.reduce((sum, [size = 0]) => sum + size, 0)
  const features = featuresOf(lowering, names)
  const { all: blocks } = blocksOfRow(format, features)
  const columns = hasOffsets ? blocks * block : features
  const name = stackedName(names)
  const bytesOf = (count: number) => Math.ceil((count * bits) / 8)
  const type = isSymmetric ? SIGNED[bits] : UNSIGNED[bits]
  const [levelType, levelShape] =
    layout === 'rows' ? ([type, [rows, columns]] as const) : (['u8', [rows, blocks, bytesOf(block)]] as const)
  const content = { names, format, layout }
  const levels = emit.constant(`${name}.int${bits}`, levelType, levelShape, { kind: 'levels', ...content })
  const scaled = { kind: 'scales', names, format, type: policy.float } as const
  const scales = emit.constant(`${name}.scale`, policy.float, [rows, blocks], scaled)
  if (isSymmetric) return { rows, columns, levels, scales, zeros: null }
  const [zeroType, zeroShape] =
    layout === 'rows' ? ([type, [rows, blocks]] as const) : (['u8', [rows, bytesOf(blocks)]] as const)
  const zeros = emit.constant(`${name}.zero`, zeroType, zeroShape, { kind: 'zeros', ...content })
  return { rows, columns, levels, scales, zeros }
}

const SIGNED = { 4: 'i4', 8: 'i8' } as const
const UNSIGNED = { 4: 'u4', 8: 'u8' } as const
