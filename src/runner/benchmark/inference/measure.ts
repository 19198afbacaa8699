/** One batch size: warmed up and timed inside the worker, then, where there are files, from those to the outputs. */
import type { InferenceSettings } from '../../../plan/benchmarks.ts'
import type { NamedTensors } from '../../../tensor.ts'
import type { Session } from '../../session.ts'
import { warmUp } from '../warm-up.ts'
import { timePipeline } from './pipeline.ts'
import { auditedRows, rowsOf } from './rows.ts'
import type { InferenceSubject } from './subject.ts'
import type { TimedInference } from './timed.ts'

export type Timing = Pick<InferenceSettings, 'repetitions' | 'budgetMs' | 'pipeline'>

/**
 * Times one batch. Throws what the session throws.
 * @param tell - what is being done
 */
export async function measureBatch(
  session: Pick<Session, 'measure' | 'run'>,
  batch: number,
  { pixels, read }: Pick<InferenceSubject, 'pixels' | 'read'>,
  { repetitions, budgetMs, pipeline }: Timing,
  tell: (doing: string) => void,
): Promise<TimedInference> {
  tell('preparing images')
  const inputs = await pixels(batch)
  const call = { workload: 'forward', newTokens: 0 } as const
  const rows = auditedRows(batch)
  tell('warming up')
  let before: NamedTensors = {}
  await warmUp(async rounds => {
    const { result, tensors } = await session.measure(inputs, { ...call, ...rounds })
    before = rowsOf(tensors, batch, rows)
    return result.forwardMs
  }, budgetMs)
  tell('measuring')
  const { result, tensors } = await session.measure(inputs, { ...call, warmup: 0, repetitions, budgetMs })
  const timed = {
    kind: 'timed',
    point: { batch },
    forwardMs: result.forwardMs,
    kept: { inputs: rowsOf(inputs, batch, rows), outputs: rowsOf(tensors, batch, rows) },
    before,
    peakMemoryBytes: result.peakMemoryBytes,
  } as const
  if (!pipeline || read === null) return { ...timed, pipeline: null }
  tell('measuring from files to outputs')
  return { ...timed, pipeline: await timePipeline(session, batch, read, budgetMs) }
}
