/** The generation benchmark: batch sizes one after the other, each warmed up, timed inside the worker, and audited. */
import type { LanguageModel } from '../build/model.ts'
import type { BenchmarkPoint } from '../events/result.ts'
import { hasTrend, TREND_WINDOW } from '../metrics/index.ts'
import type { GenerationSettings } from '../plan/schema.ts'
import { WorkerError } from '../protocol/failure.ts'
import { tokenTensor, toNumbers } from '../tensor.ts'
import { benchmarkPrompts } from '../workloads/llm/index.ts'
import { type Audit, auditTokens, type Timed } from './audit.ts'
import type { FoundDevice } from './discovery.ts'
import { isInterruption, onReference } from './outcome.ts'
import { pointFigures, pointMetrics, sampleValues, tokenLatency } from './point-metrics.ts'
import { openReference } from './reference.ts'
import type { UnitContext } from './request.ts'
import type { Session } from './session.ts'
import { judgeTargets } from './targets.ts'
import { activity } from './unit-parts.ts'

const NAME = 'generation'

/** What is measured. */
export interface Subject {
  readonly session: Session
  readonly model: LanguageModel
  readonly found: FoundDevice
  /** Tokens that the prompts are cut from. */
  readonly tokens: readonly number[]
  /** Whether the subject is the reference itself, and audited by its own untimed pass. */
  readonly isReference: boolean
}

type Attempt = Timed | { readonly batch: number; readonly status: 'error' | 'skip'; readonly reason: string }

/** Measures every batch size, audits the timed tokens, and tells each point. */
export async function benchmarkGeneration(
  context: UnitContext,
  settings: GenerationSettings,
  subject: Subject,
): Promise<void> {
  const attempts: Attempt[] = []
  for (const batch of settings.batch) attempts.push(await attemptBatch(context, settings, subject, batch))
  const timed = attempts.filter(attempt => 'samples' in attempt)
  const audits = timed.length > 0 ? await auditAll(context, settings, subject, timed) : new Map<number, Audit>()
  const points = attempts.map(attempt => pointOf(attempt, settings, subject, audits.get(attempt.batch)))
  for (const point of judgeTargets(points, settings.targets))
    context.emit({
      type: 'point-ended',
      unit: context.unit.header.id,
      attempt: context.attempt,
      benchmark: NAME,
      point,
    })
}

async function attemptBatch(
  context: UnitContext,
  settings: GenerationSettings,
  subject: Subject,
  batch: number,
): Promise<Attempt> {
  const { inputTokens, outputTokens } = settings
  const positions = subject.model.graph.maxPositions
  if (!subject.found.methods.includes('measure'))
    return { batch, status: 'skip', reason: `the engine ${subject.found.launch.engine} measures nothing` }
  if (inputTokens + outputTokens > positions)
    return {
      batch,
      status: 'skip',
      reason: `${inputTokens} + ${outputTokens} tokens are more than the model's ${positions} positions`,
    }
  try {
    return await measureBatch(context, settings, subject, batch)
  } catch (error) {
    // A worker that answers is alive: the batch did not fit, and the sweep goes on.
    if (error instanceof WorkerError && !isInterruption(error))
      return { batch, status: 'error', reason: `${error.code}: ${error.message}` }
    throw error
  }
}

async function measureBatch(
  context: UnitContext,
  settings: GenerationSettings,
  { session, tokens }: Subject,
  batch: number,
): Promise<Timed> {
  const { inputTokens, outputTokens, repetitions, budgetMs } = settings
  const prompts = benchmarkPrompts(tokens, batch, inputTokens)
  const inputs = { input_ids: tokenTensor(prompts) }
  const call = { workload: 'generate', newTokens: outputTokens } as const
  activity(context, `batch ${batch}: warming up`)
  await warmUp(options => session.measure(inputs, { ...call, ...options }), budgetMs)
  activity(context, `batch ${batch}: measuring`)
  const { result, tensors } = await session.measure(inputs, { ...call, warmup: 0, repetitions, budgetMs })
  for (const sample of result.generations)
    context.emit({
      type: 'sample',
      unit: context.unit.header.id,
      attempt: context.attempt,
      benchmark: NAME,
      batch,
      values: sampleValues(sample, batch, inputTokens),
    })
  return {
    batch,
    prompts,
    samples: result.generations,
    tokens: tensors['sequences'] ? toNumbers(tensors['sequences']) : [],
    peakMemoryBytes: result.peakMemoryBytes,
  }
}

/** Rounds of warm-up; a device may drift forever. */
const WARM_UP_ROUNDS = 3
const WARM_UP_SHARE = 0.1

/** One pass of the full shape, then passes until the last few no longer trend, within a share of the time of the benchmark. */
async function warmUp(
  measure: (options: { warmup: number; repetitions: number; budgetMs: number }) => ReturnType<Session['measure']>,
  budgetMs: number,
): Promise<void> {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    const { result } = await measure({
      warmup: round === 0 ? 1 : 0,
      repetitions: TREND_WINDOW,
      budgetMs: budgetMs * WARM_UP_SHARE,
    })
    const totals = result.generations.map(({ tokenMs }) => tokenMs.at(-1) ?? 0)
    if (totals.length < TREND_WINDOW || !hasTrend(totals)) return
  }
}

/** Judges the timed tokens: by the reference, or, for the reference itself, by its own untimed pass. */
async function auditAll(
  context: UnitContext,
  settings: GenerationSettings,
  subject: Subject,
  timed: readonly Timed[],
): Promise<Map<number, Audit>> {
  const tell = activity(context, 'auditing the timed tokens')
  const judge = subject.isReference ? subject.session : await onReference(openReference(context, subject.model))
  try {
    const audits = new Map<number, Audit>()
    for (const [index, point] of timed.entries()) {
      tell(index, timed.length)
      audits.set(point.batch, await auditTokens(judge, point, settings.outputTokens, context.unit.header.precision))
    }
    return audits
  } finally {
    if (!subject.isReference) await judge.close()
  }
}

function pointOf(
  attempt: Attempt,
  { inputTokens, outputTokens }: GenerationSettings,
  { found }: Subject,
  audit: Audit | undefined,
): BenchmarkPoint {
  const shape = { batch: attempt.batch, inputTokens, outputTokens }
  if (!('samples' in attempt))
    return {
      ...shape,
      status: attempt.status,
      reason: attempt.reason,
      metrics: {},
      figures: {},
      targets: [],
      audit: { status: 'skip', reason: 'nothing was timed', tokens: 0, disagreements: 0 },
      tokenLatencyMs: [],
    }
  const judged = audit ?? { status: 'skip', reason: 'not audited', tokens: 0, disagreements: 0 }
  return {
    ...shape,
    status: judged.status === 'fail' ? 'fail' : 'pass',
    reason: judged.status === 'fail' ? judged.reason : null,
    metrics: pointMetrics(attempt.samples, attempt.batch, inputTokens),
    figures: pointFigures(attempt.samples, attempt.peakMemoryBytes, found.description.memoryBytes),
    targets: [],
    audit: judged,
    tokenLatencyMs: tokenLatency(attempt.samples),
  }
}
