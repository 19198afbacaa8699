/** Matrix products with weights that are stored in blocks of few bits: in standard operators, and in onnxruntime's own. */
import type { Tensor } from '../graph/index.ts'
import type { Attribute } from '../onnx/model.ts'
import type { BlockFormat, BlockLayout } from './content.ts'
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
  return emit.node(path, 'MatMul', [lowering.value(x), columns])
}

/**
 * x Wᵀ by MatMulNBits. At accuracy level 4 the operator rounds activations to 8 bits itself, each block of each row with a scale
 * of its own, and multiplies integers; seen to be exact but for that rounding on x86 with and without VNNI (decisions/0002).
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
  const inputs = [lowering.value(x), levels, scales, ...(zeros === null ? [] : [zeros])]
  return lowering.emit.node(path, 'MatMulNBits', inputs, attributes, MICROSOFT)
}

function blockConstants(
  lowering: Lowering,
  names: readonly string[],
  format: BlockFormat,
  layout: BlockLayout,
): BlockConstants {
  const { emit, policy } = lowering
  const { bits, block, isSymmetric } = format
  const shapes = names.map(name => weightShape(lowering, name))
  const rows = shapes.reduce((sum, [size = 0]) => sum + size, 0)
  const columns = shapes[0]?.[1] ?? 0
  const blocks = Math.ceil(columns / block)
  const name = stackedName(names)
  const type = (['u8', 'i8', 'u4', 'i4'] as const)[(bits === 4 ? 2 : 0) + (isSymmetric ? 1 : 0)] ?? 'u8'
  const bytesOf = (count: number) => Math.ceil((count * bits) / 8)
  const levels =
    layout === 'rows'
      ? emit.constant(`${name}.int${bits}`, type, [rows, columns], { kind: 'levels', names, format, layout })
      : emit.constant(`${name}.int${bits}`, 'u8', [rows, blocks, bytesOf(block)], {
          kind: 'levels',
          names,
          format,
          layout,
        })
  const scales = emit.constant(`${name}.scale`, policy.float, [rows, blocks], {
    kind: 'scales',
    names,
    format,
    type: policy.float,
  })
  if (isSymmetric) return { rows, columns, levels, scales, zeros: null }
  const [zeroType, zeroShape] =
    layout === 'rows' ? ([type, [rows, blocks]] as const) : (['u8', [rows, bytesOf(blocks)]] as const)
  const zeros = emit.constant(`${name}.zero`, zeroType, zeroShape, { kind: 'zeros', names, format, layout })
  return { rows, columns, levels, scales, zeros }
}
