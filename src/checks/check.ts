import type { CheckResult } from '../events/result.ts'
import type { NamedTensors } from '../tensor.ts'
import type { Category, Precision } from '../words.ts'

/** Inputs and outputs by case; the in-memory form of a golden, and of what a device gave. Case ids are `KIND.ID`. */
export interface CaseOutputs {
  readonly inputs: NamedTensors
  readonly outputs: NamedTensors
  /** Why the device was not able to do what the case asks; it then has no outputs. */
  readonly refused?: string
}
export type Outputs = ReadonlyMap<string, CaseOutputs>

/** The reference's outputs, and who made them; absent where a device would be compared with itself. */
export interface Reference {
  /** "ort:cpu fp32", or a golden's producer: "torch 2.13.0 cpu, fp32 (golden)". */
  readonly name: string
  readonly outputs: Outputs
}

/** What a check may know beside the outputs. */
export interface CheckContext {
  /** The precision that the device was asked for. */
  readonly precision: Precision
  /**
   * Whether the reference is what somebody states to be right, and not what a device gave: NaN, or no element at all, is meant
   * then, and no sign that the reference is broken.
   */
  readonly isStated?: boolean
  /**
   * Whether weights that nobody trained choose inside the graph what comes out (proposals, suppression): between candidates that are
   * all but alike, so that a shorter type chooses others now and then.
   */
  readonly areChoicesUntrained?: boolean
  /** Why there is no reference, where there is none. */
  readonly noReference: string | null
  /** Token ids to text, where the model has a tokenizer. */
  readonly decode: ((tokens: readonly number[]) => string) | null
  /** One token as the tokenizer writes it, special ones too; absent where nobody will look at tokens. */
  readonly tokenText?: ((token: number) => string) | null
  /** Names of the classes, in the order of the logits; absent where the model has none. */
  readonly labels?: readonly string[]
  /** Expected texts by case id, for known answers. */
  readonly answers: ReadonlyMap<string, string>
  /** Why there are no cases of a kind, by kind. */
  readonly absent: ReadonlyMap<string, string>
}

/** A check: a pure function from reference outputs and device outputs to a verdict. It never throws for what a device gave. */
export interface Check {
  readonly name: string
  /** One line for people. */
  readonly summary: string
  /** The kinds of cases that it looks at; it suits the models that have them. */
  readonly kinds: readonly string[]
  /** The models that it speaks of, where others have such cases too. */
  readonly category?: Category
  judge(reference: Reference | null, device: Outputs, context: CheckContext): CheckResult
}
