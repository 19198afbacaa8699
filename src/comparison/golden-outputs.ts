/** The numbers of one output of two goldens. */
import { differingElements, isFloat } from '../checks/value-at.ts'
import { compareElements, type ElementComparison, firstDifference, TopK } from '../metrics/index.ts'
import { BYTES_PER_ELEMENT, elementCount, type NamedTensors, type TensorData, toFloat32, toNumbers } from '../tensor.ts'
import type { OutputComparison, TopFive } from './document.ts'

/** How many of the most probable tokens are compared one by one. */
const FIVE = 5

export function nothing(id: string, output: string): OutputComparison {
  return { case: id, output, status: 'unlike', reason: null, metrics: {}, topFive: null }
}

/** JSON has no NaN and no infinities. */
export function json(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

export function elementMetrics({
  maxAbs,
  meanAbs,
  relL2,
  cosine,
  referenceNaN,
  deviceNaN,
}: ElementComparison): OutputComparison['metrics'] {
  const numbers = { maxAbs: json(maxAbs), meanAbs: json(meanAbs), relL2: json(relL2), cosine: json(cosine) }
  return referenceNaN + deviceNaN === 0 ? numbers : { ...numbers, nanA: referenceNaN, nanB: deviceNaN }
}

/** Token ids and the like: how many differ, and where the first does (-1 where none). */
export function integerMetrics(a: TensorData, b: TensorData): OutputComparison['metrics'] {
  return { differing: differingElements(a, b).count, first: firstDifference(toNumbers(a), toNumbers(b)) }
}

/** The most probable tokens of each position, the best first. */
export function ranksOf(logits: Float32Array, vocabulary: number): number[][] {
  const top = new TopK(Math.min(FIVE, vocabulary))
  return Array.from({ length: logits.length / vocabulary }, (_, position) => {
    top.select(logits, position * vocabulary, (position + 1) * vocabulary)
    return Array.from(top.tokens)
  })
}

export function compareRanks(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): TopFive {
  const k = Math.min(FIVE, ...[...a, ...b].map(ranks => ranks.length))
  const differing = a.flatMap((ranks, position) => {
    const [ours, theirs] = [ranks.slice(0, k), (b[position] ?? []).slice(0, k)]
    return ours.join() === theirs.join() ? [] : [{ position, a: ours, b: theirs }]
  })
  return { k, positions: a.length, identical: a.length - differing.length, first: differing[0] ?? null }
}

/** Logits of a case where a side keeps the largest of each position alone. */
interface Kept {
  readonly positions: number
  readonly ranks: readonly (readonly number[])[]
  /** Undefined for a token that was not kept. */
  logit(position: number, token: number): number | undefined
}

/** Compares what both sides keep: the logits of the tokens that both know, and the ranks. */
export function compareTop(id: string, a: NamedTensors, b: NamedTensors): OutputComparison {
  const base = nothing(id, 'top_logits')
  const [ours, theirs] = [keptOf(a), keptOf(b)]
  if (ours === null) return { ...base, status: 'only-b' }
  if (theirs === null) return { ...base, status: 'only-a' }
  if (ours.positions !== theirs.positions)
    return { ...base, reason: `${ours.positions} positions in A, ${theirs.positions} in B` }
  const known = [...(a['top_ids'] === undefined ? theirs : ours).ranks.entries()].flatMap(([position, tokens]) =>
    tokens.map(token => [ours.logit(position, token), theirs.logit(position, token)] as const),
  )
  const both = known.flatMap(([one, two]) => (one === undefined || two === undefined ? [] : [[one, two] as const]))
  const [left, right] = [0, 1].map(side => Float32Array.from(both, pair => pair[side] ?? Number.NaN))
  const elements = compareElements(left ?? new Float32Array(), right ?? new Float32Array())
  const topFive = compareRanks(ours.ranks, theirs.ranks)
  const isIdentical = both.length === known.length && elements.maxAbs === 0 && topFive.identical === topFive.positions
  return {
    ...base,
    status: isIdentical ? 'identical' : 'differs',
    metrics: { ...elementMetrics(elements), sharedTokens: json(both.length / known.length) },
    topFive,
  }
}

/** Null where a side has no logits that can be looked at. */
function keptOf(outputs: NamedTensors): Kept | null {
  const { top_ids: ids, top_logits: top } = outputs
  const whole = outputs['logits'] ?? outputs['sampled_logits']
  if (whole !== undefined && isFloats(whole)) {
    const [values, vocabulary] = [toFloat32(whole), whole.shape.at(-1) ?? 0]
    const positions = values.length / vocabulary
    return { positions, ranks: ranksOf(values, vocabulary), logit: (at, token) => values[at * vocabulary + token] }
  }
  if (ids === undefined || top === undefined || !isFloats(top) || ids.shape.join() !== top.shape.join()) return null
  const k = top.shape.at(-1) ?? 0
  const [tokens, values] = [toNumbers(ids), toFloat32(top)]
  const ranks = Array.from({ length: values.length / k }, (_, at) => tokens.slice(at * k, (at + 1) * k))
  const logit = (at: number, token: number) => {
    const place = ranks[at]?.indexOf(token) ?? -1
    return place < 0 ? undefined : values[at * k + place]
  }
  return { positions: ranks.length, ranks, logit }
}

function isFloats({ type, shape, bytes }: TensorData): boolean {
  const count = elementCount(shape)
  return isFloat(type) && count > 0 && bytes.length === count * BYTES_PER_ELEMENT[type]
}
