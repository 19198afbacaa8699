import type { SideBySide } from '../events/result.ts'
import { softmax, TopK, topTwo } from '../metrics/index.ts'
import type { ComparedLogits, JudgedFlip, ShownLogits } from './logits-findings.ts'
import { tokensOf } from './sequences.ts'
import { type Distribution, REFERENCE_AND_DEVICE, sideBySide } from './side-by-side.ts'

/** As many as a side has candidates. */
const TOP = 5

/** The tokens that both sides hold to be next, around the first that differs, or else around the worst position. */
export function showLogits(
  { inputIds, sides = REFERENCE_AND_DEVICE, texts }: ShownLogits,
  compared: ComparedLogits,
  nearTies: readonly JudgedFlip[],
): SideBySide {
  const { reference, device, shape } = compared
  const vocabulary = shape.at(-1) ?? 1
  const positions = reference.length / vocabulary
  const focus = focusOf(compared, nearTies, vocabulary)
  const tokens = tokensOf(inputIds) ?? []
  // Logits may be those of the last positions alone.
  const before = Math.max(0, tokens.length - positions)
  const bestOf = (logits: Float32Array) => (index: number) =>
    index < positions ? topTwo(logits.subarray(index * vocabulary, (index + 1) * vocabulary)).token : undefined
  return sideBySide(
    {
      kind: 'predicted',
      sides,
      prompt: tokens.slice(0, before + focus + 1),
      promptTokens: tokens.length,
      focus,
      referenceAt: bestOf(reference),
      deviceAt: bestOf(device),
      distributions: {
        reference: distributionAt(reference, focus, vocabulary),
        device: distributionAt(device, focus, vocabulary),
      },
    },
    texts,
  )
}

/** A value that is no number comes first, then a flip, then the largest error. */
function focusOf(
  { comparison, rows, flips }: ComparedLogits,
  nearTies: readonly JudgedFlip[],
  vocabulary: number,
): number {
  const { nonFiniteMismatch } = comparison.elements
  if (nonFiniteMismatch >= 0) return Math.floor(nonFiniteMismatch / vocabulary)
  const [flip] = flips.length > 0 ? flips : nearTies
  if (flip !== undefined) return flip.position
  return rows.relL2.reduce((worst, error, at) => (error > (rows.relL2[worst] ?? 0) ? at : worst), 0)
}

function distributionAt(logits: Float32Array, position: number, vocabulary: number): Distribution {
  const [start, end] = [position * vocabulary, (position + 1) * vocabulary]
  const top = new TopK(Math.min(TOP, vocabulary))
  top.select(logits, start, end)
  return { top: Array.from(top.tokens).filter(token => token >= 0), probabilityOf: softmax(logits, start, end) }
}
