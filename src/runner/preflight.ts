/** What can be known to be wrong before anything runs or is written. */
import { resolve } from 'node:path'
import { openModel } from '../build/model.ts'
import { checks } from '../checks/index.ts'
import { AssayError } from '../errors.ts'
import { checkGoldenMatches, readGolden } from '../goldens/golden.ts'
import type { ModelEntry, Plan } from '../plan/schema.ts'
import { runnerOf } from './categories/index.ts'
import type { Discovered } from './discovery.ts'

/** Throws AssayError for a reference that is not here, a model, golden, prompt file or text that cannot be used, an unknown check. */
export function checkPlan(plan: Plan, base: string, discovered: Discovered, home: string): void {
  const { device } = plan.reference
  if (!discovered.found.has(device))
    throw new AssayError('device-unavailable', `the reference ${device} is not here`, {
      hint: `devices here: ${[...discovered.found.keys()].join(', ') || 'none'}`,
    })
  if (plan.checks !== 'all') for (const name of plan.checks) checkName(name)
  for (const model of plan.models) checkModel(model, base, home)
}

function checkName(name: string): void {
  if (Object.hasOwn(checks, name)) return
  throw new AssayError('plan-invalid', `there is no check '${name}'`, {
    hint: `checks: ${Object.keys(checks).join(', ')}`,
  })
}

function checkModel(entry: ModelEntry, base: string, home: string): void {
  const model = openModel(entry.model, base, home)
  runnerOf(model).check(model, entry, base)
  if (entry.golden !== undefined) checkGoldenMatches(readGolden(resolve(base, entry.golden)), model)
}
