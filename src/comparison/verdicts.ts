/** Whether a verdict got better or worse. */
import type { Status } from '../words.ts'
import type { Verdicts } from './document.ts'

/** Later is worse. What passed and now is skipped is no longer judged, which is worse. */
const WORSE: readonly Status[] = ['pass', 'skip', 'inconclusive', 'fail', 'error']

interface Judged {
  readonly status: Status
  readonly reason: string | null
}

/** Both verdicts of a part; undefined where a side has no such part. */
export function compareVerdicts(a: Judged | undefined, b: Judged | undefined): Verdicts {
  const both = { a: a?.status ?? null, b: b?.status ?? null, reason: b?.reason ?? null }
  if (a === undefined) return { ...both, change: 'new' }
  if (b === undefined) return { ...both, change: 'vanished' }
  const step = WORSE.indexOf(b.status) - WORSE.indexOf(a.status)
  return { ...both, change: step === 0 ? 'same' : step > 0 ? 'worse' : 'better' }
}
