/** Which devices are here: every engine's worker is asked. */
import { resolve } from 'node:path'
import { engineCommand, engineNames } from '../engines/index.ts'
import { startWorker, WorkerFailure } from '../host/index.ts'
import type { EngineProblem } from '../plan/resolve.ts'
import type { Plan } from '../plan/schema.ts'
import { WorkerError } from '../protocol/failure.ts'
import type { DeviceDescription, Result } from '../protocol/messages.ts'
import type { DeviceId } from '../words.ts'
import { dialectOf } from './engine-options.ts'

/** How to start an engine's worker. */
export interface EngineLaunch {
  readonly engine: string
  readonly command: readonly string[]
  readonly stdio: boolean
}

/** A device with the worker that offers it. */
export interface FoundDevice {
  readonly description: DeviceDescription
  /** What its worker calls it: `ort:cpu` where the plan's engine `lab7` is an `ort`, and the device here `lab7:cpu`. */
  readonly ownId: DeviceId
  readonly launch: EngineLaunch
  readonly forms: Result<'hello'>['forms']
  /** Models of Assay's own that an engine which takes directories knows. */
  readonly modelTypes?: readonly string[] | undefined
  readonly methods: readonly string[]
  readonly versions: Readonly<Record<string, string>>
}

export interface Discovered {
  readonly devices: readonly DeviceDescription[]
  readonly found: ReadonlyMap<DeviceId, FoundDevice>
  /** Engines that could not be asked, and why. */
  readonly problems: readonly EngineProblem[]
}

/**
 * Asks the engines that come with Assay and those that a plan names. An engine that fails is a problem, not an exception.
 * @param wanted - the devices that will be used: no other engine is asked, since starting one may take seconds
 * @param options - the plan's, which may ask for graphs of another dialect than the device does
 */
export async function discover(
  engines: Plan['engines'],
  base: string,
  wanted: readonly DeviceId[] | 'all',
  options: Plan['options'] = {},
): Promise<Discovered> {
  const launches = launchesOf(engines, base).filter(
    ({ engine }) => wanted === 'all' || wanted.some(id => engineOf(id) === engine),
  )
  const found = new Map<DeviceId, FoundDevice>()
  const problems: EngineProblem[] = []
  const named = (engine: string) => (wanted === 'all' ? null : wanted.filter(id => engineOf(id) === engine))
  const answers = await Promise.allSettled(launches.map(launch => greet(launch, named(launch.engine))))
  for (const [index, answer] of answers.entries()) {
    const launch = launches[index]
    if (!launch) continue
    if (answer.status === 'rejected') {
      problems.push(problemOf(launch, answer.reason, Object.hasOwn(engines, launch.engine)))
      continue
    }
    const { devices, forms, modelTypes, methods, versions } = answer.value
    for (const device of devices) {
      const description = {
        ...device,
        id: idUnder(launch.engine, device.id),
        dialect: device.dialect && (dialectOf(options, launch.engine) ?? device.dialect),
      }
      found.set(description.id, { description, ownId: device.id, launch, forms, modelTypes, methods, versions })
    }
  }
  return { devices: Array.from(found.values(), ({ description }) => description), found, problems }
}

function launchesOf(engines: Plan['engines'], base: string): EngineLaunch[] {
  return [
    ...engineNames
      .filter(name => !Object.hasOwn(engines, name))
      .map(engine => ({ engine, command: engineCommand(engine), stdio: false })),
    ...Object.entries(engines).map(([engine, { command, stdio }]) => ({
      engine,
      command: placed(command, base),
      stdio,
    })),
  ]
}

/** A command's first word is a path where it has a slash: relative to the plan. */
function placed(command: readonly string[], base: string): string[] {
  const [program = '', ...rest] = command
  return [program.includes('/') ? resolve(base, program) : program, ...rest]
}

/** An engine need not look for devices that nobody named; where a named one is missing, all are asked for, to name them. */
async function greet(launch: EngineLaunch, named: readonly DeviceId[] | null): Promise<Result<'hello'>> {
  const hello = await helloOf(launch, named)
  const isMissing = named?.some(id => !hello.devices.some(device => idUnder(launch.engine, device.id) === id)) ?? false
  return isMissing ? helloOf(launch, null) : hello
}

async function helloOf(launch: EngineLaunch, devices: readonly DeviceId[] | null): Promise<Result<'hello'>> {
  const { engine, command, stdio } = launch
  const worker = await startWorker({ engine, command, stdio, ...(devices !== null && { devices }) })
  try {
    return worker.hello
  } finally {
    await worker.stop()
  }
}

/**
 * What kept an engine from answering. One that says itself that something is not there, or that comes with Assay and whose
 * interpreter is not there, is absent: no fault of anybody's.
 */
function problemOf({ engine, command }: EngineLaunch, error: unknown, isOfPlan: boolean): EngineProblem {
  if (error instanceof WorkerError && error.code === 'unsupported')
    return { engine, message: error.message, isAbsent: true }
  if (!isOfPlan && error instanceof WorkerFailure && error.kind === 'spawn')
    return {
      engine,
      message: `there is no ${command[0]} to run it: install Python, or name one with --python`,
      isAbsent: true,
    }
  return { engine, message: error instanceof Error ? messageOf(error) : String(error), isAbsent: false }
}

/** With the last line that a worker wrote, such as ssh's own words. */
function messageOf(error: Error): string {
  const lastWords = error instanceof WorkerFailure ? error.stderrTail.trim().split('\n').at(-1) : ''
  return lastWords ? `${error.message}; it wrote last: ${lastWords}` : error.message
}

/** A device's name under that of its engine here: its worker may have been given another, as one of two labs with the same engine. */
function idUnder(engine: string, ownId: DeviceId): DeviceId {
  return `${engine}${ownId.slice(engineOf(ownId).length)}`
}

/** `torch` of `torch:cuda:0`. */
function engineOf(id: DeviceId): string {
  return id.split(':', 1)[0] ?? id
}

/** Why a device is not among those found. */
export function whyMissing({ problems }: Discovered, id: DeviceId): string {
  return problems.find(({ engine }) => engine === engineOf(id))?.message ?? `${id} is not here`
}
