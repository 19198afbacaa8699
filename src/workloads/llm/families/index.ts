/** Every kind of case, by name. A new kind is one new file and one line here. */
import { batch } from './batch.ts'
import type { CaseFamily } from './family.ts'
import { generate } from './generate.ts'
import { logits } from './logits.ts'
import { longContext } from './long-context.ts'
import { padding } from './padding.ts'
import { perplexity } from './perplexity.ts'
import { rotary } from './rotary.ts'
import { stepwise } from './stepwise.ts'
import { window } from './window.ts'

const families = {
  logits,
  generate,
  perplexity,
  'long-context': longContext,
  stepwise,
  batch,
  padding,
  window,
  rotary,
} as const satisfies Readonly<Record<string, CaseFamily>>

/** The kinds in the order in which their cases are run. */
export const caseKinds: readonly string[] = Object.keys(families)

export const familyOf: ReadonlyMap<string, CaseFamily> = new Map(Object.entries(families))

export type { Asked, LlmCase, Material } from './family.ts'
