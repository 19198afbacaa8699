/** One point of a benchmark: refused where it cannot be, else measured; what goes wrong becomes its own result. */
import { shapeName } from '../../../events/shape.ts'
import type { UnitContext } from '../../request.ts'
import { activity } from '../../unit-parts.ts'
import type { Attempt } from '../attempt.ts'
import { misfit } from '../memory.ts'
import { failed, skipped } from '../untimed.ts'
import { measurePoint, type Timing } from './measure-point.ts'
import { type MemoryCost, neededBytes } from './memory-need.ts'
import { sampleValues } from './point-metrics.ts'
import type { Subject } from './subject.ts'
import { type GenerationPoint, shapeOf, type TimedGeneration } from './timed.ts'

export const NAME = 'generation'

interface Trial {
  readonly point: GenerationPoint
  /** What was timed of the same shape. */
  readonly before: readonly TimedGeneration[]
  readonly cost: MemoryCost
}

/** Throws only for an interruption, and for what is a bug. */
export async function tryPoint(
  context: UnitContext,
  timing: Timing,
  subject: Subject,
  { point, before, cost }: Trial,
): Promise<Attempt<TimedGeneration>> {
  const impossible = impossibility(point, subject)
  if (impossible !== null) return skipped(point, impossible)
  const room = { neededBytes: neededBytes(cost, point, before), availableBytes: subject.memory?.bytes ?? null }
  const tooLarge = misfit(room, subject.memory)
  if (tooLarge !== null) return skipped(point, tooLarge, room)
  const named = `${shapeName(NAME, shapeOf(point))}, batch ${point.batch}`
  const tell = (doing: string) => activity(context, `${named}: ${doing}`)
  try {
    const timed = await measurePoint(await subject.worker.session(), point, subject.tokens, timing, tell)
    tellSamples(context, timed)
    return timed
  } catch (error) {
    return failed(error, point, room)
  }
}

/** Why a point can be known not to run; null where it may. */
function impossibility({ inputTokens, outputTokens }: GenerationPoint, { found, model }: Subject): string | null {
  const positions = model.graph.maxPositions
  if (!found.methods.includes('measure')) return `the engine ${found.launch.engine} measures nothing`
  if (inputTokens + outputTokens > positions)
    return `${inputTokens} + ${outputTokens} tokens are more than the model's ${positions} positions`
  return null
}

function tellSamples({ unit, attempt, emit }: UnitContext, { point, samples }: TimedGeneration): void {
  const { batch } = point
  for (const sample of samples)
    emit({
      type: 'sample',
      unit: unit.header.id,
      attempt,
      benchmark: NAME,
      batch,
      shape: { ...shapeOf(point) },
      values: sampleValues(sample, batch, point.inputTokens),
    })
}
