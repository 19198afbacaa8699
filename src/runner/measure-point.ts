/** One point of the generation benchmark: warmed up and timed inside the worker. */
import { hasTrend, TREND_WINDOW } from '../metrics/index.ts'
import type { GenerationSettings } from '../plan/schema.ts'
import { tokenTensor, toNumbers } from '../tensor.ts'
import { benchmarkPrompts } from '../workloads/llm/index.ts'
import type { Point, Timed } from './attempt.ts'
import type { Session } from './session.ts'

export type Timing = Pick<GenerationSettings, 'repetitions' | 'budgetMs'>

/**
 * Times one point. Throws what the session throws.
 * @param tokens - that the prompts are cut from
 * @param tell - what is being done
 */
export async function measurePoint(
  session: Session,
  point: Point,
  tokens: readonly number[],
  { repetitions, budgetMs }: Timing,
  tell: (doing: string) => void,
): Promise<Timed> {
  const { batch, inputTokens, outputTokens, prefillChunk } = point
  const prompts = benchmarkPrompts(tokens, batch, inputTokens)
  const inputs = { input_ids: tokenTensor(prompts) }
  const call = {
    workload: 'generate',
    newTokens: outputTokens,
    ...(prefillChunk === null ? {} : { prefillChunk }),
  } as const
  tell('warming up')
  await warmUp(options => session.measure(inputs, { ...call, ...options }), budgetMs)
  tell('measuring')
  const { result, tensors } = await session.measure(inputs, { ...call, warmup: 0, repetitions, budgetMs })
  return {
    kind: 'timed',
    point,
    prompts,
    samples: result.generations,
    tokens: tensors['sequences'] ? toNumbers(tensors['sequences']) : [],
    peakMemoryBytes: result.peakMemoryBytes,
    prefillPassTokens: result.prefillChunk ?? null,
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
