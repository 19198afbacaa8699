/** One point of the generation benchmark: warmed up and timed inside the worker. */
import type { GenerationSettings } from '../../../plan/benchmarks.ts'
import { tokenTensor, toNumbers } from '../../../tensor.ts'
import { benchmarkPrompts } from '../../../workloads/llm/index.ts'
import type { Session } from '../../session.ts'
import { warmUp } from '../warm-up.ts'
import type { GenerationPoint, TimedGeneration } from './timed.ts'

export type Timing = Pick<GenerationSettings, 'repetitions' | 'budgetMs'>

/**
 * Times one point. Throws what the session throws.
 * @param tokens - that the prompts are cut from
 * @param tell - what is being done
 */
export async function measurePoint(
  session: Session,
  point: GenerationPoint,
  tokens: readonly number[],
  { repetitions, budgetMs }: Timing,
  tell: (doing: string) => void,
): Promise<TimedGeneration> {
  const { batch, inputTokens, outputTokens, prefillChunk } = point
  const prompts = benchmarkPrompts(tokens, batch, inputTokens)
  const inputs = { input_ids: tokenTensor(prompts) }
  const call = {
    workload: 'generate',
    newTokens: outputTokens,
    ...(prefillChunk === null ? {} : { prefillChunk }),
  } as const
  tell('warming up')
  await warmUp(async rounds => {
    const { result } = await session.measure(inputs, { ...call, ...rounds })
    return result.generations.map(({ tokenMs }) => tokenMs.at(-1) ?? 0)
  }, budgetMs)
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
