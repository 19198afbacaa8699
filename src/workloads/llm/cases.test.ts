import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CaseOutputs, Outputs } from '../../checks/index.ts'
import { type NamedTensors, tensorOf, tokenTensor } from '../../tensor.ts'
import { casesOfKinds, type LlmWorkload, randomWorkload, referenceCases, textWorkload } from './cases.ts'
import { goldenOutputs, workloadOfGolden } from './golden-cases.ts'
import type { Prompt } from './prompts.ts'
import { stretches } from './stretches.ts'
import type { TextCodec } from './tokenizer.ts'

/** One token a character, with a begin token 1 before a prompt. */
const codec: TextCodec = {
  tokenText: token => String.fromCharCode(token),
  encode: text => [1, ...Array.from(text, letter => letter.charCodeAt(0))],
  encodePlain: text => Array.from(text, letter => letter.charCodeAt(0)),
  decode: tokens => String.fromCharCode(...tokens),
  chat: messages => messages.map(({ role, content }) => `<${role}>${content}`).join(''),
}
const LIMITS = {
  vocabulary: 128,
  positions: 100,
  stop: [2],
  windows: [null],
  positioning: 'relative',
  pass: { matrixElements: 1000, attentionFeatures: 16, heads: 2 },
  mostTflop: 1,
} as const

const LIMITS_OF_CHAT = { ...LIMITS, positions: 200 }

const idsOf = (workload: LlmWorkload, kind: string) =>
  workload.cases.filter(item => item.kind === kind).map(({ id }) => id)

/** The usual prompts, or those of a file. */
const usual = (prompts: readonly Prompt[], text: string | null = null) => ({ prompts, text, origin: null })
const ofFile = (prompts: readonly Prompt[]) => ({ ...usual(prompts), origin: 'prompts.json' })

describe('the workload of text', () => {
  const prompts = [
    { id: 'a', text: 'abc' },
    { id: 'b', text: 'hello there', answer: 'you' },
  ]
  const ofText = (text: string) => usual(prompts, text)
  const tooLong = { id: 'too-long', text: 'x'.repeat(90) }

  test('asks for logits and tokens of every prompt, and for the answers', () => {
    const workload = textWorkload(ofFile(prompts), codec, LIMITS)
    expect(idsOf(workload, 'logits')).toEqual(['logits.a', 'logits.b'])
    expect(idsOf(workload, 'generate')).toEqual(['generate.a', 'generate.b'])
    expect(idsOf(workload, 'perplexity')).toEqual([])
    expect(workload.cases.find(({ id }) => id === 'generate.b')).toMatchObject({ tokens: codec.encode('hello there') })
    expect(workload.answers.get('generate.b')).toBe('you')
    expect(workload.stop).toEqual([2])
    expect(workload.remarks).toEqual([])
  })

  test('refuses a chosen prompt that is longer than the positions leave room for, with its id and the figures', () => {
    const refused = (positions: number, ...more: Prompt[]) =>
      expect(() => textWorkload(ofFile([...prompts, ...more]), codec, { ...LIMITS, positions }))
    const error = {
      code: 'plan-invalid',
      message: "the prompt 'too-long' has 91 tokens and is continued by up to 64, more than the model's 100 positions",
      where: 'prompts.json',
    }
    refused(100, tooLong).toThrow(expect.objectContaining(error))
    refused(154, tooLong).toThrow()
    refused(155, tooLong).not.toThrow()
  })

  test('has the cases of chosen kinds alone, and says why others have none', () => {
    const workload = textWorkload(usual(prompts), codec, { ...LIMITS, positions: 70 })
    expect(workload.absent.get('padding')).toBeUndefined()
    const chosen = casesOfKinds(workload, new Set(['logits', 'batch']))
    expect([...new Set(chosen.cases.map(({ kind }) => kind))]).toEqual(['logits', 'batch'])
    const none = textWorkload(usual([]), codec, LIMITS)
    expect(none.absent.get('batch')).toBe('there is no text to take rows from')
  })

  test('asks a reference for no text that takes too much', () => {
    const workload = textWorkload(usual(prompts, 'q'.repeat(9000)), codec, {
      ...LIMITS,
      positions: 8192,
      mostTflop: 1e-3,
    })
    expect(idsOf(workload, 'long-context')).toEqual(['long-context.8192', 'long-context.2048'])
    expect(referenceCases(workload).map(({ id }) => id)).toContain('long-context.2048')
    expect(referenceCases(workload).map(({ id }) => id)).not.toContain('long-context.8192')
  })

  test('leaves out a usual prompt that does not fit, and says so', () => {
    const workload = textWorkload(usual([...prompts, tooLong]), codec, LIMITS)
    expect(idsOf(workload, 'generate')).toEqual(['generate.a', 'generate.b'])
    expect(workload.remarks).toEqual([expect.stringMatching(/^left out: the prompt 'too-long' has 91 tokens/)])
  })

  test('writes a conversation down by the chat template, with no special token but those that it writes', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ]
    const chat = { id: 'chat', messages, answer: 'Hello' }
    const { cases, answers } = textWorkload(ofFile([chat]), codec, LIMITS_OF_CHAT)
    expect(cases.find(({ id }) => id === 'generate.chat')?.tokens).toEqual(
      codec.encodePlain('<system>Be brief.<user>Hi'),
    )
    expect(answers.get('generate.chat')).toBe('Hello')
    expect(() => textWorkload(ofFile([chat]), { ...codec, chat: null }, LIMITS)).toThrow(
      expect.objectContaining({
        code: 'plan-invalid',
        message: "the prompt 'chat' is a conversation, and the model has no chat template",
        where: 'prompts.json',
        hint: expect.stringContaining('chat_template.jinja'),
      }),
    )
    const refusing = () => {
      throw new Error('roles must alternate')
    }
    expect(() => textWorkload(ofFile([chat]), { ...codec, chat: refusing }, LIMITS)).toThrow(
      "the chat template refuses the prompt 'chat': roles must alternate",
    )
  })

  test('refuses a chosen prompt without a token', () => {
    const silent = { ...codec, encode: () => [] }
    expect(() => textWorkload(ofFile(prompts), silent, LIMITS)).toThrow("the prompt 'a' has no tokens")
  })

  test('cuts the text into windows of the context that cover it, without a special token', () => {
    const text = 'q'.repeat(250)
    const windows = textWorkload(ofText(text), codec, LIMITS).cases.filter(({ kind }) => kind === 'perplexity')
    expect(windows.map(({ tokens }) => tokens.length)).toEqual([100, 100, 50])
    expect(windows.flatMap(({ tokens }) => tokens)).toEqual(codec.encodePlain(text))
  })

  test('leaves out a last window of one token, which predicts nothing', () => {
    expect(idsOf(textWorkload(ofText('q'.repeat(101)), codec, LIMITS), 'perplexity')).toEqual(['perplexity.0'])
  })

  test('never asks for more positions than the model has', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(lengths, fc.integer({ min: 40, max: 700 }), (sizes, positions) => {
        const many = sizes.map((size, index) => ({ id: String(index), text: 'x'.repeat(size) }))
        const { cases } = textWorkload(usual(many, 'y'.repeat(900)), codec, { ...LIMITS, positions })
        for (const item of cases) expect(item.tokens.length + item.newTokens).toBeLessThanOrEqual(positions)
        expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length)
      }),
    )
  })
})

describe('random tokens', () => {
  test('are the same in every run', () => {
    expect(randomWorkload(LIMITS)).toEqual(randomWorkload(LIMITS))
    expect(randomWorkload({ ...LIMITS, positions: 2048 }).cases[0]?.tokens).toEqual(
      randomWorkload(LIMITS).cases[0]?.tokens,
    )
  })

  test('cover the vocabulary and stay inside it', () => {
    const { benchmarkTokens, cases } = randomWorkload(LIMITS)
    expect(new Set(benchmarkTokens).size).toBe(128)
    for (const token of [...benchmarkTokens, ...cases.flatMap(({ tokens }) => tokens)]) {
      expect(Number.isInteger(token)).toBe(true)
      expect(token).toBeLessThan(128)
      expect(token).toBeGreaterThanOrEqual(0)
    }
  })

  test('ask for no answer and stop nowhere, since no token means an end', () => {
    expect(randomWorkload(LIMITS)).toMatchObject({ stop: [], decode: null, answers: new Map() })
  })
})

describe('prompts of a benchmark', () => {
  const tokens = Array.from({ length: 1000 }, (_, index) => index)

  test('are as many and as long as asked, and no two rows are the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 600 }), (batch, length) => {
        const rows = stretches(tokens, batch, length)
        expect(rows.map(row => row.length)).toEqual(Array(batch).fill(length))
        expect(new Set(rows.map(row => row.join())).size).toBe(batch)
      }),
    )
  })

  test('repeat tokens where there are too few', () => {
    expect(stretches([7, 8, 9], 1, 7)).toEqual([[7, 8, 9, 7, 8, 9, 7]])
    expect(stretches([7, 8, 9], 3, 2)).toEqual([
      [7, 8],
      [8, 9],
      [9, 7],
    ])
  })
})

describe('a golden of another tool', () => {
  const inputs = (...ids: number[]) => ({ input_ids: tokenTensor([ids]) })
  const logits = (positions: number): NamedTensors => ({
    logits: tensorOf([1, positions, 4], new Float32Array(positions * 4)),
  })
  const golden: Outputs = new Map<string, CaseOutputs>([
    ['capital', { inputs: inputs(5, 6), outputs: logits(2) }],
    ['logits.sum', { inputs: inputs(7), outputs: logits(1) }],
    ['answer', { inputs: inputs(8), outputs: { sequences: tokenTensor([[1, 2, 3]]) } }],
    ['text', { inputs: inputs(9, 9), outputs: { nll: tensorOf([1, 1], Float32Array.of(2)) } }],
    ['hidden', { inputs: inputs(1), outputs: { last_hidden_state: tensorOf([1], Float32Array.of(0)) } }],
    ['batch', { inputs: { input_ids: tokenTensor([[1], [2]]) }, outputs: logits(1) }],
    ['pixels', { inputs: { pixel_values: tensorOf([1], Float32Array.of(0)) }, outputs: logits(1) }],
  ])
  const own = textWorkload(usual([{ id: 'mine', text: 'abcdef' }], 'some text'), codec, LIMITS)
  const workload = workloadOfGolden(own, golden)

  test('names its cases as it likes: what a case holds says what it is', () => {
    expect(referenceCases(workload)).toEqual([
      { id: 'logits.capital', kind: 'logits', tokens: [5, 6], newTokens: 0 },
      { id: 'logits.sum', kind: 'logits', tokens: [7], newTokens: 0 },
      { id: 'generate.answer', kind: 'generate', tokens: [8], newTokens: 3 },
      { id: 'perplexity.text', kind: 'perplexity', tokens: [9, 9], newTokens: 0 },
    ])
  })

  test('has its outputs under the names of the cases', () => {
    const outputs = goldenOutputs(workload, golden)
    expect([...outputs.keys()]).toEqual(['logits.capital', 'logits.sum', 'generate.answer', 'perplexity.text'])
    expect(outputs.get('generate.answer')).toBe(golden.get('answer'))
  })

  test('leaves the cases of a device with itself to the workload', () => {
    for (const kind of ['stepwise', 'batch', 'padding']) expect(idsOf(workload, kind)).toEqual(idsOf(own, kind))
    expect(idsOf(own, 'stepwise')).toHaveLength(1)
  })
})
