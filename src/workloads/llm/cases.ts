/** The cases that a language model is run on: token ids by case id, in the golden's words. Pure. */
import type { Outputs } from '../../checks/index.ts'
import { toNumbers } from '../../tensor.ts'
import type { LanguageModelLimits } from './limits.ts'
import type { Prompt } from './prompts.ts'
import type { TextCodec } from './tokenizer.ts'

/** What is asked of a model for one case, and so which outputs the case has. */
export type CaseKind = 'logits' | 'generate' | 'perplexity' | 'stepwise'

export interface LlmCase {
  /** `KIND.NAME` */
  readonly id: string
  readonly kind: CaseKind
  readonly tokens: readonly number[]
  /** The most tokens that a `generate` case gives; 0 for the others. */
  readonly newTokens: number
}

export interface LlmWorkload {
  readonly cases: readonly LlmCase[]
  /** Tokens that end a generation. */
  readonly stop: readonly number[]
  /** Expected texts by case id. */
  readonly answers: ReadonlyMap<string, string>
  readonly decode: ((tokens: readonly number[]) => string) | null
  /** Tokens that the benchmarks take their prompts from: real text where there is a tokenizer. */
  readonly benchmarkTokens: readonly number[]
}

/** Prompts whose logits are compared whole; the rest are compared by their greedy tokens. */
const LOGITS_PROMPTS = 12
/** Prompts that go through the cache one token at a time. */
const STEPWISE_PROMPTS = 3
const STEPWISE_TOKENS = 32
const WINDOW = 512
const WINDOWS = 12
/** Greedy tokens of a prompt with an answer (a function takes some), and of one without. */
const ANSWER_TOKENS = 64
const FREE_TOKENS = 32

/** Cuts text into windows of the model's context, at most 512, with no overlap. */
function perplexityCases(tokens: readonly number[], positions: number): LlmCase[] {
  const size = Math.min(WINDOW, positions)
  const cases: LlmCase[] = []
  for (let start = 0; start + 2 <= tokens.length && cases.length < WINDOWS; start += size)
    cases.push({
      id: `perplexity.${cases.length}`,
      kind: 'perplexity',
      tokens: tokens.slice(start, start + size),
      newTokens: 0,
    })
  return cases
}

function promptCases(prompts: readonly { id: string; tokens: readonly number[] }[], newTokens: number): LlmCase[] {
  const named = (kind: CaseKind, chosen: typeof prompts) =>
    chosen.map(({ id, tokens }) => ({
      id: `${kind}.${id}`,
      kind,
      tokens,
      newTokens: kind === 'generate' ? newTokens : 0,
    }))
  const stepwise = prompts
    .filter(({ tokens }) => tokens.length >= 4)
    .slice(0, STEPWISE_PROMPTS)
    .map(({ id, tokens }) => ({ id, tokens: tokens.slice(0, STEPWISE_TOKENS) }))
  return [
    ...named('logits', prompts.slice(0, LOGITS_PROMPTS)),
    ...named('generate', prompts),
    ...named('stepwise', stepwise),
  ]
}

/** The workload of a model with a tokenizer. Prompts longer than the model's positions are left out. */
export function textWorkload(
  prompts: readonly Prompt[],
  text: string | null,
  codec: TextCodec,
  limits: LanguageModelLimits,
): LlmWorkload {
  const hasAnswers = prompts.some(({ answer }) => answer !== undefined)
  const newTokens = hasAnswers ? ANSWER_TOKENS : FREE_TOKENS
  const encoded = prompts
    .map(({ id, text: prompt }) => ({ id, tokens: codec.encode(prompt) }))
    .filter(({ tokens }) => tokens.length > 0 && tokens.length + newTokens <= limits.positions)
  const textTokens = text === null ? [] : codec.encodePlain(text)
  return {
    cases: [...promptCases(encoded, newTokens), ...perplexityCases(textTokens, limits.positions)],
    stop: limits.stop,
    answers: new Map(
      prompts.flatMap(({ id, answer }) => (answer === undefined ? [] : [[`generate.${id}`, answer] as const])),
    ),
    decode: codec.decode,
    benchmarkTokens: textTokens.length > 0 ? textTokens : encoded.flatMap(({ tokens }) => tokens),
  }
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
    cases: [...promptCases(prompts, FREE_TOKENS), ...perplexityCases(draw(2 * WINDOW), limits.positions)],
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

/**
 * The same workload on a golden's inputs: its cases take the place of those that a reference is needed for, those of a device
 * with itself stay. A golden of any tool may name its cases as it likes: what a case holds says what it is.
 */
export function workloadOfGolden(workload: LlmWorkload, golden: Outputs): LlmWorkload {
  const cases = Array.from(golden, ([id, { inputs, outputs }]): LlmCase | null => {
    const kind = outputs['logits'] ? 'logits' : outputs['sequences'] ? 'generate' : outputs['nll'] ? 'perplexity' : null
    const ids = inputs['input_ids']
    if (kind === null || !ids || ids.shape.length !== 2 || ids.shape[0] !== 1) return null
    const newTokens = kind === 'generate' ? (outputs['sequences']?.shape.at(-1) ?? 0) : 0
    return { id: canonicalId(kind, id), kind, tokens: toNumbers(ids), newTokens }
  })
  return {
    ...workload,
    cases: [...cases.filter(found => found !== null), ...workload.cases.filter(({ kind }) => kind === 'stepwise')],
  }
}

function canonicalId(kind: CaseKind, id: string): string {
  return id.startsWith(`${kind}.`) ? id : `${kind}.${id}`
}

/** A golden's outputs under the ids that the workload's cases have. Cases that are none of a language model are left out. */
export function goldenOutputs(workload: LlmWorkload, golden: Outputs): Outputs {
  const wanted = new Set(workload.cases.map(({ id }) => id))
  const kinds: CaseKind[] = ['logits', 'generate', 'perplexity']
  return new Map(
    Array.from(golden, ([id, outputs]) => {
      const found = kinds.map(kind => canonicalId(kind, id)).find(name => wanted.has(name))
      return found === undefined ? [] : [[found, outputs] as const]
    }).flat(),
  )
}

/** Prompts for a batch: each row a different stretch of the benchmark's tokens, repeated where they are too few. */
export function benchmarkPrompts(tokens: readonly number[], batch: number, length: number): number[][] {
  const stride = Math.max(1, Math.floor(tokens.length / batch))
  return Array.from({ length: batch }, (_, row) =>
    Array.from({ length }, (_, at) => tokens[(row * stride + at) % tokens.length] ?? 0),
  )
}
