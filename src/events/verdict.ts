import type { Status } from '../words.ts'

/** Later is worse. A skip is neutral: it says nothing about what did run. */
const SEVERITY: readonly Status[] = ['skip', 'pass', 'inconclusive', 'fail', 'error']

/**
 * The verdict over several: the worst wins, and skips count only where everything was skipped. Over nothing it is
 * `inconclusive`, since what judged nothing proved nothing.
 */
export function combine(statuses: Iterable<Status>): Status {
  let worst = -1
  for (const status of statuses) worst = Math.max(worst, SEVERITY.indexOf(status))
  return SEVERITY[worst] ?? 'inconclusive'
}

/** One reason for several: that of the first of the worst, and the names of the others. Null where all passed. */
export function combineReasons(
  parts: readonly { readonly name: string; readonly status: Status; readonly reason: string | null }[],
): string | null {
  const worst = combine(parts.map(part => part.status))
  if (worst === 'pass') return null
  const [first, ...others] = parts.filter(part => part.status === worst)
  if (first === undefined) return 'nothing was judged'
  const more = others.length === 0 ? '' : `; also ${others.map(part => part.name).join(', ')}`
  return `${first.name}: ${first.reason ?? worst}${more}`
}
