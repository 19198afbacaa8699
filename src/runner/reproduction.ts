/** A failed check, computed again: a run keeps numbers and reasons, not the tensors that `assay repro` hands on. */
import { type Model, openModel } from '../build/model.ts'
import { type CheckContext, type CheckName, checks, type Outputs, type Reference } from '../checks/index.ts'
import { AssayError } from '../errors.ts'
import type { CheckResult } from '../events/result.ts'
import type { Golden } from '../goldens/golden.ts'
import type { Unit } from '../plan/units.ts'
import { workloadOf } from '../workloads/llm/index.ts'
import type { FoundDevice } from './discovery.ts'
import { loadableFor, unsupported } from './loadable.ts'
import { observe } from './observe.ts'
import { dataContext, expectedOf, observeData } from './onnx-unit.ts'
import { onReference } from './outcome.ts'
import { chosenPrompts } from './paths.ts'
import { judgedBy, type Origin } from './reference.ts'
import { type RunContext, sessionLimits } from './request.ts'
import { Session } from './session.ts'

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

interface Sides {
  readonly reference: Reference | null
  readonly origin: Origin | null
  readonly outputs: Outputs
  readonly context: CheckContext
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

  const concerned = concernedBy(failed)
  if (model.kind === 'vision') throw new AssayError('argument-invalid', 'a vision model has no reproduction yet')
  const sides = await (model.kind === 'llm'
    ? languageModelSides(context, { header, entry }, model, found, concerned, failed)
    : dataSides(context, { header, entry }, model, found, concerned))
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

async function languageModelSides(
  context: RunContext,
  { header, entry }: Unit,
  model: Model & { kind: 'llm' },
  found: FoundDevice,
  concerned: (id: string) => boolean,
  failed: CheckResult,
): Promise<Sides> {
  const { plan, base, home, signal } = context
  const { device, precision } = header
  const own = workloadOf(model, chosenPrompts(entry, base))
  const isSelfCheck = failed.reference === null && failed.name !== 'known-answers'
  const quiet = () => undefined
  const judged = isSelfCheck
    ? { reference: null, origin: null, workload: own, noReference: null }
    : await onReference(judgedBy(context, model, own, { device, precision, golden: entry.golden }, quiet))
  const { reference, origin, workload, noReference } = judged
  const cases = workload.cases.filter(({ id }) => concerned(id))
  // What a near tie is follows from the size of the reference's logits, which the greedy checks take from these cases.
  const isScale = (id: string) => id.startsWith('logits.') && cases.some(({ kind }) => kind === 'generate')
  const session = await Session.open(
    found.launch,
    loadableFor(model, found, precision, plan.options, home),
    sessionLimits(plan),
    signal,
  )
  try {
    const outputs = await observe(session, workload, cases, { again: isSelfCheck }, quiet)
    const kept = new Map([...(reference?.outputs ?? [])].filter(([id]) => concerned(id) || isScale(id)))
    const { decode, answers, absent, tokenText = null } = workload
    return {
      reference: reference === null ? null : { name: reference.name, outputs: kept },
      origin,
      outputs,
      context: { precision, noReference, decode, tokenText, answers, absent },
    }
  } finally {
    await session.close()
  }
}

async function dataSides(
  context: RunContext,
  { header, entry }: Unit,
  model: Model & { kind: 'onnx' },
  found: FoundDevice,
  concerned: (id: string) => boolean,
): Promise<Sides> {
  const { plan, base, home, signal } = context
  const { precision } = header
  const { reference, origin } = expectedOf(model, entry.golden, base)
  const outputs = new Map([...reference.outputs].filter(([id]) => concerned(id)))
  const loadable = loadableFor(model, found, precision, plan.options, home)
  const session = await Session.open(found.launch, loadable, sessionLimits(plan), signal)
  try {
    return {
      reference: { name: reference.name, outputs },
      origin,
      outputs: await observeData(session, outputs, () => undefined),
      context: dataContext(model),
    }
  } finally {
    await session.close()
  }
}
