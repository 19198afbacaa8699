/** A failed check, computed again: a run keeps numbers and reasons, not the tensors that `assay repro` hands on. */
import { type Model, openModel } from '../build/model.ts'
import { type CheckName, checks, type Outputs } from '../checks/index.ts'
import { AssayError } from '../errors.ts'
import type { CheckResult } from '../events/result.ts'
import type { Golden } from '../goldens/golden.ts'
import type { Unit } from '../plan/units.ts'
import { runnerOf } from './categories/index.ts'
import { unsupported } from './loadable.ts'
import type { Origin } from './reference.ts'
import type { RunContext } from './request.ts'

export interface Reproduction {
  readonly model: Model
  /** As it was judged this time, on the cases that are handed on. */
  readonly check: CheckResult
  /** What was right; null for a check of a device with itself. */
  readonly reference: Golden | null
  /** What the device gave; null where it gave nothing. */
  readonly device: Golden | null
}

/** Outputs with what made them. */
interface Side extends Origin {
  readonly outputs: Outputs
}

/**
 * Computes reference and device again for the cases that failed.
 * Throws AssayError where the model is another one than `fingerprint` says, or the device cannot run it; and what
 * workers throw.
 */
export async function reproduce(
  context: RunContext,
  { header, entry }: Unit,
  failed: CheckResult & { readonly name: CheckName },
  fingerprint: string | null,
): Promise<Reproduction> {
  const { device, precision } = header
  const model = openModel(entry.model, context.base)
  if (fingerprint !== null && model.fingerprint !== fingerprint)
    throw new AssayError('golden-mismatch', 'the model is not the one that the run was made of: it has changed since', {
      where: entry.model,
      hint: `its fingerprint is ${model.fingerprint}, and was ${fingerprint}`,
    })
  const found = context.discovered.found.get(device)
  if (!found) throw new AssayError('device-unavailable', `${device} is not here`)
  const reason = unsupported(model, found, precision)
  if (reason !== null) throw new AssayError('device-unavailable', reason)

  const asked = { check: failed, concerned: concernedBy(failed) }
  const sides = await runnerOf(model).sides(context, { header, entry }, model, found, asked)
  const check = checks[failed.name].judge(sides.reference, sides.outputs, sides.context)
  const golden = (side: Side | null): Golden | null => {
    const given = new Map([...(side?.outputs ?? [])].filter(([, { outputs }]) => Object.keys(outputs).length > 0))
    if (side === null || given.size === 0) return null
    return { model: entry.model, fingerprint: model.fingerprint, ...side, outputs: given }
  }
  const { origin, reference } = sides
  const engine = found.launch.engine
  return {
    model,
    check,
    reference: golden(origin === null || reference === null ? null : { ...origin, outputs: reference.outputs }),
    device: golden({
      producer: { engine, device, versions: { ...found.versions } },
      precision,
      outputs: sides.outputs,
    }),
  }
}

/** Cases that failed; all of the check's where it failed as a whole; every case where it names none. */
function concernedBy({ cases }: CheckResult): (id: string) => boolean {
  const failed = cases.filter(({ status }) => status !== 'pass')
  const ids = new Set((failed.length > 0 ? failed : cases).map(({ id }) => id))
  return id => ids.size === 0 || ids.has(id)
}
