/** Runs the cases of a language model's workload on a loaded model: its outputs by case, in the golden's words. */
import type { CaseOutputs, Outputs } from '../checks/index.ts'
import { nllOfTargets } from '../metrics/index.ts'
import { elementCount, type NamedTensors, type TensorData, tensorOf, toFloat32, tokenTensor } from '../tensor.ts'
import type { LlmCase, LlmWorkload } from '../workloads/llm/index.ts'
import type { Session } from './session.ts'

export type Observer = (done: number, total: number) => void

/** What a device gives beside what a reference does: the same call again, for determinism. */
export interface ObserveOptions {
  readonly again: boolean
}

/** The outputs of each case, in order. */
export async function observe(
  session: Session,
  workload: LlmWorkload,
  cases: readonly LlmCase[],
  { again }: ObserveOptions,
  onCase: Observer,
): Promise<Outputs> {
  const outputs = new Map<string, CaseOutputs>()
  for (const [index, item] of cases.entries()) {
    onCase(index, cases.length)
    const inputs = { input_ids: tokenTensor([item.tokens]) }
    outputs.set(item.id, { inputs, outputs: await observeCase(session, workload, item, inputs, again) })
  }
  return outputs
}

async function observeCase(
  session: Session,
  workload: LlmWorkload,
  item: LlmCase,
  inputs: { readonly input_ids: TensorData },
  again: boolean,
): Promise<NamedTensors> {
  switch (item.kind) {
    case 'logits': {
      const once = await session.run(inputs)
      if (!again) return once
      const twice = await session.run(inputs)
      return { ...once, ...Object.fromEntries(Object.entries(twice).map(([name, value]) => [`${name}_again`, value])) }
    }
    case 'generate':
      return greedy(
        await session.generate(inputs, { newTokens: item.newTokens, stop: [...workload.stop], logits: false }),
      )
    case 'perplexity':
      return likelihood(await session.run(inputs), item.tokens)
    case 'stepwise':
      return { ...(await session.run(inputs)), ...(await stepwise(session, item.tokens)) }
  }
}

/** The chosen tokens and, as `margins` [1, steps], the best logit minus the second best. */
function greedy({ sequences, top_logits: top }: NamedTensors): NamedTensors {
  if (!sequences || !top) return sequences ? { sequences } : {}
  const pairs = toFloat32(top)
  const margins = Float32Array.from(
    { length: pairs.length / 2 },
    (_, step) => (pairs[2 * step] ?? 0) - (pairs[2 * step + 1] ?? 0),
  )
  return { sequences, margins: tensorOf(sequences.shape, margins) }
}

/** `nll` [1, tokens - 1] of the text itself; the logits are too large to keep. */
function likelihood({ logits }: NamedTensors, tokens: readonly number[]): NamedTensors {
  if (!logits) return {}
  const [, positions = 0, vocabulary = 0] = logits.shape
  if (positions !== tokens.length || elementCount(logits.shape) !== positions * vocabulary) return { logits }
  const predicting = toFloat32(logits).subarray(0, (positions - 1) * vocabulary)
  const nll = Float32Array.from(nllOfTargets(predicting, Int32Array.from(tokens.slice(1)), vocabulary))
  return { nll: tensorOf([1, nll.length], nll) }
}

/** The logits of the same tokens fed one at a time through the cache, `logits_stepwise` [1, tokens, vocabulary]. */
async function stepwise(session: Session, tokens: readonly number[]): Promise<NamedTensors> {
  const [first = 0, ...rest] = tokens
  // The last forced token is never fed: there is no step after it.
  const forced = tokenTensor([[...rest, first]])
  const inputs = { input_ids: tokenTensor([[first]]), forced_ids: forced }
  const { logits } = await session.generate(inputs, { newTokens: tokens.length, stop: [], logits: true })
  return logits ? { logits_stepwise: logits } : {}
}
