/** A plan's run from its first look around to its exit code: what `run`, `parity` and `bench` share. */
import { randomBytes } from 'node:crypto'
import { openModel } from '../../build/model.ts'
import { resolveDevices } from '../../plan/resolve.ts'
import type { Plan } from '../../plan/schema.ts'
import { unitsOf } from '../../plan/units.ts'
import type { DeviceDescription } from '../../protocol/messages.ts'
import { describeHost } from '../../runner/host.ts'
import { checkPlan } from '../../runner/preflight.ts'
import type { DeviceId } from '../../words.ts'
import type { Context } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { withStore } from '../store.ts'
import { conduct, type Job, prepare, type RunSettings } from './conduct.ts'
import { interruptibly } from './interrupt.ts'

/** Runs a plan. Throws AssayError before anything is written where the request is wrong. */
export async function executePlan(job: Job, settings: RunSettings, context: Context): Promise<number> {
  return interruptibly(context.output.note, async signal => {
    const { plan, source, path, base } = job
    const here = await prepare(job, settings, context)
    const ids = resolveDevices(plan.devices, here.found)
    const leftOut = here.found.devices.filter(({ id }) => plan.devices === 'all' && !ids.includes(id))
    for (const { id, name } of leftOut) context.output.note(`left out: ${id}, ${name}; --device ${id} runs on it`)
    checkPlan(plan, base, here.discovered, context.home)
    const units = unitsOf(plan, ids, model => openModel(model, base, context.home).kind)
    if (signal.aborted) return EXIT.interrupted
    const run = newRunId()
    return withStore(context, store =>
      conduct({ run, job, here, units, attempts: new Map() }, store, settings, context, signal, recording =>
        recording.emit({
          type: 'run-started',
          run,
          plan: plan.name,
          planSource: source,
          ...(path === null ? {} : { planPath: path }),
          host: describeHost(),
          reference: plan.reference,
          devices: takingPart(plan, ids, here.found.devices),
          units: units.map(({ header }) => header),
        }),
      ),
    )
  })
}

/** Short enough to type, long enough never to meet another: 40 bits. */
function newRunId(): string {
  return randomBytes(5).toString('hex')
}

/** The devices under test, as far as they are here, and the reference. */
function takingPart(
  { reference }: Plan,
  ids: readonly DeviceId[],
  all: readonly DeviceDescription[],
): DeviceDescription[] {
  const under = ids.flatMap(id => all.filter(device => device.id === id))
  return [...under, ...all.filter(({ id }) => id === reference.device && !ids.includes(id))]
}
