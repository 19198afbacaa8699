import { describe, expect, test } from 'vitest'
import type { CheckResult } from '../events/result.ts'
import { CheckResult as Schema } from '../events/result.ts'
import { type NamedTensors, tensorOf } from '../tensor.ts'
import {
  clearToken,
  contextOf,
  f32,
  mapped,
  outputs,
  referenceOf,
  someLogits,
  TOKENS,
  tokens,
  VOCABULARY,
  withValue,
} from './fixtures.ts'
import { greedyAgreement } from './greedy-agreement.ts'
import { knownAnswers } from './known-answers.ts'
import { logitsParity } from './logits-parity.ts'
import { prefillDecode } from './prefill-decode.ts'

const decode = (ids: readonly number[]) => ids.map(id => (id === 2 ? '' : ` t${id}`)).join('')
const CONTEXT = contextOf('fp32', { decode })
const named = (...ids: number[]) => ids.map(id => ({ id, text: id === 2 ? null : ` t${id}` }))

/** Steps whose candidates are the given tokens, with probabilities 0.6, 0.3 ... of each step. */
function candidates(...steps: readonly (readonly number[])[]): NamedTensors {
  const shape = [1, steps.length, steps[0]?.length ?? 0]
  return {
    top_ids: tensorOf(shape, BigInt64Array.from(steps.flat(), BigInt)),
    top_probabilities: tensorOf(shape, Float32Array.from(steps.flatMap(step => step.map((_, at) => 0.5 ** (at + 1))))),
  }
}

/** Through JSON and the schema, as a stored log has it. */
function shown(result: CheckResult) {
  const read = Schema.parse(JSON.parse(JSON.stringify(result)))
  return read.cases.map(({ sideBySide }) => sideBySide)
}

describe('greedy tokens that part', () => {
  const inputs = { input_ids: tokens(1, 4, 5) }
  const margins = f32([1, 4], () => 5)
  const reference = referenceOf(
    { 'generate.a': { sequences: tokens(11, 12, 13, 2), margins, ...candidates([11, 9], [12, 9], [13, 99], [2, 9]) } },
    inputs,
  )
  const device = (sequence: number[], more: NamedTensors) =>
    outputs({ 'generate.a': { sequences: tokens(...sequence), ...more } }, inputs)

  test('are shown with the prompt, both sides, the first that differs, and what each held likely there', () => {
    const given = device([11, 12, 99, 7], candidates([11, 9], [12, 9], [99, 98], [7, 9]))
    const expected = {
      kind: 'generated',
      sides: { reference: 'reference', device: 'device' },
      prompt: named(1, 4, 5),
      promptTokens: 3,
      first: 0,
      reference: named(11, 12, 13, 2),
      device: named(11, 12, 99, 7),
      focus: 2,
      candidates: [
        { ...named(13)[0], reference: 0.5, device: null },
        { ...named(99)[0], reference: 0.25, device: 0.5 },
        { ...named(98)[0], reference: null, device: 0.25 },
      ],
    }
    expect(shown(greedyAgreement.judge(reference, given, CONTEXT))).toEqual([expected])
    const asked = { ...CONTEXT, answers: new Map([['generate.a', 't11 t12 t13']]) }
    expect(shown(knownAnswers.judge(reference, given, asked))).toEqual([expected])
  })

  test('name a choice that the device itself holds unlikely', () => {
    const [one] = shown(
      greedyAgreement.judge(reference, device([11, 12, 30, 2], candidates([11, 9], [12, 9], [13, 9], [2, 9])), CONTEXT),
    )
    expect(one?.candidates).toContainEqual({ ...named(30)[0], reference: null, device: null })
  })

  test('of a side that ended early are shown to its end', () => {
    const [one] = shown(greedyAgreement.judge(reference, device([11, 12], {}), CONTEXT))
    expect(one).toMatchObject({ focus: 2, device: named(11, 12), reference: named(11, 12, 13, 2) })
  })

  test('are shown without distributions where neither side gives any, and with ids where there is no tokenizer', () => {
    const plain = referenceOf({ 'generate.a': { sequences: tokens(11, 12, 13, 2), margins } }, inputs)
    const [one] = shown(greedyAgreement.judge(plain, device([11, 12, 99], {}), contextOf('fp32')))
    expect(one).toMatchObject({ candidates: [], device: [11, 12, 99].map(id => ({ id, text: null })) })
  })

  test.each<[string, NamedTensors]>([
    ['another shape', { top_ids: tokens(1, 2), top_probabilities: f32([1, 2], () => 1) }],
    ['another type', { ...candidates([11], [12], [99], [7]), top_ids: f32([1, 4, 1], () => 1) }],
    [
      'fewer bytes',
      { ...candidates([11], [12], [99], [7]), top_ids: { type: 'i64', shape: [1, 4, 1], bytes: new Uint8Array(8) } },
    ],
    ['fewer steps', candidates([11])],
    ['NaN', { ...candidates([11], [12], [99], [7]), top_probabilities: f32([1, 4, 1], () => Number.NaN) }],
    ['ids beyond every vocabulary', candidates([-1], [-1], [-(2 ** 53)], [2 ** 60])],
  ])('are shown without what a device gives in %s', (_, more) => {
    const [one] = shown(greedyAgreement.judge(reference, device([11, 12, 99, 7], more), CONTEXT))
    expect(one?.candidates.every(candidate => candidate.device === null)).toBe(true)
    expect(one?.device).toEqual(named(11, 12, 99, 7))
  })

  test('that a tokenizer does not know, and texts without end, are kept short', () => {
    const texts = {
      decode: () => {
        throw new Error('unknown token')
      },
    }
    const [unknown] = shown(greedyAgreement.judge(reference, device([11, 12, 99], {}), contextOf('fp32', texts)))
    expect(unknown?.device).toEqual([11, 12, 99].map(id => ({ id, text: null })))
    const long = { decode, tokenText: () => '𝒳'.repeat(1000) }
    const [cut] = shown(greedyAgreement.judge(reference, device([11, 12, 99], {}), contextOf('fp32', long)))
    expect(cut?.device[0]?.text).toBe('𝒳'.repeat(40))
  })

  test('are not shown where nothing parts', () => {
    expect(shown(greedyAgreement.judge(reference, device([11, 12, 13, 2], {}), CONTEXT))).toEqual([undefined])
  })

  test('of many cases are shown of three, those first where the reference was surest', () => {
    const cases = (last: (index: number) => number) =>
      Object.fromEntries(
        Array.from({ length: 6 }, (_, index) => [
          `generate.${index}`,
          { sequences: tokens(5, last(index)), margins: f32([1, 2], () => index + 1) },
        ]),
      )
    const result = greedyAgreement.judge(
      referenceOf(
        cases(() => 6),
        inputs,
      ),
      outputs(
        cases(index => (index === 5 ? 6 : 7)),
        inputs,
      ),
      CONTEXT,
    )
    expect(shown(result).map(one => one !== undefined)).toEqual([false, false, true, true, true, false])
  })

  test('of many cases are shown of those that failed before those that are near ties', () => {
    const cases = (last: number) =>
      Object.fromEntries(
        Array.from({ length: 5 }, (_, index) => [
          `generate.${index}`,
          { sequences: tokens(5, last), margins: f32([1, 2], () => (index < 2 ? 1e-9 : 5)) },
        ]),
      )
    const answers = new Map(Object.keys(cases(6)).map(id => [id, 't5 t6']))
    const result = knownAnswers.judge(referenceOf(cases(6), inputs), outputs(cases(7), inputs), { ...CONTEXT, answers })
    expect(result.cases.map(({ status }) => status)).toEqual(['pass', 'pass', 'fail', 'fail', 'fail'])
    expect(shown(result).map(one => one !== undefined)).toEqual([false, false, true, true, true])
  })

  test('are shown of a long sequence around the place, and of a long prompt its end', () => {
    const long = Array.from({ length: 60 }, (_, index) => 100 + index)
    const prompt = { input_ids: tokens(...Array.from({ length: 300 }, (_, index) => index + 3)) }
    const [one] = shown(
      greedyAgreement.judge(
        referenceOf({ 'generate.a': { sequences: tokens(...long), margins: f32([1, 60], () => 5) } }, prompt),
        outputs({ 'generate.a': { sequences: tokens(...long.with(30, 7)) } }, prompt),
        CONTEXT,
      ),
    )
    expect(one).toMatchObject({ first: 23, focus: 30, promptTokens: 300 })
    expect(one?.reference.map(({ id }) => id)).toEqual(long.slice(23, 42))
    expect(one?.prompt.map(({ id }) => id)).toEqual(Array.from({ length: 64 }, (_, index) => 239 + index))
  })
})

describe('logits that differ', () => {
  const logits = someLogits(1)
  const inputs = { input_ids: tokens(...Array.from({ length: TOKENS }, (_, index) => index + 3)) }
  const judge = (given: typeof logits) =>
    shown(
      logitsParity.judge(
        referenceOf({ 'logits.a': { logits } }, inputs),
        outputs({ 'logits.a': { logits: given } }, inputs),
        CONTEXT,
      ),
    )[0]
  const best = Array.from({ length: TOKENS }, (_, position) => clearToken(1, position))

  test('are shown at the first position where another token is best, with both distributions', () => {
    const other = (clearToken(1, 3) + 1) % VOCABULARY
    const one = judge(withValue(logits, 3 * VOCABULARY + other, 20))
    expect(one).toMatchObject({
      kind: 'predicted',
      focus: 3,
      first: 0,
      promptTokens: TOKENS,
      prompt: named(3, 4, 5, 6),
    })
    expect(one?.reference.map(({ id }) => id)).toEqual(best)
    expect(one?.device.map(({ id }) => id)).toEqual(best.with(3, other))
    // 10 above the rest at most 4 against the same with a 20: e^-10 apart.
    expect(one?.candidates[0]).toMatchObject({ id: other, device: expect.closeTo(1 - Math.exp(-10), 4) })
    expect(one?.candidates[1]).toMatchObject({ id: clearToken(1, 3), device: expect.closeTo(Math.exp(-10), 6) })
    const total = one?.candidates.reduce((sum, { device }) => sum + (device ?? 0), 0) ?? 0
    expect(total).toBeGreaterThan(0.99)
    expect(total).toBeLessThanOrEqual(1.0001)
  })

  test('are shown where a token differs rather than where the error is larger', () => {
    const other = (clearToken(1, 3) + 1) % VOCABULARY
    const larger = mapped(logits, (value, index) => (Math.floor(index / VOCABULARY) === 1 ? value * 9 : value))
    expect(judge(withValue(larger, 3 * VOCABULARY + other, 12))).toMatchObject({ focus: 3 })
  })

  test('are shown at the worst position where no token differs', () => {
    const one = judge(
      mapped(logits, (value, index) => (Math.floor(index / VOCABULARY) === 5 ? value * 1.1 : value * 1.01)),
    )
    expect(one).toMatchObject({ focus: 5 })
    expect(one?.device).toEqual(one?.reference)
  })

  test('are shown first where a value is no number', () => {
    const worse = mapped(logits, (value, index) => (Math.floor(index / VOCABULARY) === 2 ? value * 1.5 : value))
    const one = judge(withValue(worse, 6 * VOCABULARY + 1, Number.NaN))
    expect(one).toMatchObject({ focus: 6 })
    expect(one?.candidates.every(({ device }) => device === null)).toBe(true)
  })

  test('are not shown where they are right', () => expect(judge(logits)).toBeUndefined())

  test('of one device in two ways are called by the ways', () => {
    const wrong = mapped(logits, value => -value)
    const [one] = shown(
      prefillDecode.judge(null, outputs({ 'stepwise.a': { logits, logits_stepwise: wrong } }, inputs), CONTEXT),
    )
    expect(one).toMatchObject({ sides: { reference: 'whole prompt', device: 'token by token' }, focus: 0 })
  })
})
