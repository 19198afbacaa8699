/** Runs a plan on devices with faults, through the real runner and real workers, and gives the result of its events. */
import { join } from 'node:path'
import { openModel } from '../../src/build/model.ts'
import { resultOf } from '../../src/events/document.ts'
import type { EventBody, RunEvent } from '../../src/events/event.ts'
import type { ResultDocument, UnitResult } from '../../src/events/result.ts'
import { Plan } from '../../src/plan/schema.ts'
import { unitsOf } from '../../src/plan/units.ts'
import { discover } from '../../src/runner/discovery.ts'
import { describeHost } from '../../src/runner/host.ts'
import { runUnits } from '../../src/runner/run.ts'
import type { DeviceId } from '../../src/words.ts'

const FAULTY = join(import.meta.dirname, 'fixtures', 'faulty.ts')

/** Engines of that name, each with the fault of its name: device `FAULT:cpu`. */
export function faulty(...faults: readonly string[]) {
  return Object.fromEntries(faults.map(fault => [fault, { command: [process.execPath, FAULTY, fault] }]))
}

export interface Conducted {
  readonly result: ResultDocument
  readonly events: readonly RunEvent[]
  /** The unit of a device; throws where it has not ended. */
  unit(device: string, precision?: string): UnitResult
}

export interface ConductOptions {
  readonly signal?: AbortSignal
  onEvent?(event: RunEvent): void
}

/** What `assay run` does with a plan, without its store and reporters. `home` keeps graphs and references between runs. */
export async function conduct(
  said: Readonly<Record<string, unknown>>,
  home: string,
  { signal = new AbortController().signal, onEvent }: ConductOptions = {},
): Promise<Conducted> {
  const plan = Plan.parse(said)
  const discovered = await discover(
    plan.engines,
    home,
    plan.devices === 'all' ? 'all' : [...plan.devices, plan.reference.device],
    plan.options,
  )
  const devices: readonly DeviceId[] =
    plan.devices === 'all'
      ? discovered.devices.map(({ id }) => id).filter(id => Object.hasOwn(plan.engines, id.split(':')[0] ?? ''))
      : plan.devices
  const units = unitsOf(plan, devices, model => openModel(model, home).kind)
  const events: RunEvent[] = []
  const emit = (body: EventBody) => {
    const event = { sequence: events.length + 1, timeMs: Date.now(), ...body }
    events.push(event)
    onEvent?.(event)
  }
  emit({
    type: 'run-started',
    run: 'test',
    plan: plan.name,
    planSource: '',
    host: describeHost(),
    reference: plan.reference,
    devices: [...discovered.devices],
    units: units.map(({ header }) => header),
  })
  await runUnits({ plan, base: home, units, attempts: new Map(), discovered, home, signal, emit })
  const result = resultOf(events)
  if (result === null) throw new Error('no events')
  return {
    result,
    events,
    unit(device, precision = 'fp32') {
      const found = result.units.find(unit => unit.device === device && unit.precision === precision)
      if (!found)
        throw new Error(`${device} ${precision} has not ended; problems: ${JSON.stringify(discovered.problems)}`)
      return found
    },
  }
}
