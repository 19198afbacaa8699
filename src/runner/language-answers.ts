/** How a reference answers a language model's workload. */
import { goldenOutputs, type LlmWorkload, referenceCases, workloadOfGolden } from '../workloads/llm/index.ts'
import { type Observer, observe } from './observe.ts'
import type { Answering } from './reference.ts'

export function languageAnswers(workload: LlmWorkload, onCase: Observer): Answering<LlmWorkload> {
  const cases = referenceCases(workload)
  return {
    workload,
    key: cases.length === 0 ? null : [cases, workload.stop],
    ofGolden(golden) {
      const ofGolden = workloadOfGolden(workload, golden)
      return { workload: ofGolden, outputs: goldenOutputs(ofGolden, golden) }
    },
    observe: session => observe(session, workload, cases, { again: false }, onCase),
  }
}
