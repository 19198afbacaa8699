import { describe, expect, it } from 'vitest'
import type { TensorData } from '../tensor.ts'
import type { Outputs, Reference } from './check.ts'
import { contextOf, f32, outputs, referenceOf, someLogits, tokens } from './fixtures.ts'
import { knownAnswers } from './known-answers.ts'

/** Token 0 ends; the others are words. */
const WORDS = ['', ' Paris', ' London', '.', ' Rome']
const STOP = 0

function decode(ids: readonly number[]): string {
  return ids
    .map(id => {
      const word = WORDS[id]
      if (word === undefined) throw new RangeError(`no token ${id}`)
      return word
    })
    .join('')
}

const ANSWERS = new Map([
  ['generate.france', 'Paris.'],
  ['generate.england', 'London.'],
  ['generate.elsewhere', 'not of this model'],
])
const FRANCE = tokens(1, 3, STOP)
const ENGLAND = tokens(2, 3, STOP)
const margins = (...values: number[]) => f32([1, values.length], i => values[i] ?? 0)
const REFERENCE = referenceOf({
  'logits.a': { logits: someLogits(1) },
  'generate.france': { sequences: FRANCE, margins: margins(5, 5, 5) },
  'generate.england': { sequences: ENGLAND, margins: margins(5, 5, 5) },
  'generate.unasked': { sequences: tokens(4), margins: margins(5) },
})

function judge(
  france: TensorData,
  reference: Reference | null = REFERENCE,
  precision: Parameters<typeof contextOf>[0] = 'fp32',
) {
  const device = outputs({ 'generate.france': { sequences: france }, 'generate.england': { sequences: ENGLAND } })
  return judgeOutputs(device, reference, precision)
}

function judgeOutputs(
  device: Outputs,
  reference: Reference | null = REFERENCE,
  precision: Parameters<typeof contextOf>[0] = 'fp32',
) {
  return knownAnswers.judge(reference, device, contextOf(precision, { decode, answers: ANSWERS }))
}

describe('known answers', () => {
  it('the expected text, trimmed, passes', () => {
    const result = judge(FRANCE)
    expect(result).toMatchObject({ status: 'pass', reason: null, samples: 2 })
    expect(result.metrics).toMatchObject({ exactMatch: 1, wrongAnswers: 0, nearTies: 0, unknownAnswers: 0 })
    expect(result.cases[0]).toMatchObject({ id: 'generate.france', details: { expected: 'Paris.', got: 'Paris.' } })
    expect(result.cases).toHaveLength(2)
  })

  it('the same text with other tokens passes', () => {
    expect(judge(tokens(1, STOP, 3)).status).toBe('pass')
  })

  it('one other word fails, and says what came and what was expected', () => {
    const result = judge(tokens(2, 3, STOP))
    expect(result).toMatchObject({
      status: 'fail',
      reason: 'france is answered with "London.", not "Paris."',
      metrics: { exactMatch: 0.5, wrongAnswers: 1 },
    })
    expect(result.cases[0]?.metrics).toMatchObject({ firstDifference: 0, margin: 5 })
  })

  it.each(['fp32', 'int8', 'int4'] as const)('a wrong answer against a wide margin fails in %s', precision => {
    expect(judge(tokens(2, 3, STOP), REFERENCE, precision).status).toBe('fail')
  })

  it('a text that goes on after the answer fails', () => {
    expect(judge(tokens(1, 3, 3)).status).toBe('fail')
  })

  it('a truncated answer fails, whatever the margin', () => {
    expect(judge(tokens(1), nearlyTied(1e-9), 'int4').status).toBe('fail')
  })

  it('nothing, and nothing but stop tokens, fails', () => {
    expect(judge(tokens()).status).toBe('fail')
    expect(judge(tokens(STOP, STOP, STOP)).reason).toBe('france is answered with "", not "Paris."')
  })

  it('prompts in each other’s place fail', () => {
    const result = judgeOutputs(
      outputs({ 'generate.france': { sequences: ENGLAND }, 'generate.england': { sequences: FRANCE } }),
    )
    expect(result).toMatchObject({ status: 'fail', metrics: { wrongAnswers: 2, exactMatch: 0 } })
    expect(result.reason).toContain('(and 1 more case)')
  })

  it('a wrong answer that begins at a near tie is counted and shown, and is no failure', () => {
    const result = judge(tokens(2, 4, 4, 4), nearlyTied(0.1), 'int4')
    expect(result).toMatchObject({ status: 'pass', metrics: { exactMatch: 0.5, wrongAnswers: 0, nearTies: 1 } })
    expect(result.cases[0]?.details).toMatchObject({ got: 'London Rome Rome Rome' })
    expect(result.cases[0]?.details['nearTie']).toContain('token 2 at [0, 0]')
  })

  it('the same margin is no near tie in fp32', () => {
    expect(judge(tokens(2, 4, 4, 4), nearlyTied(0.1), 'fp32').status).toBe('fail')
  })

  it('a prompt that the reference does not answer is counted apart', () => {
    const reference = referenceOf({
      'generate.france': { sequences: tokens(4, 3), margins: margins(5, 5) },
      'generate.england': { sequences: ENGLAND, margins: margins(5, 5, 5) },
    })
    const result = judge(tokens(4, 3), reference)
    expect(result).toMatchObject({ status: 'pass', samples: 1, metrics: { unknownAnswers: 1, exactMatch: 1 } })
    expect(result.cases[0]).toMatchObject({
      status: 'inconclusive',
      reason: 'the reference itself answers france with "Rome.", not "Paris."',
      details: { got: 'Rome.', reference: 'Rome.' },
    })
  })

  it('a reference that answers nothing leaves nothing to judge', () => {
    const reference = referenceOf({
      'generate.france': { sequences: tokens(4) },
      'generate.england': { sequences: tokens(4) },
    })
    expect(judge(FRANCE, reference)).toMatchObject({ status: 'inconclusive', metrics: { exactMatch: null } })
  })

  it('without a reference right answers pass, and a wrong one cannot be judged', () => {
    expect(judge(FRANCE, null)).toMatchObject({ status: 'pass', reference: null })
    expect(judge(ENGLAND, null)).toMatchObject({ status: 'inconclusive' })
  })

  it('a missing case, a missing output and tokens that no tokenizer knows fail', () => {
    const england = { 'generate.england': { sequences: ENGLAND } }
    expect(judgeOutputs(outputs(england))).toMatchObject({ status: 'fail', reason: 'case generate.france is missing' })
    expect(judgeOutputs(outputs({ 'generate.france': {}, ...england })).status).toBe('fail')
    expect(judge(tokens(1, 77))).toMatchObject({
      status: 'fail',
      reason: 'sequences of france cannot be decoded: no token 77',
    })
    expect(judge(f32([1, 2], () => 1)).status).toBe('fail')
  })

  it('is skipped without answers or a tokenizer', () => {
    const device = outputs({ 'generate.france': { sequences: FRANCE } })
    expect(knownAnswers.judge(REFERENCE, device, contextOf('fp32', { decode })).status).toBe('skip')
    expect(knownAnswers.judge(REFERENCE, device, contextOf('fp32', { answers: ANSWERS }))).toMatchObject({
      status: 'skip',
      reason: 'the model has no tokenizer',
    })
  })
})

function nearlyTied(margin: number): Reference {
  return referenceOf({
    'logits.a': { logits: someLogits(1) },
    'generate.france': { sequences: FRANCE, margins: margins(margin, margin, margin) },
    'generate.england': { sequences: ENGLAND, margins: margins(5, 5, 5) },
  })
}
