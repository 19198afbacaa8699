/** `assay golden capture`: what a device gives for a model's workload, as a golden to hand on. */
import { openModel } from '../build/model.ts'
import { AssayError } from '../errors.ts'
import { writeGolden } from '../goldens/golden.ts'
import { type Kept, keepPart } from '../goldens/partial.ts'
import { Plan } from '../plan/schema.ts'
import type { DeviceId, Precision } from '../words.ts'
import { referenceCases, workloadOf } from '../workloads/llm/index.ts'
import { callsOfCases } from './demand.ts'
import type { Discovered } from './discovery.ts'
import { loadableFor, unsupported } from './loadable.ts'
import { type Observer, observe } from './observe.ts'
import { chosenPrompts } from './paths.ts'
import { sessionLimits } from './request.ts'
import { noRoom } from './room.ts'
import { Session } from './session.ts'

export interface CaptureRequest {
  readonly model: string
  readonly device: DeviceId
  readonly precision: Precision
  readonly discovered: Discovered
  readonly base: string
  readonly home: string
  /** Where the golden goes. */
  readonly path: string
  readonly prompts?: string | undefined
  readonly text?: string | undefined
  /** What is kept of the logits. */
  readonly kept: Kept
  readonly signal: AbortSignal
  readonly onCase?: Observer
}

/** Writes the golden and tells how many cases it holds. Throws AssayError where the device cannot run the model. */
export async function captureGolden(request: CaptureRequest): Promise<{ readonly cases: number }> {
  const { model: reference, device: id, precision, discovered, base, home, signal } = request
  const model = openModel(reference, base, home)
  if (model.kind !== 'llm')
    throw new AssayError('argument-invalid', 'goldens are captured of language models', { where: reference })
  const found = discovered.found.get(id)
  if (!found) throw new AssayError('device-unavailable', `${id} is not here`)
  const reason = unsupported(model, found, precision)
  if (reason !== null) throw new AssayError('device-unavailable', reason)
  const plan = Plan.parse({ models: [reference] })
  const workload = workloadOf(
    model,
    chosenPrompts({ model: reference, prompts: request.prompts, text: request.text }, base),
  )
  const device = { found, precision, calls: callsOfCases(workload.cases) }
  const lacking = noRoom(model, { device, reference: null, isTogether: false }, plan.limits, home)
  if (lacking !== null) throw new AssayError('device-unavailable', lacking, { where: reference })
  const session = await Session.open(
    found.launch,
    loadableFor(model, found, precision, plan.options, home),
    sessionLimits(plan),
    signal,
  )
  try {
    const outputs = await observe(
      session,
      workload,
      referenceCases(workload),
      { again: false },
      request.onCase ?? (() => {}),
    )
    writeGolden(request.path, {
      model: reference,
      fingerprint: model.fingerprint,
      producer: { engine: found.launch.engine, device: id, versions: { ...found.versions } },
      precision,
      contents: model.contents,
      outputs: keepPart(outputs, request.kept),
    })
    return { cases: outputs.size }
  } finally {
    await session.close()
  }
}
