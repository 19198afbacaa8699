/** What is on this machine for a plan, as the plan's own devices are looked up in it. */
import { engines } from '../../engines/index.ts'
import type { Found } from '../../plan/resolve.ts'
import type { Plan } from '../../plan/schema.ts'
import { type Discovered, discover } from '../../runner/discovery.ts'
import type { Output } from '../output.ts'

export interface Here {
  readonly discovered: Discovered
  readonly found: Found
}

/** Asks every engine that Assay has or the plan names; says on standard error which could not be asked. */
export async function lookAround(own: Plan['engines'], base: string, output: Output): Promise<Here> {
  const discovered = await discover(own, base)
  const { devices, problems } = discovered
  for (const { engine, message } of problems) output.note(`warning: engine '${engine}' could not be asked: ${message}`)
  return {
    discovered,
    found: { devices, problems, engines: [...new Set([...Object.keys(engines), ...Object.keys(own)])] },
  }
}
