import type { Check } from '../../checks/index.ts'
import type { Plan } from '../../plan/schema.ts'
import { caseKinds, type Head, kindsOfHead } from '../../workloads/vision/index.ts'
import { askedChecks } from '../unit-parts.ts'

/** It looks at logits as a vision model has them, but tells of prompts. */
const OF_PROMPTS = 'ten-prompts'

/** The checks that the plan asks for and that say something of such a model: all that they look at is a vision model's. */
export function suitingChecks(plan: Plan, head: Head): Check[] {
  const known: readonly string[] = caseKinds
  return askedChecks(plan, kindsOfHead[head]).filter(
    ({ name, kinds }) => name !== OF_PROMPTS && kinds.every(kind => known.includes(kind)),
  )
}
