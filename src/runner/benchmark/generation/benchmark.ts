/** The generation benchmark: every shape at every batch size, timed and audited, and held against the device's limits. */
import { BENCHMARKS } from '../../../benchmarks/index.ts'
import { byShape } from '../../../events/shape.ts'
import type { GenerationSettings } from '../../../plan/benchmarks.ts'
import { gridOf } from '../../../plan/grid.ts'
import { ceilingsOf } from '../../ceilings.ts'
import { onReference } from '../../outcome.ts'
import { openReference } from '../../reference.ts'
import type { UnitContext } from '../../request.ts'
import { activity } from '../../unit-parts.ts'
import { type Attempt, timed } from '../attempt.ts'
import { sweep } from '../sweep.ts'
import { judgeTargets } from '../targets.ts'
import { type Audit, auditTokens } from './audit.ts'
import { pointOf } from './point.ts'
import { costsOf, type Subject } from './subject.ts'
import type { TimedGeneration } from './timed.ts'
import { NAME, tryPoint } from './try-point.ts'

/** Measures every point, audits the timed tokens, and tells each point. Leaves the worker without the model. */
export async function benchmarkGeneration(
  context: UnitContext,
  settings: GenerationSettings,
  subject: Subject,
): Promise<void> {
  const { unit, attempt, emit } = context
  const at = { unit: unit.header.id, attempt }
  const grid = gridOf(settings)
  const costs = costsOf(subject, unit.header.precision)
  const attempts: Attempt<TimedGeneration>[] = []
  for (const shape of grid.shapes)
    attempts.push(
      ...(await sweep<TimedGeneration>(
        grid,
        batch => ({ ...shape, batch }),
        (point, before) => tryPoint(context, settings, subject, { point, before, cost: costs.memory }),
      )),
    )
  const measured = timed(attempts)
  const audits = measured.length > 0 ? await auditAll(context, subject, measured) : new Map<TimedGeneration, Audit>()
  const ceilings =
    measured.length > 0 ? await ceilingsOf(context, subject.found, subject.worker, grid.isToMemory) : null
  if (ceilings !== null) emit({ type: 'ceilings-measured', ...at, ceilings })
  const yardstick = {
    cost: costs.model,
    ceilings: ceilings ?? { flopsPerSecond: null, bytesPerSecond: null },
    deviceMemoryBytes: subject.found.description.memoryBytes,
  }
  const points = attempts.map(each => pointOf(each, each.kind === 'timed' ? audits.get(each) : undefined, yardstick))
  for (const { points: own } of byShape(points))
    for (const point of judgeTargets(BENCHMARKS.generation, own, settings.targets))
      emit({ type: 'point-ended', ...at, benchmark: NAME, point })
}

/** Judges the timed tokens: by the reference, or, for the reference itself, by its own untimed pass. */
async function auditAll(
  context: UnitContext,
  subject: Subject,
  measured: readonly TimedGeneration[],
): Promise<ReadonlyMap<TimedGeneration, Audit>> {
  const tell = activity(context, 'auditing the timed tokens')
  const judge = subject.isReference
    ? await subject.worker.session()
    : await onReference(openReference(context, subject.model))
  try {
    const audits = new Map<TimedGeneration, Audit>()
    for (const [index, point] of measured.entries()) {
      tell(index, measured.length)
      audits.set(point, await auditTokens(judge, point, context.unit.header.precision))
    }
    return audits
  } finally {
    if (!subject.isReference) await judge.close()
  }
}
