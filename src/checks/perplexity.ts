import type { Threshold, WorstElement } from '../events/result.ts'
import { compareElements } from '../metrics/index.ts'
import { toFloat32 } from '../tensor.ts'
import { againstReference } from './against-reference.ts'
import type { Check } from './check.ts'
import { type CaseJudgement, conclude, jsonNumber, jsonNumbers, unmeasured } from './conclusion.ts'
import { NON_FINITE, nllLimit, PERPLEXITY, RELATIVE_ERROR } from './defaults.ts'
import { type Finding, failed, inconclusive, settle } from './finding.ts'
import { type NllSummary, summarise, type Window } from './nll.ts'
import { type CasePair, comparableCase, comparableTensors, pairCases } from './pairing.ts'
import { isFloat } from './value-at.ts'
import { caseLabel, placeOf, say, sayList, sayMeasured } from './wording.ts'

const NAME = 'perplexity'
const KIND = 'perplexity'

/** A probability is at most 1; a log-sum in fp32 may round past it. */
const LOWEST_NLL = -1e-5

/** Cases `perplexity.*`, output `nll` [1, tokens - 1]: a window's negative log-likelihood per predicted token, in nats. */
export const perplexity: Check = {
  name: NAME,
  summary: 'perplexity over all windows of a text is within 0.5 of the reference',
  kinds: [KIND],

  judge: againstReference(NAME, KIND, (reference, device, context) => {
    const limit = nllLimit(RELATIVE_ERROR[context.precision])
    const pairs = pairCases(KIND, reference.outputs, device).map(pair => judgeWindow(pair, limit))
    // A window that cannot be judged hides nothing of the others.
    const judged = pairs.filter(({ judgement }) => judgement.result.status !== 'inconclusive')
    const windows = judged.flatMap(({ window }) => window ?? [])
    const summary = summarise(windows)
    return conclude({
      name: NAME,
      reference: reference.name,
      judgements: pairs.map(({ judgement }) => judgement),
      metrics: {
        ...summary,
        nllRelative: worstWindow(windows),
        nonFinite: count(windows, value => !Number.isFinite(value)),
      },
      thresholds: { perplexityDifference: PERPLEXITY, nllRelative: limit, nonFinite: NON_FINITE },
      smallestDrop: summary?.smallestDrop ?? null,
      findings: summary === null ? [] : wholeFindings(summary),
    })
  }),
}

function judgeWindow(pair: CasePair, limit: Threshold): { judgement: CaseJudgement; window: Window | null } {
  const { id } = pair
  const broken = (findings: readonly Finding[]) => ({ judgement: unmeasured(id, findings), window: null })
  const sides = comparableCase(pair)
  if (sides.reference === null) return broken(sides.findings)
  const tensors = comparableTensors(id, 'nll', sides.reference.outputs['nll'], sides.device.outputs['nll'])
  if ('status' in tensors) return broken([...sides.findings, tensors])
  const { type, shape } = tensors.reference
  if (!isFloat(type)) return broken([...sides.findings, inconclusive(`nll of ${caseLabel(id)} is ${type}`)])
  const window = { id, reference: toFloat32(tensors.reference), device: toFloat32(tensors.device) }
  const findings = [...sides.findings, ...valueFindings(window, shape), ...tokenFindings(window, limit)]
  const { reference, device } = window
  const elements = compareElements(reference, device)
  const impossible = firstImpossible(window)
  const at = impossible >= 0 ? impossible : elements.worstIndex
  const judgement: CaseJudgement = {
    result: { id, ...settle(findings), metrics: jsonNumbers({ ...summarise([window]) }), details: {} },
    samples: reference.length,
    worst: at < 0 ? null : worstElement(window, at, shape),
    severity: impossible >= 0 ? Number.POSITIVE_INFINITY : elements.maxAbs,
    histogram: elements.histogram,
  }
  return { judgement, window }
}

const isPossible = (nll: number): boolean => Number.isFinite(nll) && nll >= LOWEST_NLL

/** The first value of the device that is no likelihood where the reference's is. */
function firstImpossible({ reference, device }: Window): number {
  return device.findIndex((nll, i) => !isPossible(nll) && isPossible(reference[i] ?? Number.NaN))
}

function worstElement({ id, reference, device }: Window, at: number, shape: readonly number[]): WorstElement {
  const [r, d] = [reference[at] ?? Number.NaN, device[at] ?? Number.NaN]
  return { case: id, output: 'nll', index: placeOf(at, shape), reference: jsonNumber(r), device: jsonNumber(d) }
}

function valueFindings(window: Window, shape: readonly number[]): Finding[] {
  const { id, reference, device } = window
  const subject = `nll of ${caseLabel(id)}`
  const place = (at: number) => sayList(placeOf(at, shape))
  if (reference.length === 0) return [inconclusive(`${subject} is empty`)]
  const findings: Finding[] = []
  const ours = reference.findIndex(nll => !isPossible(nll))
  const theirs = firstImpossible(window)
  if (theirs >= 0)
    findings.push(
      failed(
        `${subject} is ${say(device[theirs] ?? Number.NaN)} at ${place(theirs)} where the reference is ${say(reference[theirs] ?? Number.NaN)}`,
      ),
    )
  if (ours >= 0)
    findings.push(
      inconclusive(`the reference itself is ${say(reference[ours] ?? Number.NaN)} at ${place(ours)} of ${subject}`),
    )
  return findings
}

/** A mean does not see tokens that change places. */
function tokenFindings(window: Window, { limit }: Threshold): Finding[] {
  const { nllRelative = Number.NaN } = summarise([window]) ?? {}
  // What is no number has been found already.
  if (Number.isNaN(nllRelative) || nllRelative <= limit) return []
  const subject = `nll of ${caseLabel(window.id)}`
  return [
    failed(
      `${subject} differs token by token by ${sayMeasured(nllRelative)} of the reference's RMS (limit ${say(limit)})`,
    ),
  ]
}

function wholeFindings(summary: NllSummary): Finding[] {
  const { perplexity, referencePerplexity, perplexityDifference, smallestDrop, tokens } = summary
  if (!(perplexityDifference <= PERPLEXITY.limit))
    return [
      failed(
        `perplexity is ${sayMeasured(perplexity)} where the reference's is ${sayMeasured(referencePerplexity)}, ` +
          `off by ${sayMeasured(perplexityDifference)} (limit ${say(PERPLEXITY.limit)})`,
      ),
    ]
  if (tokens < 2) return [inconclusive('a single token says nothing of perplexity')]
  if (smallestDrop > PERPLEXITY.limit)
    return [
      inconclusive(
        `${tokens} tokens could only have shown a change of perplexity by ${sayMeasured(smallestDrop)} (limit ${say(PERPLEXITY.limit)})`,
      ),
    ]
  return []
}

function worstWindow(windows: readonly Window[]): number {
  return windows.reduce((worst, window) => Math.max(worst, summarise([window])?.nllRelative ?? 0), 0)
}

function count(windows: readonly Window[], matches: (value: number) => boolean): number {
  return windows.reduce((sum, { device }) => sum + device.filter(matches).length, 0)
}
