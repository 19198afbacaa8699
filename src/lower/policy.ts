import { AssayError } from '../errors.ts'
import type { Dialect, Precision } from '../words.ts'

/** How a traced model is told to a device. Architectures know nothing of it. */
export interface Policy {
  readonly dialect: Dialect
  /** Activations, cache, and weights that are not quantised. */
  readonly float: 'f32' | 'f16'
  /** How the weights of the matrix product at a path are stored. */
  readonly matrix: (path: string) => 'float' | 'int8'
  /** Whether products may use FusedMatMul, which onnxruntime 1.30 has for its CPU (and CUDA) provider but not for WebGPU. */
  readonly hasFusedMatMul: boolean
}

const FUSED_MATMUL_PROVIDERS = ['cpu', 'cuda']

/** The precisions that lowering can express. */
export const LOWERABLE: readonly Precision[] = ['fp32', 'fp16', 'int8']

/**
 * What a precision means: fp16 is fp16 throughout with norms and softmax in fp32; int8 quantises every matrix product.
 * `provider` is onnxruntime's name of what runs the ort dialect.
 */
export function policyFor(precision: Precision, dialect: Dialect, provider = 'cpu'): Policy {
  const shared = { dialect, hasFusedMatMul: dialect === 'ort' && FUSED_MATMUL_PROVIDERS.includes(provider) }
  switch (precision) {
    case 'fp32':
      return { ...shared, float: 'f32', matrix: () => 'float' }
    case 'fp16':
      return { ...shared, float: 'f16', matrix: () => 'float' }
    case 'int8':
      return { ...shared, float: 'f32', matrix: () => 'int8' }
    case 'bf16':
    case 'int4':
      throw new AssayError('argument-invalid', `precision ${precision} is not built yet`, {
        hint: `use one of ${LOWERABLE.join(', ')}`,
      })
  }
}
