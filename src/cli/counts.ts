import type { ResultDocument } from '../events/result.ts'
import { STATUSES } from '../reporters/units.ts'

/** How the units of a run ended: `3 pass, 1 fail of 6`. */
export function countsOf(counts: ResultDocument['counts'], units: number): string {
  const ended = STATUSES.reduce((sum, status) => sum + counts[status], 0)
  const parts = STATUSES.filter(status => counts[status] > 0).map(status => `${counts[status]} ${status}`)
  if (parts.length === 0) return `0 of ${units}`
  return ended === units ? parts.join(', ') : `${parts.join(', ')} of ${units}`
}
