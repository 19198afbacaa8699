/** What a device is judged against: a golden, or what the reference device gave, captured once and kept by content hash. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { LanguageModel, VisionModel } from '../build/model.ts'
import type { Outputs, Reference } from '../checks/index.ts'
import { checkGoldenMatches, readGolden, writeGolden } from '../goldens/golden.ts'
import { describeProducer, type Producer } from '../goldens/producer.ts'
import type { Precision } from '../words.ts'
import type { FoundDevice } from './discovery.ts'
import { loadableFor } from './loadable.ts'
import { type RunContext, sessionLimits } from './request.ts'
import { Session } from './session.ts'

/** What a capture holds; grows with it, so that an older one is made again. 2: what else was likely. */
const CAPTURED = 2

/** A model that a reference can be asked about. */
type Traced = LanguageModel | VisionModel

/** What made a reference. */
export interface Origin {
  readonly producer: Producer
  readonly precision: Precision
}

/** A workload as a reference answers it; each category has its own. */
export interface Answering<W> {
  readonly workload: W
  /** What its answers depend on beside the model and the device; null where a reference answers no case of it. */
  readonly key: readonly unknown[] | null
  /** The workload on a golden's cases, and its outputs under their ids. */
  ofGolden(golden: Outputs): { readonly workload: W; readonly outputs: Outputs }
  /** What a loaded model gives for the cases that a reference answers. */
  observe(session: Session): Promise<Outputs>
}

/** The reference of a unit, and the workload with the cases that it has. */
export interface Judged<W> {
  readonly reference: Reference | null
  /** Null where there is none. */
  readonly origin: Origin | null
  /** Why there is none. */
  readonly noReference: string | null
  readonly workload: W
}

/** Whether a device at a precision is what the plan calls right. */
export function isReference(context: RunContext, device: string, precision: string): boolean {
  return context.plan.reference.device === device && context.plan.reference.precision === precision
}

/** A golden in place of a reference. Throws AssayError('golden-mismatch') where it is of another model. */
function judgedByGolden<W>(path: string, model: Traced, answering: Answering<W>): Judged<W> {
  const golden = readGolden(path)
  checkGoldenMatches(golden, model)
  const { workload, outputs } = answering.ofGolden(golden.outputs)
  return {
    reference: { name: `golden of ${describeProducer(golden.producer)}, ${golden.precision}`, outputs },
    origin: { producer: golden.producer, precision: golden.precision },
    noReference: null,
    workload,
  }
}

/** Finds, or captures, what a unit is judged against. */
export async function judgedBy<W>(
  context: RunContext,
  model: Traced,
  answering: Answering<W>,
  unit: { readonly device: string; readonly precision: string; readonly golden: string | undefined },
): Promise<Judged<W>> {
  const { workload, key } = answering
  if (unit.golden !== undefined) return judgedByGolden(resolve(context.base, unit.golden), model, answering)
  if (key === null)
    return { reference: null, origin: null, noReference: 'no case here is judged by a reference', workload }
  if (!isReference(context, unit.device, unit.precision)) {
    const { origin, ...reference } = await capturedReference(context, model, answering, key)
    return { reference, origin, noReference: null, workload }
  }
  const [shipped] = model.goldens
  if (shipped !== undefined) return judgedByGolden(shipped, model, answering)
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
export async function openReference(context: RunContext, model: Traced): Promise<Session> {
  const found = referenceDevice(context)
  const loadable = loadableFor(model, found, context.plan.reference.precision, context.plan.options, context.home)
  return Session.open(found.launch, loadable, sessionLimits(context.plan), context.signal)
}

async function capturedReference<W>(
  context: RunContext,
  model: Traced,
  { observe }: Answering<W>,
  key: readonly unknown[],
): Promise<Reference & { readonly origin: Origin }> {
  const { device, precision } = context.plan.reference
  const { versions, description } = referenceDevice(context)
  const hash = createHash('sha256')
    .update(JSON.stringify([CAPTURED, model.fingerprint, device, precision, versions, description.properties, ...key]))
    .digest('hex')
    .slice(0, 32)
  const name = `${device} ${precision}`
  const [engine = ''] = device.split(':')
  const origin: Origin = { producer: { engine, device, versions: { ...versions } }, precision }
  const path = join(context.home, 'references', `${hash}.safetensors`)
  if (existsSync(path)) return { name, origin, outputs: readGolden(path).outputs }
  const session = await openReference(context, model)
  try {
    const outputs = await observe(session)
    mkdirSync(join(context.home, 'references'), { recursive: true })
    writeGolden(path, { model: model.reference, fingerprint: model.fingerprint, ...origin, outputs })
    return { name, origin, outputs }
  } finally {
    await session.close()
  }
}
