/** The cases that a language model is run on: token ids by case id, in the golden's words. Pure. */
import { AssayError } from '../../errors.ts'
import { type Asked, familyOf, type LlmCase, type Material } from './families/index.ts'
import type { LanguageModelLimits } from './limits.ts'
import type { Prompt, PromptSet } from './prompts.ts'
import type { TextCodec } from './tokenizer.ts'

export interface LlmWorkload {
  readonly cases: readonly LlmCase[]
  /** Why there are no cases of a kind, by kind. */
  readonly absent: ReadonlyMap<string, string>
  /** What was left out, and why, for people. */
  readonly remarks: readonly string[]
  /** Tokens that end a generation. */
  readonly stop: readonly number[]
  /** Expected texts by case id. */
  readonly answers: ReadonlyMap<string, string>
  readonly decode: ((tokens: readonly number[]) => string) | null
  /** One token's text, special ones too. */
  readonly tokenText?: (token: number) => string
  /** Tokens that the benchmarks take their prompts from: real text where there is a tokenizer. */
  readonly benchmarkTokens: readonly number[]
}

/** Greedy tokens of a prompt with an answer (a function takes some), and of one without. */
const ANSWER_TOKENS = 64
const FREE_TOKENS = 32
/** Random tokens in the place of a text. */
const RANDOM_TEXT = 1024

/** Every family's cases, and why some have none. */
function casesOf(material: Material): Pick<LlmWorkload, 'cases' | 'absent'> {
  const absent = new Map<string, string>()
  const cases = Array.from(familyOf, ([kind, family]) => {
    const made = family.cases(material)
    if (typeof made !== 'string') return made.map(asked => named(kind, asked))
    absent.set(kind, made)
    return []
  })
  return { cases: cases.flat(), absent }
}

export function named(kind: string, { name, ...asked }: Asked): LlmCase {
  return { id: name.startsWith(`${kind}.`) ? name : `${kind}.${name}`, kind, newTokens: 0, ...asked }
}

/**
 * The workload of a model with a tokenizer. A prompt that does not fit is an AssayError('plan-invalid') where somebody chose it;
 * of the usual prompts those that do not fit are left out, with a remark.
 */
export function textWorkload(
  { prompts, origin, text }: PromptSet,
  codec: TextCodec,
  limits: LanguageModelLimits,
): LlmWorkload {
  const hasAnswers = prompts.some(({ answer }) => answer !== undefined)
  const newTokens = hasAnswers ? ANSWER_TOKENS : FREE_TOKENS
  const encoded = prompts.map(prompt => ({ id: prompt.id, tokens: tokensOf(prompt, codec, origin) }))
  const fits = ({ tokens }: { tokens: readonly number[] }) =>
    tokens.length > 0 && tokens.length + newTokens <= limits.positions
  const unfit = encoded.filter(prompt => !fits(prompt)).map(prompt => sayUnfit(prompt, newTokens, limits.positions))
  const [first] = unfit
  if (origin !== null && first !== undefined)
    throw new AssayError('plan-invalid', first, { where: origin, hint: 'shorten it, or leave it out' })
  const textTokens = text === null ? [] : codec.encodePlain(text)
  const fitting = encoded.filter(fits)
  return {
    ...casesOf({ prompts: fitting, text: textTokens, newTokens, limits }),
    remarks: unfit.map(reason => `left out: ${reason}`),
    stop: limits.stop,
    answers: new Map(
      prompts.flatMap(({ id, answer }) => (answer === undefined ? [] : [[`generate.${id}`, answer] as const])),
    ),
    decode: codec.decode,
    tokenText: codec.tokenText,
    benchmarkTokens: textTokens.length > 0 ? textTokens : fitting.flatMap(({ tokens }) => tokens),
  }
}

/** The tokens of a text or of a conversation. Throws AssayError('plan-invalid') for one that the model cannot be asked. */
function tokensOf({ id, text, messages }: Prompt, codec: TextCodec, origin: string | null): number[] {
  if (messages === undefined) return codec.encode(text ?? '')
  const place = origin === null ? {} : { where: origin }
  if (codec.chat === null)
    throw new AssayError('plan-invalid', `the prompt '${id}' is a conversation, and the model has no chat template`, {
      ...place,
      hint: 'a model has one in chat_template.jinja or tokenizer_config.json; a prompt may be a text in place of messages',
    })
  try {
    return codec.encodePlain(codec.chat(messages)) // the template writes the special tokens itself
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new AssayError('plan-invalid', `the chat template refuses the prompt '${id}': ${message}`, place)
  }
}

function sayUnfit(
  { id, tokens }: { readonly id: string; readonly tokens: readonly number[] },
  newTokens: number,
  positions: number,
): string {
  if (tokens.length === 0) return `the prompt '${id}' has no tokens`
  return (
    `the prompt '${id}' has ${tokens.length} tokens and is continued by up to ${newTokens}, ` +
    `more than the model's ${positions} positions`
  )
}

/** The workload of a model without a tokenizer (seeded weights): random tokens, the same in every run. */
export function randomWorkload(limits: LanguageModelLimits): LlmWorkload {
  const random = seededTokens(limits.vocabulary)
  const draw = (count: number) => Array.from({ length: count }, random)
  const lengths = [1, 3, 5, 8, 13, 16, 21, 27, 34, 48, 64, 96].filter(
    length => length + FREE_TOKENS <= limits.positions,
  )
  const prompts = lengths.map(length => ({ id: `random-${length}`, tokens: draw(length) }))
  return {
    ...casesOf({ prompts, text: draw(RANDOM_TEXT), newTokens: FREE_TOKENS, limits }),
    remarks: [],
    stop: [],
    answers: new Map(),
    decode: null,
    benchmarkTokens: draw(8192),
  }
}

/** mulberry32 (Tommy Ettinger, public domain), from a fixed seed. */
function seededTokens(vocabulary: number): () => number {
  let state = 0x5eed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * vocabulary)
  }
}

/** The cases of the kinds that somebody wants judged. */
export function casesOfKinds(workload: LlmWorkload, kinds: ReadonlySet<string>): LlmWorkload {
  return { ...workload, cases: workload.cases.filter(({ kind }) => kinds.has(kind)) }
}

/** The cases that a reference answers too; the others compare a device with itself. */
export function referenceCases({ cases }: LlmWorkload): LlmCase[] {
  return cases.filter(({ kind, refused }) => familyOf.get(kind)?.ofGolden !== null && refused === undefined)
}
