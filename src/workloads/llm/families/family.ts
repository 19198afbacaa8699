import type { CaseOutputs } from '../../../checks/index.ts'
import { type NamedTensors, toNumbers } from '../../../tensor.ts'
import type { LanguageModelLimits } from '../limits.ts'

/** What is asked of a model for one case. */
export interface Asked {
  /** What tells it from the other cases of its kind. */
  readonly name: string
  /** The row of `input_ids`. */
  readonly tokens: readonly number[]
  /** Further inputs, rows of whole numbers by name; recorded with the case. */
  readonly beside?: Readonly<Record<string, readonly (readonly number[])[]>>
  /** The most tokens that are generated; 0 where none are. */
  readonly newTokens?: number
  /** Why it is not run, where it would take too much: then it has no outputs. */
  readonly refused?: string
}

/** A case of a workload. Its outputs depend on nothing but what stands here. */
export interface LlmCase extends Omit<Asked, 'name'> {
  /** `KIND.NAME` */
  readonly id: string
  /** The name of its family. */
  readonly kind: string
  readonly newTokens: number
}

/** What cases are made of. */
export interface Material {
  /** Prompts that fit, with room for the new tokens. */
  readonly prompts: readonly { readonly id: string; readonly tokens: readonly number[] }[]
  /** Running text; random tokens where there is no tokenizer. */
  readonly text: readonly number[]
  /** The most tokens that a prompt is continued by. */
  readonly newTokens: number
  readonly limits: LanguageModelLimits
}

/** A loaded model, as cases ask it; tensors by name as in docs/protocol.md. */
export interface AskedModel {
  run(tensors: NamedTensors, logitsToKeep?: number): Promise<NamedTensors>
  generate(
    tensors: NamedTensors,
    options: { readonly newTokens: number; readonly stop: number[]; readonly logits: boolean },
  ): Promise<NamedTensors>
}

export interface ObserveOptions {
  /** Whether a call is made a second time, for determinism: of the device alone. */
  readonly again: boolean
  /** Tokens that end a generation. */
  readonly stop: readonly number[]
}

/** The cases of one kind: how they are made, and how a model is asked for their outputs. A check judges them. */
export interface CaseFamily {
  /** The cases for a model, or why there are none. */
  cases(material: Material): readonly Asked[] | string
  /** A case's outputs, in the golden's words. `inputs` are `input_ids` [1, tokens] and what stands beside it. */
  observe(model: AskedModel, item: LlmCase, inputs: NamedTensors, options: ObserveOptions): Promise<NamedTensors>
  /**
   * The case that a golden holds, or null where it holds none of this kind. Null in place of the function where a device is
   * compared with itself: then no reference is asked for such cases, and a device that cannot do what they ask is not skipped.
   */
  readonly ofGolden: ((stored: CaseOutputs) => Omit<Asked, 'name'> | null) | null
}

/** The tokens of a stored case of one row; null where it has none. */
export function storedTokens({ inputs }: CaseOutputs): number[] | null {
  const ids = inputs['input_ids']
  return ids === undefined || ids.shape.length !== 2 || ids.shape[0] !== 1 ? null : toNumbers(ids)
}

/** Tokens to cut rows from: the text, or the prompts where there is none. */
export function runningText({ text, prompts }: Material): readonly number[] {
  return text.length > 0 ? text : prompts.flatMap(({ tokens }) => tokens)
}
