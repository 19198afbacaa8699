/** What one forward pass costs, so that a check does not take minutes or all memory where nobody asked it to. */
import type { LanguageGraph } from '../../graph/index.ts'

/** What a pass over n tokens is made of. */
export interface PassShape {
  /** Weights that each token is multiplied by. */
  readonly matrixElements: number
  /** Query heads times their features, summed over the layers. */
  readonly attentionFeatures: number
  /** Query heads of the layer that has most. */
  readonly heads: number
}

export function passShape({ nodes, weights }: LanguageGraph): PassShape {
  let [matrixElements, attentionFeatures, heads] = [0, 0, 0]
  for (const { operation, inputs } of nodes) {
    if (operation.kind === 'linear')
      matrixElements += (weights.get(operation.weight)?.shape ?? []).reduce((product, size) => product * size, 1)
    if (operation.kind !== 'attend') continue
    const [, count, , headDim] = inputs[0]?.shape ?? []
    if (typeof count !== 'number' || typeof headDim !== 'number') continue
    attentionFeatures += count * headDim
    heads = Math.max(heads, count)
  }
  return { matrixElements, attentionFeatures, heads }
}

/** The most arithmetic of one pass that a check asks for, where a plan does not say: some 10 s of two cores. */
export const MOST_TFLOP = 2
/** The most memory of one layer's attention: three times its scores, where they are held whole. */
const MOST_BYTES = 4 * 2 ** 30

/** Two operations for each product; attention is counted whole, as many runtimes compute it before they mask. */
export function passTflop({ matrixElements, attentionFeatures }: PassShape, tokens: number): number {
  return (2 * matrixElements * tokens + 4 * attentionFeatures * tokens ** 2) / 1e12
}

export function passBytes({ heads }: PassShape, tokens: number): number {
  return 3 * 4 * heads * tokens ** 2
}

/** Why a pass over so many tokens is too much for a check, with the figures; null where it is not. */
export function tooMuch(shape: PassShape, tokens: number, mostTflop: number): string | null {
  const [tflop, bytes] = [passTflop(shape, tokens), passBytes(shape, tokens)]
  if (tflop > mostTflop)
    return `${tokens} tokens in one pass take ${say(tflop)} TFLOP, more than the ${say(mostTflop)} of limits.passTflop`
  if (bytes > MOST_BYTES)
    return `the attention of ${tokens} tokens takes ${say(bytes / 2 ** 30)} GiB, more than the ${say(MOST_BYTES / 2 ** 30)} that a check may take`
  return null
}

function say(value: number): string {
  return String(Number(value.toPrecision(2)))
}
