import type { Status } from '../words.ts'

/** Worst first. `skip` is neutral: it neither helps nor hurts what did run. */
const WORST_FIRST = ['error', 'fail', 'inconclusive', 'pass'] as const satisfies readonly Status[]

/** The verdict over several: the worst wins; `skip` where nothing ran. */
export function combine(statuses: Iterable<Status>): Status {
  const seen = new Set(statuses)
  return WORST_FIRST.find(status => seen.has(status)) ?? 'skip'
}

/** The process's exit code for a verdict. 2 (the request was wrong) and 130 (interrupted) are no verdicts. */
export function exitCode(verdict: Status): 0 | 1 | 3 {
  switch (verdict) {
    case 'pass':
    case 'skip':
      return 0
    case 'fail':
      return 1
    case 'error':
    case 'inconclusive':
      return 3
  }
}
