/** The findings of a comparison in the order in which one reads them. */
import { plural } from '../reporters/format.ts'
import type { ComparisonDocument, Finding, Gate } from './document.ts'
import { isTold } from './findings.ts'
import { sayShare } from './words.ts'

export interface Section {
  readonly title: string
  readonly findings: readonly Finding[]
}

const KINDS = [
  ['What is not alike', ['setting']],
  ['Verdicts', ['verdict', 'missing']],
  ['Speed', ['speed', 'figure']],
  ['Numbers', ['numerics', 'golden']],
] as const satisfies readonly (readonly [string, readonly Finding['kind'][]])[]

export function sectionsOf({ findings }: Pick<ComparisonDocument, 'findings'>): Section[] {
  return KINDS.map(([title, kinds]) => ({
    title,
    findings: findings.filter(({ kind }) => kinds.some(one => one === kind)),
  })).filter(({ findings }) => findings.length > 0)
}

/** The whole in one sentence. */
export function headline({ findings, units, outputs }: ComparisonDocument): string {
  const count = (change: Finding['change']) => findings.filter(finding => finding.change === change).length
  const [worse, better, unknown] = [count('worse'), count('better'), count('unknown')]
  if (units.length === 0 && outputs.length === 0) return 'The two have nothing in common, and nothing was compared.'
  const parts = [
    worse > 0 ? `worse in ${plural(worse, 'thing')}` : '',
    better > 0 ? `better in ${plural(better, 'thing')}` : '',
    unknown > 0 ? `${unknown} that cannot be told` : '',
  ].filter(part => part !== '')
  return parts.length === 0 ? 'Nothing shows that B is better or worse than A.' : `B against A: ${parts.join(', ')}.`
}

/** By chance alone, of so many comparisons at 5 %; said where there are enough to see one. */
export function byChance({ units }: Pick<ComparisonDocument, 'units'>): string | null {
  const tested = units
    .flatMap(unit => unit.points.flatMap(point => point.metrics))
    .filter(metric => metric.p !== null && isTold(metric)).length
  return tested < 10
    ? null
    : `${tested} metrics were compared, each at 5 %: one in twenty differs by chance alone, so look for those that differ together.`
}

/** What fails: `fails on a regression of more than 5.0 %`. */
export function sayGate({ failOn, by }: Pick<Gate, 'failOn' | 'by'>): string {
  const says = {
    regression: `a regression, of a metric by more than ${sayShare(by)}`,
    inconclusive: 'what cannot be told',
  }
  return `fails on ${failOn.map(kind => says[kind]).join(', and on ')}`
}
