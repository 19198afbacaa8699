import type { CaseResult, CheckResult, ErrorHistogram, SideBySide, Threshold, WorstElement } from '../events/result.ts'
import { combine } from '../events/verdict.ts'
import type { Status } from '../words.ts'
import type { CheckContext, Reference } from './check.ts'
import { type Finding, settle } from './finding.ts'

/** A case as it was judged, with what the whole check needs of it. */
export interface CaseJudgement {
  readonly result: CaseResult
  /** Independent observations in it. */
  readonly samples: number
  readonly worst: WorstElement | null
  /** How bad `worst` is; the largest of all cases stands in the check's result. */
  readonly severity: number
  readonly histogram: ErrorHistogram | null
  /** Both sides token by token; absent where they do not differ, or have no tokens. */
  readonly show?: () => SideBySide
}

/** Cases of a check that are shown token by token. */
const SHOWN = 3
const WORST_FIRST: readonly Status[] = ['fail', 'inconclusive', 'pass']

/** The results of cases, the worst of those that can be shown with both sides token by token. */
export function shownCases(judgements: readonly CaseJudgement[]): CaseResult[] {
  const rank = ({ result }: CaseJudgement) => WORST_FIRST.indexOf(result.status)
  // Infinities do not subtract.
  const order = (a: CaseJudgement, b: CaseJudgement) =>
    rank(a) - rank(b) || Number(a.severity < b.severity) - Number(b.severity < a.severity)
  const worst = new Set(
    judgements
      .filter(({ show }) => show !== undefined)
      .toSorted(order)
      .slice(0, SHOWN),
  )
  return judgements.map(judgement => {
    const sideBySide = worst.has(judgement) ? judgement.show?.() : undefined
    return sideBySide === undefined ? judgement.result : { ...judgement.result, sideBySide }
  })
}

/** A case that could not be compared, or that has nothing to show but its findings. */
export function unmeasured(id: string, findings: readonly Finding[]): CaseJudgement {
  const result: CaseResult = { id, ...settle(findings), metrics: {}, details: {} }
  return { result, samples: 0, worst: null, severity: Number.NEGATIVE_INFINITY, histogram: null }
}

export interface Conclusion {
  readonly name: string
  readonly reference: string | null
  readonly judgements: readonly CaseJudgement[]
  /** Numbers over all cases. What JSON cannot say (NaN, infinities) becomes null. */
  readonly metrics: Readonly<Record<string, number>>
  readonly thresholds: Readonly<Record<string, Threshold>>
  /** In the unit of what is judged: see `smallest-drop.ts`. */
  readonly smallestDrop: number | null
  /** What was found over all cases together. */
  readonly findings?: readonly Finding[]
}

/** A check's result from its cases: the worst case's status, and the reason of the first case that has it. */
export function conclude(conclusion: Conclusion): CheckResult {
  const { name, reference, judgements, metrics, thresholds, smallestDrop, findings = [] } = conclusion
  const cases = shownCases(judgements)
  const whole = settle(findings)
  // Cases that the device refused are skips, and so is the check where there are no others.
  const status = combine([...cases.map(result => result.status), ...findings.map(finding => finding.status)])
  const worst = judgements
    .filter(judgement => judgement.worst !== null)
    .reduce<CaseJudgement | null>((a, b) => (a === null || b.severity > a.severity ? b : a), null)
  return {
    name,
    status,
    reason: reasonFor(status, cases, whole),
    reference,
    metrics: jsonNumbers(metrics),
    thresholds: { ...thresholds },
    samples: judgements.reduce((sum, judgement) => sum + judgement.samples, 0),
    smallestDrop: smallestDrop === null ? null : jsonNumber(smallestDrop),
    worst: worst?.worst ?? null,
    histogram: mergeHistograms(judgements.flatMap(judgement => judgement.histogram ?? [])),
    cases,
  }
}

function reasonFor(
  status: Status,
  cases: readonly CaseResult[],
  whole: { status: Status; reason: string | null },
): string | null {
  if (status === 'pass') return null
  const same = cases.filter(result => result.status === status)
  const first = same[0]?.reason
  if (first === undefined || first === null) return whole.reason
  const others = same.length - 1
  return others === 0 ? first : `${first} (and ${others} more ${others === 1 ? 'case' : 'cases'})`
}

/** A check that had nothing to judge, and why. */
export function skipped(name: string, reason: string, reference: Reference | null): CheckResult {
  return {
    name,
    status: 'skip',
    reason,
    reference: reference?.name ?? null,
    metrics: {},
    thresholds: {},
    samples: 0,
    smallestDrop: null,
    worst: null,
    histogram: null,
    cases: [],
  }
}

/** Why a check that needs a reference has none. */
export function withoutReference(name: string, context: CheckContext): CheckResult {
  return skipped(name, context.noReference ?? 'there is no reference to compare with', null)
}

/** JSON has no NaN and no infinities. */
export function jsonNumber(value: number): number | null {
  return Number.isFinite(value) ? value : null
}

export function jsonNumbers(metrics: Readonly<Record<string, number>>): Record<string, number | null> {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, jsonNumber(value)]))
}

/** One histogram over the elements of several. */
export function mergeHistograms(histograms: readonly ErrorHistogram[]): ErrorHistogram | null {
  if (histograms.length === 0) return null
  const bins = new Map<number, number>()
  for (const { exponents, counts } of histograms)
    for (const [i, exponent] of exponents.entries()) bins.set(exponent, (bins.get(exponent) ?? 0) + (counts[i] ?? 0))
  const used = [...bins.keys()]
  const lowest = Math.min(...used)
  const exponents =
    used.length === 0 ? [] : Array.from({ length: Math.max(...used) - lowest + 1 }, (_, i) => lowest + i)
  return {
    exponents,
    counts: exponents.map(exponent => bins.get(exponent) ?? 0),
    zeros: histograms.reduce((sum, histogram) => sum + histogram.zeros, 0),
  }
}
