import type { Check } from '../../checks/index.ts'
import type { Plan } from '../../plan/schema.ts'
import { caseKinds, type Head, kindsOfHead } from '../../workloads/vision/index.ts'
import { askedChecks } from '../unit-parts.ts'

/** The checks that the plan asks for and that say something of such a model: all that they look at is a vision model's. */
export function suitingChecks(plan: Plan, head: Head): Check[] {
  const known: readonly string[] = caseKinds
  return askedChecks(plan, 'vision', kindsOfHead[head]).filter(({ kinds }) => kinds.every(kind => known.includes(kind)))
}
