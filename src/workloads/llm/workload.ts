import type { LanguageModel } from '../../build/model.ts'
import { AssayError } from '../../errors.ts'
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
  if (codec === null) {
    if (chosen.prompts !== undefined)
      throw new AssayError('plan-invalid', 'the model has no tokenizer, so that its prompts cannot be read', {
        where: chosen.prompts,
        hint: 'put a tokenizer.json beside its config.json, or leave the prompts out: it is then asked with random tokens',
      })
    return randomWorkload(limits)
  }
  return textWorkload(promptsFor(model.directory, chosen), codec, limits)
}
