/** What a device is judged against: a golden, or what the reference device gave, captured once and kept by content hash. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { LanguageModel } from '../build/model.ts'
import type { Reference } from '../checks/index.ts'
import { checkGoldenMatches, readGolden, writeGolden } from '../goldens/golden.ts'
import { describeProducer, type Producer } from '../goldens/producer.ts'
import type { Precision } from '../words.ts'
import { goldenOutputs, type LlmWorkload, referenceCases, workloadOfGolden } from '../workloads/llm/index.ts'
import type { FoundDevice } from './discovery.ts'
import { loadableFor } from './loadable.ts'
import { type Observer, observe } from './observe.ts'
import { type RunContext, sessionLimits } from './request.ts'
import { Session } from './session.ts'

/** What a capture holds; grows with it, so that an older one is made again. 2: what else was likely. */
const CAPTURED = 2

/** What made a reference. */
export interface Origin {
  readonly producer: Producer
  readonly precision: Precision
}

/** The reference of a unit, and the workload with the cases that it has. */
export interface Judged {
  readonly reference: Reference | null
  /** Null where there is none. */
  readonly origin: Origin | null
  /** Why there is none. */
  readonly noReference: string | null
  readonly workload: LlmWorkload
}

/** Whether a device at a precision is what the plan calls right. */
export function isReference(context: RunContext, device: string, precision: string): boolean {
  return context.plan.reference.device === device && context.plan.reference.precision === precision
}

/** A golden in place of a reference. Throws AssayError('golden-mismatch') where it is of another model. */
function judgedByGolden(path: string, model: LanguageModel, workload: LlmWorkload): Judged {
  const golden = readGolden(path)
  checkGoldenMatches(golden, model)
  const ofGolden = workloadOfGolden(workload, golden.outputs)
  return {
    reference: {
      name: `golden of ${describeProducer(golden.producer)}, ${golden.precision}`,
      outputs: goldenOutputs(ofGolden, golden.outputs),
    },
    origin: { producer: golden.producer, precision: golden.precision },
    noReference: null,
    workload: ofGolden,
  }
}

/** Finds, or captures, what a unit is judged against. */
export async function judgedBy(
  context: RunContext,
  model: LanguageModel,
  workload: LlmWorkload,
  unit: { readonly device: string; readonly precision: string; readonly golden: string | undefined },
  onCase: Observer,
): Promise<Judged> {
  if (unit.golden !== undefined) return judgedByGolden(resolve(context.base, unit.golden), model, workload)
  if (referenceCases(workload).length === 0)
    return { reference: null, origin: null, noReference: 'no case here is judged by a reference', workload }
  if (!isReference(context, unit.device, unit.precision)) {
    const { origin, ...reference } = await capturedReference(context, model, workload, onCase)
    return { reference, origin, noReference: null, workload }
  }
  const [shipped] = model.goldens
  if (shipped !== undefined) return judgedByGolden(shipped, model, workload)
  return {
    reference: null,
    origin: null,
    noReference:
      `${unit.device} at ${unit.precision} is the reference itself, and comparing a device with itself proves nothing; ` +
      'a golden made by another framework can judge it (--golden FILE, docs/goldens.md)',
    workload,
  }
}

/** The device that the plan calls right. */
export function referenceDevice(context: RunContext): FoundDevice {
  const { device } = context.plan.reference
  const found = context.discovered.found.get(device)
  if (!found) throw new Error(`the reference ${device} is not here`)
  return found
}

/** Opens a session on the plan's reference device and precision. */
export async function openReference(context: RunContext, model: LanguageModel): Promise<Session> {
  const found = referenceDevice(context)
  const loadable = loadableFor(model, found, context.plan.reference.precision, context.plan.options, context.home)
  return Session.open(found.launch, loadable, sessionLimits(context.plan), context.signal)
}

async function capturedReference(
  context: RunContext,
  model: LanguageModel,
  workload: LlmWorkload,
  onCase: Observer,
): Promise<Reference & { readonly origin: Origin }> {
  const { device, precision } = context.plan.reference
  const cases = referenceCases(workload)
  const { versions, description } = referenceDevice(context)
  const key = createHash('sha256')
    .update(
      JSON.stringify([
        CAPTURED,
        model.fingerprint,
        device,
        precision,
        versions,
        description.properties,
        cases,
        workload.stop,
      ]),
    )
    .digest('hex')
    .slice(0, 32)
  const name = `${device} ${precision}`
  const [engine = ''] = device.split(':')
  const origin: Origin = { producer: { engine, device, versions: { ...versions } }, precision }
  const path = join(context.home, 'references', `${key}.safetensors`)
  if (existsSync(path)) return { name, origin, outputs: readGolden(path).outputs }
  const session = await openReference(context, model)
  try {
    const outputs = await observe(session, workload, cases, { again: false }, onCase)
    mkdirSync(join(context.home, 'references'), { recursive: true })
    writeGolden(path, { model: model.reference, fingerprint: model.fingerprint, ...origin, outputs })
    return { name, origin, outputs }
  } finally {
    await session.close()
  }
}
