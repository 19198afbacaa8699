import type { LanguageModel } from '../../build/model.ts'
import { type LlmWorkload, randomWorkload, textWorkload } from './cases.ts'
import { limitsOf } from './limits.ts'
import { promptsFor } from './prompts.ts'
import { openTokenizer } from './tokenizer.ts'

/** The workload of a language model: its own or the plan's prompts and text, or random tokens where it has no tokenizer. */
export function workloadOf(
  model: LanguageModel,
  chosen: { readonly prompts?: string | undefined; readonly text?: string | undefined } = {},
  mostTflop?: number,
): LlmWorkload {
  const limits = limitsOf(model.graph, model.config, model.directory, mostTflop)
  const codec = model.directory === null ? null : openTokenizer(model.directory, limits.vocabulary)
  if (codec === null) return randomWorkload(limits)
  return textWorkload(promptsFor(model.directory, chosen), codec, limits)
}
