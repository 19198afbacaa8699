import type { Dialect, Precision } from '../words.ts'
import type { BlockFormat, FloatType, MatrixFormat } from './content.ts'
import type { Rounding } from './ranges.ts'

/** How a traced model is told to a device. Architectures know nothing of it. */
export interface Policy {
  readonly dialect: Dialect
  /** Activations, cache, and weights that are not quantised. */
  readonly float: FloatType
  /** How the weights of the matrix product at a path are stored; the head is the one that gives the logits. */
  readonly matrix: (path: string, role: 'layer' | 'head') => MatrixFormat
  /** What the ort dialect may use of onnxruntime. */
  readonly ort: OrtOperators
  /** How activations are rounded to 8 bits, and weights with them; absent where they are not. */
  readonly rounding?: Rounding
}

/** Products of 8 bits by 8 bits: activations by ranges that were seen, weights with a scale for each filter. */
export function staticPolicy(rounding: Rounding, dialect: Dialect, provider = 'cpu'): Policy {
  return { ...policyFor('fp32', dialect, provider), rounding }
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
  /**
   * Whether MultiHeadAttention and SkipLayerNormalization serve whole images. On the CPU provider they take 20 ms more of ViT-B/16's
   * pass than the plain operators that they stand for (one thread, onnxruntime 1.30).
   */
  readonly fusesImageLayers: boolean
}

function operatorsOf(provider: string): OrtOperators {
  const isCpu = provider === 'cpu'
  return {
    hasFusedMatMul: isCpu || provider === 'cuda',
    packsWeights: isCpu,
    attention: isCpu ? 'rows' : 'fused',
    fusesImageLayers: !isCpu,
  }
}

/** Smaller blocks round activations better, which is most of the error: decisions/0002. */
const INT8: BlockFormat = { bits: 8, block: 32, isSymmetric: false, hasOffsets: false }
/** The head of a model of 4 bits, whose error goes straight into the logits. */
const INT8_HEAD: BlockFormat = { ...INT8, block: 16 }
const INT4: BlockFormat = { bits: 4, block: 32, isSymmetric: false, hasOffsets: true }
const INT4_SYMMETRIC: BlockFormat = { bits: 4, block: 32, isSymmetric: true, hasOffsets: false }

/**
 * What a precision means: fp16 and bf16 are so throughout, with norms and softmax in fp32; integers store the weights of every
 * matrix product in blocks, the head's in 8 bits or more (decisions/0002, 0010), and leave the rest in fp32.
 * `provider` is onnxruntime's name of what runs the ort dialect.
 */
export function policyFor(precision: Precision, dialect: Dialect, provider = 'cpu'): Policy {
  const shared = { dialect, ort: operatorsOf(provider) }
  switch (precision) {
    case 'fp32':
      return { ...shared, float: 'f32', matrix: () => 'float' }
    case 'fp16':
      return { ...shared, float: 'f16', matrix: () => 'float' }
    case 'bf16':
      return { ...shared, float: 'bf16', matrix: () => 'float' }
    case 'int8':
      return { ...shared, float: 'f32', matrix: () => INT8 }
    case 'int4':
      return { ...shared, float: 'f32', matrix: (_, role) => (role === 'head' ? INT8_HEAD : INT4) }
    case 'int4-symmetric':
      return { ...shared, float: 'f32', matrix: (_, role) => (role === 'head' ? INT8_HEAD : INT4_SYMMETRIC) }
  }
}
