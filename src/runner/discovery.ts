/** Which devices are here: every engine's worker is asked. */
import { resolve } from 'node:path'
import { engines as builtIn, engineCommand, isEngineName } from '../engines/index.ts'
import { startWorker } from '../host/index.ts'
import type { Plan } from '../plan/schema.ts'
import type { DeviceDescription, Result } from '../protocol/messages.ts'
import type { DeviceId } from '../words.ts'

/** How to start an engine's worker. */
export interface EngineLaunch {
  readonly engine: string
  readonly command: readonly string[]
  readonly stdio: boolean
}

/** A device with the worker that offers it. */
export interface FoundDevice {
  readonly description: DeviceDescription
  readonly launch: EngineLaunch
  readonly forms: Result<'hello'>['forms']
  readonly methods: readonly string[]
  readonly versions: Readonly<Record<string, string>>
}

export interface Discovered {
  readonly devices: readonly DeviceDescription[]
  readonly found: ReadonlyMap<DeviceId, FoundDevice>
  /** Engines that could not be asked, and why. */
  readonly problems: readonly { readonly engine: string; readonly message: string }[]
}

/** A command's first word is a path where it has a slash: relative to the plan. */
function placed(command: readonly string[], base: string): string[] {
  const [program = '', ...rest] = command
  return [program.includes('/') ? resolve(base, program) : program, ...rest]
}

/** Asks the built-in engines and those that a plan names. An engine that fails is a problem, not an exception. */
export async function discover(engines: Plan['engines'], base: string): Promise<Discovered> {
  const launches: EngineLaunch[] = [
    ...Object.keys(builtIn)
      .filter(isEngineName)
      .filter(name => !Object.hasOwn(engines, name))
      .map(engine => ({ engine, command: engineCommand(engine), stdio: false })),
    ...Object.entries(engines).map(([engine, { command, stdio }]) => ({
      engine,
      command: placed(command, base),
      stdio,
    })),
  ]
  const found = new Map<DeviceId, FoundDevice>()
  const problems: { engine: string; message: string }[] = []
  const answers = await Promise.allSettled(launches.map(greet))
  for (const [index, answer] of answers.entries()) {
    const launch = launches[index]
    if (!launch) continue
    if (answer.status === 'rejected') {
      const message = answer.reason instanceof Error ? answer.reason.message : String(answer.reason)
      problems.push({ engine: launch.engine, message })
      continue
    }
    const { devices, forms, methods, versions } = answer.value
    for (const description of devices) found.set(description.id, { description, launch, forms, methods, versions })
  }
  return { devices: Array.from(found.values(), ({ description }) => description), found, problems }
}

async function greet(launch: EngineLaunch): Promise<Result<'hello'>> {
  const worker = await startWorker({ engine: launch.engine, command: launch.command, stdio: launch.stdio })
  try {
    return worker.hello
  } finally {
    await worker.stop()
  }
}
