import { AssayError } from '../errors.ts'
import type { Dialect, Precision } from '../words.ts'
import type { BlockFormat, MatrixFormat } from './content.ts'

/** How a traced model is told to a device. Architectures know nothing of it. */
export interface Policy {
  readonly dialect: Dialect
  /** Activations, cache, and weights that are not quantised. */
  readonly float: 'f32' | 'f16'
  /** How the weights of the matrix product at a path are stored; the head is the one that gives the logits. */
  readonly matrix: (path: string, role: 'layer' | 'head') => MatrixFormat
  /** What the ort dialect may use of onnxruntime. */
  readonly ort: OrtOperators
}

/** Operators of onnxruntime 1.30 differ by provider. */
export interface OrtOperators {
  /** FusedMatMul, which WebGPU lacks. */
  readonly hasFusedMatMul: boolean
  /** Whether the provider packs the weights of products at load, and lets the constants go that it packed. */
  readonly packsWeights: boolean
  /**
   * `fused`: GroupQueryAttention with a shared cache, for a cache that stays on the device. `rows`: plain products that give
   * back only the new rows, for a cache in the host's memory, since onnxruntime-node copies every output to the host.
   */
  readonly attention: 'fused' | 'rows'
}

function operatorsOf(provider: string): OrtOperators {
  const isCpu = provider === 'cpu'
  return {
    hasFusedMatMul: isCpu || provider === 'cuda',
    packsWeights: isCpu,
    attention: isCpu ? 'rows' : 'fused',
  }
}

/** Smaller blocks round activations better, which is most of the error: decisions/0002. */
const INT8: BlockFormat = { bits: 8, block: 32, isSymmetric: false, hasOffsets: false }
const INT4: BlockFormat = { bits: 4, block: 32, isSymmetric: false, hasOffsets: true }
const INT4_SYMMETRIC: BlockFormat = { bits: 4, block: 32, isSymmetric: true, hasOffsets: false }

/** The precisions that lowering can express. */
export const LOWERABLE: readonly Precision[] = ['fp32', 'fp16', 'int8', 'int4', 'int4-symmetric']

/**
 * What a precision means: fp16 is fp16 throughout with norms and softmax in fp32; int8 quantises every matrix product.
 * `provider` is onnxruntime's name of what runs the ort dialect.
 */
export function policyFor(precision: Precision, dialect: Dialect, provider = 'cpu'): Policy {
  const shared = { dialect, ort: operatorsOf(provider) }
  switch (precision) {
    case 'fp32':
      return { ...shared, float: 'f32', matrix: () => 'float' }
    case 'fp16':
      return { ...shared, float: 'f16', matrix: () => 'float' }
    case 'int8':
      return { ...shared, float: 'f32', matrix: () => INT8 }
    case 'int4':
      return { ...shared, float: 'f32', matrix: (_, role) => (role === 'head' ? INT8 : INT4) }
    case 'int4-symmetric':
      return { ...shared, float: 'f32', matrix: (_, role) => (role === 'head' ? INT8 : INT4_SYMMETRIC) }
    case 'bf16':
      throw new AssayError('argument-invalid', `precision ${precision} is not built yet`, {
        hint: `use one of ${LOWERABLE.join(', ')}`,
      })
  }
}
