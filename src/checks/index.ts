/** Every check, by name, in the order of reports. A new check is one new file and one line here. */
import { accuracyParity } from './accuracy-parity.ts'
import { batchInvariance } from './batch-invariance.ts'
import type { Check } from './check.ts'
import { detectionParity } from './detection-parity.ts'
import { determinism } from './determinism.ts'
import { greedyAgreement } from './greedy-agreement.ts'
import { knownAnswers } from './known-answers.ts'
import { logitsParity } from './logits-parity.ts'
import { longContext } from './long-context.ts'
import { map } from './map.ts'
import { outputsParity } from './outputs-parity.ts'
import { padding } from './padding.ts'
import { perplexity } from './perplexity.ts'
import { prefillDecode } from './prefill-decode.ts'
import { rotary } from './rotary.ts'
import { slidingWindow } from './sliding-window.ts'
import { tenPrompts } from './ten-prompts.ts'

export const checks = {
  'outputs-parity': outputsParity,
  'logits-parity': logitsParity,
  'accuracy-parity': accuracyParity,
  'detection-parity': detectionParity,
  map,
  'known-answers': knownAnswers,
  'greedy-agreement': greedyAgreement,
  perplexity,
  'ten-prompts': tenPrompts,
  'long-context': longContext,
  'prefill-decode': prefillDecode,
  'batch-invariance': batchInvariance,
  padding,
  'sliding-window': slidingWindow,
  rotary,
  determinism,
} as const satisfies Readonly<Record<string, Check>>

export type CheckName = keyof typeof checks

export type { CaseOutputs, Check, CheckContext, Outputs, Reference } from './check.ts'
export { explainByType } from './shorter-type.ts'
