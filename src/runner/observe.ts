/** Runs the cases of a language model's workload on a loaded model: its outputs by case, in the golden's words. */
import type { CaseOutputs, Outputs } from '../checks/index.ts'
import { WorkerError } from '../protocol/failure.ts'
import { type NamedTensors, tokenTensor } from '../tensor.ts'
import { familyOf, type LlmCase, type LlmWorkload } from '../workloads/llm/index.ts'
import type { Session } from './session.ts'

export type Observer = (done: number, total: number) => void

/** What a device gives beside what a reference does: the same call again, for determinism. */
export interface ObserveOptions {
  readonly again: boolean
}

/** The outputs of each case, in order. */
export async function observe(
  session: Session,
  { stop }: Pick<LlmWorkload, 'stop'>,
  cases: readonly LlmCase[],
  { again }: ObserveOptions,
  onCase: Observer,
): Promise<Outputs> {
  const outputs = new Map<string, CaseOutputs>()
  for (const [index, item] of cases.entries()) {
    onCase(index, cases.length)
    const beside = Object.entries(item.beside ?? {}).map(([name, rows]) => [name, tokenTensor(rows)] as const)
    const inputs: NamedTensors = { input_ids: tokenTensor([item.tokens]), ...Object.fromEntries(beside) }
    outputs.set(item.id, { inputs, ...(await observeCase(session, item, inputs, { again, stop })) })
  }
  return outputs
}

async function observeCase(
  session: Session,
  item: LlmCase,
  inputs: NamedTensors,
  options: ObserveOptions & Pick<LlmWorkload, 'stop'>,
): Promise<Omit<CaseOutputs, 'inputs'>> {
  if (item.refused !== undefined) return { outputs: {}, refused: item.refused }
  const family = familyOf.get(item.kind)
  if (!family) throw new Error(`no family has the case ${item.id}`)
  try {
    return { outputs: await family.observe(session, item, inputs, options) }
  } catch (error) {
    // What the device is asked beyond what a reference answers, it may lack: that ends this case, and not the unit.
    const isLacking = family.ofGolden === null && error instanceof WorkerError && error.code === 'unsupported'
    if (isLacking) return { outputs: {}, refused: error.message }
    throw error
  }
}
