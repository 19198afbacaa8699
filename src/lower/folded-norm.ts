/** A convolution's weights with the batch norm behind it in them: one product in place of two, rounded once. */
import type { FoldedNorm } from './content.ts'
import type { Lowering } from './lowering.ts'
import { weightShape } from './published-weights.ts'

/** weight * scale / sqrt(variance + epsilon), each filter by its own. */
export function foldedFilters(lowering: Lowering, weight: string, norm: FoldedNorm): string {
  const type = lowering.policy.float
  const content = { kind: 'foldedFilters', weight, norm, type } as const
  return lowering.emit.constant(`${weight}/folded`, type, weightShape(lowering, weight), content)
}

/** shift + (bias - mean) * scale / sqrt(variance + epsilon); `path` is the convolution's. */
export function foldedShift(lowering: Lowering, path: string, bias: string | null, norm: FoldedNorm): string {
  const type = lowering.policy.float
  const content = { kind: 'foldedShift', bias, norm, type } as const
  return lowering.emit.constant(`${path}.bias/folded`, type, weightShape(lowering, norm.shift), content)
}
