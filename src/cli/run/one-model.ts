/** A plan of one model, made from flags: `parity` and `bench` are nothing else. */
import { formatPlan } from '../../plan/narrow.ts'
import { parsePlan } from '../../plan/parse.ts'
import type { Job } from './conduct.ts'

/**
 * @param plan - what a plan file would say; keys that are null or undefined are left out
 * @throws AssayError `plan-invalid`
 */
export function jobFrom(plan: Readonly<Record<string, unknown>>, cwd: string): Job {
  const source = formatPlan(withoutNulls(plan))
  return { plan: parsePlan(source, 'command line'), source, path: null, base: cwd }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  const said = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined)
  return Object.fromEntries(said.map(([key, inner]) => [key, withoutNulls(inner)]))
}
