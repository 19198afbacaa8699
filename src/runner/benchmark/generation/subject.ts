/** What a benchmark measures, and what it costs to run. */
import type { LanguageModel } from '../../../build/model.ts'
import type { ModelCost } from '../../../metrics/index.ts'
import type { Precision } from '../../../words.ts'
import { costOf } from '../../../workloads/llm/index.ts'
import type { FoundDevice } from '../../discovery.ts'
import { footprintOf } from '../../loadable.ts'
import type { UnitWorker } from '../../unit-worker.ts'
import type { Memory } from '../memory.ts'
import type { MemoryCost } from './memory-need.ts'

export interface Subject {
  readonly worker: UnitWorker
  readonly model: LanguageModel
  readonly found: FoundDevice
  /** Tokens that the prompts are cut from. */
  readonly tokens: readonly number[]
  /** Whether the subject is the reference itself, and audited by its own untimed pass. */
  readonly isReference: boolean
  /** What the points have to fit in; null where that is not known. */
  readonly memory: Memory | null
}

export function costsOf(
  { worker, model, found }: Subject,
  precision: Precision,
): { readonly model: ModelCost; readonly memory: MemoryCost } {
  const { weightBytes, passBytes, slotBytes, logitsBytes } = footprintOf(model, found, precision)
  const cost = costOf(model.graph)
  return {
    model: { ...cost, passWeightBytes: passBytes, cacheBytesPerToken: slotBytes },
    memory: {
      loadedBytes: worker.latest.loaded.memoryBytes ?? weightBytes,
      slotBytes,
      logitsBytes,
      widestFeatures: cost.widestFeatures,
    },
  }
}
