/** What is on this machine for a plan, as the plan's own devices are looked up in it. */
import { engineNames } from '../../engines/index.ts'
import type { Found } from '../../plan/resolve.ts'
import type { Plan } from '../../plan/schema.ts'
import { type Discovered, discover } from '../../runner/discovery.ts'
import { otherVersion } from '../../runner/versions.ts'
import type { DeviceId } from '../../words.ts'
import type { Output } from '../output.ts'

export interface Here {
  readonly discovered: Discovered
  readonly found: Found
}

/**
 * Asks the engines that Assay has or the plan names, as far as they are wanted; says on standard error which could not be asked.
 * That something is not installed is no warning where nobody asked for it.
 */
export async function lookAround(
  own: Plan['engines'],
  base: string,
  wanted: readonly DeviceId[] | 'all',
  output: Output,
  options: Plan['options'] = {},
): Promise<Here> {
  const discovered = await discover(own, base, wanted, options)
  const { devices, problems } = discovered
  for (const { engine, message, isAbsent } of problems)
    if (!isAbsent) output.note(`warning: engine '${engine}' could not be asked: ${message}`)
  for (const remark of new Set(Array.from(discovered.found.values(), otherVersion)))
    if (remark !== null) output.note(`warning: ${remark}`)
  return {
    discovered,
    found: { devices, problems, engines: [...new Set([...engineNames, ...Object.keys(own)])] },
  }
}
