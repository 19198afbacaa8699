/** The inference benchmark: images at every batch size, timed and audited, and held against the device's limits. */
import { BENCHMARKS } from '../../../benchmarks/index.ts'
import { shapeName } from '../../../events/shape.ts'
import type { InferenceSettings } from '../../../plan/benchmarks.ts'
import { batchesOf } from '../../../plan/grid.ts'
import { ceilingsOf } from '../../ceilings.ts'
import { onReference } from '../../outcome.ts'
import type { UnitContext } from '../../request.ts'
import { activity } from '../../unit-parts.ts'
import { type Attempt, type Batched, timed } from '../attempt.ts'
import { misfit } from '../memory.ts'
import { sweep } from '../sweep.ts'
import { judgeTargets } from '../targets.ts'
import { failed, skipped } from '../untimed.ts'
import { type Audit, auditOutputs } from './audit.ts'
import { measureBatch } from './measure.ts'
import { neededBytes } from './memory-need.ts'
import { sampleValues } from './metrics.ts'
import { pointOf } from './point.ts'
import type { InferenceSubject } from './subject.ts'
import type { TimedInference } from './timed.ts'

const NAME = 'inference'

/** Measures every batch size, audits the timed outputs, and tells each point. Leaves the worker without the model. */
export async function benchmarkInference(
  context: UnitContext,
  settings: InferenceSettings,
  subject: InferenceSubject,
): Promise<void> {
  const { unit, attempt, emit } = context
  const at = { unit: unit.header.id, attempt }
  const batches = batchesOf(settings.batch)
  const attempts = await sweep<TimedInference>(
    batches,
    batch => ({ batch }),
    (point, before) => tryBatch(context, settings, subject, point, before),
  )
  const measured = timed(attempts)
  const audits = measured.length > 0 ? await auditAll(context, subject, measured) : new Map<TimedInference, Audit>()
  const ceilings =
    measured.length > 0 ? await ceilingsOf(context, subject.found, subject.worker, batches.isToMemory) : null
  if (ceilings !== null) emit({ type: 'ceilings-measured', ...at, ceilings })
  const yardstick = {
    cost: subject.cost,
    ceilings: ceilings ?? { flopsPerSecond: null, bytesPerSecond: null },
    deviceMemoryBytes: subject.found.description.memoryBytes,
  }
  const points = attempts.map(each =>
    pointOf(subject.image, each, each.kind === 'timed' ? audits.get(each) : undefined, yardstick),
  )
  for (const point of judgeTargets(BENCHMARKS[NAME], points, settings.targets))
    emit({ type: 'point-ended', ...at, benchmark: NAME, point })
}

/** Refused where it cannot be, else measured. Throws only for an interruption, and for what is a bug. */
async function tryBatch(
  context: UnitContext,
  settings: InferenceSettings,
  subject: InferenceSubject,
  point: Batched,
  before: readonly TimedInference[],
): Promise<Attempt<TimedInference>> {
  const { worker, found, memory, cost, image } = subject
  if (!found.methods.includes('measure')) return skipped(point, `the engine ${found.launch.engine} measures nothing`)
  const loadedBytes = worker.latest.loaded.memoryBytes
  const room = {
    neededBytes: neededBytes(cost, loadedBytes, point.batch, before),
    availableBytes: memory?.bytes ?? null,
  }
  const tooLarge = misfit(room, memory)
  if (tooLarge !== null) return skipped(point, tooLarge, room)
  const tell = (doing: string) => activity(context, `${shapeName(NAME, image)}, batch ${point.batch}: ${doing}`)
  try {
    const made = await measureBatch(await worker.session(), point.batch, subject, settings, tell)
    tellSamples(context, image, made)
    return made
  } catch (error) {
    return failed(error, point, room)
  }
}

function tellSamples(
  { unit, attempt, emit }: UnitContext,
  image: InferenceSubject['image'],
  { point: { batch }, forwardMs }: TimedInference,
): void {
  const at = { unit: unit.header.id, attempt, benchmark: NAME, batch, shape: { ...image } }
  for (const ms of forwardMs) emit({ type: 'sample', ...at, values: sampleValues(ms, batch) })
}

/** Judges the timed outputs: by the reference, or, for the reference itself, by its own untimed pass. */
async function auditAll(
  context: UnitContext,
  subject: InferenceSubject,
  measured: readonly TimedInference[],
): Promise<ReadonlyMap<TimedInference, Audit>> {
  const tell = activity(context, 'auditing the timed outputs')
  const judge = subject.isReference ? await subject.worker.session() : await onReference(subject.openReference())
  try {
    const audits = new Map<TimedInference, Audit>()
    for (const [index, point] of measured.entries()) {
      tell(index, measured.length)
      audits.set(point, await auditOutputs(judge, point, context.unit.header.precision, subject.disagreement))
    }
    return audits
  } finally {
    if (!subject.isReference) await judge.close()
  }
}
