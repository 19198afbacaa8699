/** Rotary position embedding, RoFormer (arXiv:2104.09864), in the rotate-half form that published weights use. */
export interface Rope {
  readonly theta: number
  /** How many features of a head rotate, its first ones; all of them where nothing is said. */
  readonly features?: number
  readonly scaling?: RopeScaling
}

export type RopeScaling =
  /** Position interpolation (arXiv:2306.15595): every frequency divided by the factor. */
  | { readonly kind: 'linear'; readonly factor: number }
  /** Llama 3.1: low frequencies divided by the factor, high ones kept, those between blended. */
  | {
      readonly kind: 'llama3'
      readonly factor: number
      readonly lowFrequencyFactor: number
      readonly highFrequencyFactor: number
      readonly originalPositions: number
    }

/**
 * The angle per position of each pair of the `features` that rotate, [features / 2].
 * Source: transformers `modeling_rope_utils.py`, `_compute_default|linear_scaling|llama3_parameters`.
 */
export function inverseFrequencies(features: number, rope: Rope): Float64Array {
  const frequencies = Float64Array.from({ length: features / 2 }, (_, pair) => rope.theta ** ((-2 * pair) / features))
  const { scaling } = rope
  switch (scaling?.kind) {
    case undefined:
      return frequencies
    case 'linear':
      return frequencies.map(frequency => frequency / scaling.factor)
    case 'llama3': {
      const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling
      return frequencies.map(frequency => {
        const turns = (originalPositions * frequency) / (2 * Math.PI) // over the original context
        if (turns < low) return frequency / factor
        if (turns > high) return frequency
        const smooth = (turns - low) / (high - low)
        return (1 - smooth) * (frequency / factor) + smooth * frequency
      })
    }
  }
}
