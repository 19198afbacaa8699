/** A unit's checks, the worst first: measured values against thresholds, and the reasons below. */
import type { CheckResult } from '../../events/result.ts'
import type { Status } from '../../words.ts'
import { boundedMetrics } from '../bounded.ts'
import { formatCount, formatMeasured, formatThreshold, metricLabel } from '../format.ts'
import { sideBySidePart } from './side-by-side.ts'
import { signed } from './sign.ts'
import { bold, escapeMarkdown, type Inline, joined, markdownTable } from './text.ts'

const WORST_FIRST: readonly Status[] = ['error', 'fail', 'inconclusive', 'pass', 'skip']

export function checksPart(checks: readonly CheckResult[]): string[] {
  const sorted = checks.toSorted((a, b) => WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status))
  const table = markdownTable(
    [
      { head: 'check' },
      { head: 'metric' },
      { head: 'measured', isNumber: true },
      { head: 'threshold' },
      { head: 'samples', isNumber: true },
    ],
    sorted.flatMap(checkRows),
  )
  const reasons = sorted.flatMap(({ name, status, reason }) =>
    reason === null ? [] : [`- ${escapeMarkdown(signed(status, `${name}: ${reason}`))}`],
  )
  return [table ?? '', reasons.join('\n'), ...sorted.flatMap(sideBySidePart)].filter(part => part !== '')
}

function checkRows(check: CheckResult): Inline[][] {
  const { name, status, samples } = check
  const head = signed(status, name)
  const bounded = boundedMetrics(check).map(({ metric, value, threshold, isMet }, index): Inline[] => {
    const measured = formatMeasured(metric, value, threshold)
    return [
      index === 0 ? head : '',
      metricLabel(metric),
      isMet === false ? joined(bold(measured), ' ✗') : measured,
      formatThreshold(metric, threshold),
      index === 0 ? formatCount(samples) : '',
    ]
  })
  return bounded.length > 0 ? bounded : [[head, '', '', '', formatCount(samples)]]
}
