/** Devices that a plan names against those that are here. Pure. */
import { AssayError } from '../errors.ts'
import type { DeviceDescription } from '../protocol/messages.ts'
import type { DeviceId } from '../words.ts'
import { nearest } from './nearest.ts'
import type { Plan } from './schema.ts'

/** An engine that could not be asked, and why. */
export interface EngineProblem {
  readonly engine: string
  readonly message: string
  /** Whether what it stands on is not installed here, which is nobody's fault: what asks for it is skipped. */
  readonly isAbsent: boolean
}

/** What is on this machine. */
export interface Found {
  readonly devices: readonly DeviceDescription[]
  /** The engines that Assay or the plan knows, whether they work or not. */
  readonly engines: readonly string[]
  readonly problems: readonly EngineProblem[]
}

/** Whether a device is a program that plays a GPU, as its engine says: it proves nothing of hardware, and takes minutes. */
function isEmulated({ properties }: DeviceDescription): boolean {
  return properties['software'] === 'true'
}

/**
 * The devices to run on, in the plan's order; `all` is every device found, save emulated ones where there are others. One that
 * is named and whose engine is absent is among them: its units are skipped.
 * @throws AssayError `device-unknown` for an engine that nobody knows; `device-unavailable` for a device that its engine
 * does not offer here, or where there is no device at all
 */
export function resolveDevices(asked: Plan['devices'], found: Found): DeviceId[] {
  if (asked !== 'all') return asked.map(id => (isAbsent(id, found) ? id : resolveDevice(id, found).id))
  const real = found.devices.filter(device => !isEmulated(device))
  if (real.length > 0) return real.map(({ id }) => id)
  if (found.devices.length > 0) return found.devices.map(({ id }) => id)
  throw new AssayError('device-unavailable', 'no device was found here', {
    hint: problemsOf(found) ?? listEngines(found),
  })
}

function isAbsent(id: string, { problems }: Found): boolean {
  return problems.some(problem => problem.isAbsent && problem.engine === engineOf(id))
}

function engineOf(id: string): string {
  return id.split(':', 1)[0] ?? id
}

/** One device by its name. Throws as `resolveDevices`. */
export function resolveDevice(id: string, found: Found): DeviceDescription {
  const device = found.devices.find(candidate => candidate.id === id)
  if (device !== undefined) return device
  const engine = engineOf(id)
  const meant = nearest(
    id,
    found.devices.map(candidate => candidate.id),
  )
  const suggestion = meant === null ? '' : `did you mean ${meant}? `
  if (!found.engines.includes(engine))
    throw new AssayError('device-unknown', `there is no engine '${engine}' for device ${id}`, {
      hint: `${suggestion}${listEngines(found)}; a plan can add engines of its own`,
    })
  const problem = found.problems.find(candidate => candidate.engine === engine)
  throw new AssayError(
    'device-unavailable',
    problem === undefined
      ? `engine '${engine}' has no device ${id} here`
      : `device ${id} cannot be used, since its engine could not be started: ${problem.message}`,
    { hint: `${suggestion}${listDevices(found)}` },
  )
}

/** Settings for an engine that does not exist would be silently without effect. Throws AssayError `device-unknown`. */
export function checkOptions(plan: Plan, { engines }: Pick<Found, 'engines'>): void {
  for (const engine of Object.keys(plan.options)) {
    if (engines.includes(engine)) continue
    const meant = nearest(engine, engines)
    throw new AssayError('device-unknown', `the plan has options for an engine '${engine}', which does not exist`, {
      where: `options.${engine}`,
      hint: `${meant === null ? '' : `did you mean ${meant}? `}engines: ${engines.join(', ')}`,
    })
  }
}

function listDevices({ devices }: Found): string {
  return devices.length === 0 ? 'no device was found here' : `devices here: ${devices.map(({ id }) => id).join(', ')}`
}

function listEngines({ engines }: Found): string {
  return engines.length === 0 ? 'no engine is known' : `engines: ${engines.join(', ')}`
}

function problemsOf({ problems }: Found): string | null {
  return problems.length === 0 ? null : problems.map(({ engine, message }) => `${engine}: ${message}`).join('; ')
}
