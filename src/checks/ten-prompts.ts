import type { Threshold } from '../events/result.ts'
import { compareElements } from '../metrics/index.ts'
import { toFloat32 } from '../tensor.ts'
import { againstReference } from './against-reference.ts'
import type { Check } from './check.ts'
import { type CaseJudgement, conclude, jsonNumber, jsonNumbers, skipped, unmeasured } from './conclusion.ts'
import { averageDifference, largestDifference, NON_FINITE, RELATIVE_ERROR } from './defaults.ts'
import { type Finding, failed, inconclusive, settle } from './finding.ts'
import { keepsPart } from './kept-logits.ts'
import { countNonFinite, nonFiniteFindings } from './non-finite.ts'
import { type CasePair, caseIds, comparableCase, comparableTensors, pairCases } from './pairing.ts'
import { smallestShare } from './smallest-drop.ts'
import { isFloat } from './value-at.ts'
import { caseLabel, placeOf, say, sayList, sayMeasured } from './wording.ts'

const NAME = 'ten-prompts'
const KIND = 'logits'
const PROMPTS = 10

/** What one prompt's logits sum to. */
interface Measured {
  readonly elements: number
  readonly meanAbs: number
  readonly maxAbs: number
  readonly nonFinite: number
}

/**
 * The textbook exercise of a port to a new device: ten prompts through both, and the average and the largest absolute difference
 * of their logits. The first ten cases `logits.*` by name, output `logits` [1, tokens, vocabulary].
 */
export const tenPrompts: Check = {
  name: NAME,
  summary: 'the average and the largest difference of the logits of ten prompts',
  kinds: [KIND],
  category: 'llm',

  judge: againstReference(NAME, KIND, (reference, device, context) => {
    // By name, since a reference that was stored has its cases in another order than one that was not.
    const cases = caseIds(reference.outputs, KIND)
    const whole = cases.filter(id => !keepsPart(reference.outputs.get(id)?.outputs ?? {}))
    const ids = new Set(whole.toSorted().slice(0, PROMPTS))
    if (ids.size === 0)
      return skipped(
        NAME,
        'the reference keeps a part of the logits, and these differences are over all of them',
        reference,
      )

    const pairs = pairCases(KIND, reference.outputs, device).filter(({ id }) => ids.has(id))
    const limit = RELATIVE_ERROR[context.precision]
    const scale = rootMeanSquare(pairs)
    const limits = { meanAbs: averageDifference(limit, scale), maxAbs: largestDifference(limit, scale) }
    const judged = pairs.map(pair => judgePrompt(pair, limits.maxAbs))
    const measured = judged.flatMap(({ measured }) => measured ?? [])
    const elements = sum(measured.map(one => one.elements))
    const meanAbs = sum(measured.map(one => one.meanAbs * one.elements)) / elements
    return conclude({
      name: NAME,
      reference: reference.name,
      judgements: judged.map(({ judgement }) => judgement),
      metrics:
        measured.length === 0
          ? {}
          : {
              meanAbs,
              maxAbs: Math.max(...measured.map(one => one.maxAbs)),
              logitsRms: scale,
              prompts: measured.length,
              nonFinite: sum(measured.map(one => one.nonFinite)),
            },
      thresholds: { ...limits, nonFinite: NON_FINITE },
      smallestDrop: smallestShare(measured.length),
      findings: meanAbs > limits.meanAbs.limit ? [failed(sayAverage(meanAbs, limits.meanAbs, measured.length))] : [],
    })
  }),
}

function sayAverage(meanAbs: number, { limit }: Threshold, prompts: number): string {
  return `the logits of ${prompts} prompts differ by ${sayMeasured(meanAbs)} on average (limit ${say(limit)})`
}

function judgePrompt(pair: CasePair, maxAbs: Threshold): { judgement: CaseJudgement; measured: Measured | null } {
  const { id } = pair
  const broken = (findings: readonly Finding[]) => ({ judgement: unmeasured(id, findings), measured: null })
  const sides = comparableCase(pair)
  if (sides.reference === null) return broken(sides.findings)
  const tensors = comparableTensors(id, 'logits', sides.reference.outputs['logits'], sides.device.outputs['logits'])
  if ('status' in tensors) return broken([...sides.findings, tensors])
  const { type, shape } = tensors.reference
  const what = `logits of ${caseLabel(id)}`
  if (!isFloat(type)) return broken([...sides.findings, inconclusive(`${what} are ${type}, not a floating-point type`)])
  const [reference, device] = [toFloat32(tensors.reference), toFloat32(tensors.device)]
  const elements = compareElements(reference, device)
  const at = elements.nonFiniteMismatch >= 0 ? elements.nonFiniteMismatch : elements.worstIndex
  const [r, d] = [reference[at] ?? Number.NaN, device[at] ?? Number.NaN]
  const place = placeOf(Math.max(0, at), shape)
  const far = `${what} differ by ${sayMeasured(elements.maxAbs)} (limit ${say(maxAbs.limit)}) at ${sayList(place)}: ${say(d)} against ${say(r)}`
  const findings = [
    ...sides.findings,
    ...nonFiniteFindings(what, 'the reference', reference, device, shape, elements),
    ...(elements.compared > 0 && elements.maxAbs > maxAbs.limit ? [failed(far)] : []),
  ]
  const measured: Measured = {
    elements: elements.compared,
    meanAbs: elements.meanAbs,
    maxAbs: elements.maxAbs,
    nonFinite: countNonFinite(reference, device, elements),
  }
  const judgement: CaseJudgement = {
    result: {
      id,
      ...settle(findings),
      metrics: jsonNumbers({ meanAbs: measured.meanAbs, maxAbs: measured.maxAbs }),
      details: {},
    },
    samples: 1,
    worst:
      at < 0 ? null : { case: id, output: 'logits', index: place, reference: jsonNumber(r), device: jsonNumber(d) },
    severity: measured.nonFinite > 0 ? Number.POSITIVE_INFINITY : elements.maxAbs,
    histogram: elements.histogram,
  }
  return { judgement, measured: elements.compared > 0 ? measured : null }
}

/** Of the reference's logits over all prompts: the unit in which logits of one model are large or small. */
function rootMeanSquare(pairs: readonly CasePair[]): number {
  let [squares, count] = [0, 0]
  for (const { reference, id } of pairs) {
    const tensors = comparableTensors(id, 'logits', reference?.outputs['logits'], reference?.outputs['logits'])
    if ('status' in tensors || !isFloat(tensors.reference.type)) continue
    for (const value of toFloat32(tensors.reference)) {
      if (!Number.isFinite(value)) continue
      squares += value * value
      count++
    }
  }
  return count === 0 ? 0 : Math.sqrt(squares / count)
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}
