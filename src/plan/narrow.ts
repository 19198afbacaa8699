import { stringify } from 'yaml'
import type { DeviceId, Precision } from '../words.ts'
import type { Plan } from './schema.ts'

/** What a command line asks of a plan in place of what the plan says; null leaves it. */
export interface Narrowing {
  readonly models: readonly string[] | null
  readonly devices: readonly DeviceId[] | null
  readonly precisions: readonly Precision[] | null
}

/**
 * The plan with other models, devices or precisions. A model that the plan names keeps its golden, prompts and text;
 * asked-for precisions hold for every model, also for those that name their own.
 */
export function narrowPlan(plan: Plan, { models, devices, precisions }: Narrowing): Plan {
  const chosen = models?.map(model => plan.models.find(entry => entry.model === model) ?? { model }) ?? plan.models
  return {
    ...plan,
    models: precisions === null ? chosen : chosen.map(({ precisions: _, ...entry }) => entry),
    ...(devices === null ? {} : { devices: [...devices] }),
    ...(precisions === null ? {} : { precisions: [...precisions] }),
  }
}

/** A plan as YAML, from which `parsePlan` gives the same plan. */
export function formatPlan(plan: unknown): string {
  return stringify(plan, { aliasDuplicateObjects: false })
}
