import { combine } from '../events/verdict.ts'
import type { Status } from '../words.ts'

/** Something about a case that keeps it from passing. */
export interface Finding {
  readonly status: 'fail' | 'inconclusive'
  /** One plain sentence without its full stop. */
  readonly reason: string
}

export const failed = (reason: string): Finding => ({ status: 'fail', reason })
export const inconclusive = (reason: string): Finding => ({ status: 'inconclusive', reason })

/** The verdict of a case from what was found: the worst status, and the first finding that has it. */
export function settle(findings: readonly Finding[]): { status: Status; reason: string | null } {
  const status = combine(['pass', ...findings.map(finding => finding.status)])
  return { status, reason: findings.find(finding => finding.status === status)?.reason ?? null }
}
