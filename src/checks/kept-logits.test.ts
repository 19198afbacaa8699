import { describe, expect, it, test } from 'vitest'
import { keepPart } from '../goldens/partial.ts'
import { type NamedTensors, type TensorData, tensorOf, toFloat32, tokenTensor } from '../tensor.ts'
import type { Outputs } from './check.ts'
import { RELATIVE_ERROR } from './defaults.ts'
import {
  asHalf,
  clearToken,
  contextOf,
  f32,
  mapped,
  outputs,
  PRECISIONS,
  reshaped,
  rounded,
  someLogits,
  swappedRows,
  TOKENS,
  truncated,
  VOCABULARY,
  withValue,
} from './fixtures.ts'
import { logitsParity } from './logits-parity.ts'
import { longContext } from './long-context.ts'
import { tenPrompts } from './ten-prompts.ts'

const K = 10
const INPUTS = { input_ids: tokenTensor([Array.from({ length: TOKENS }, (_, i) => i)]) }
const A = someLogits(1)
const B = someLogits(2)
const CASES = { 'logits.a': { logits: A }, 'logits.b': { logits: B } }
const WHOLE = outputs(CASES, INPUTS)
const LAST = keepPart(WHOLE, { what: 'last' })
const TOP = keepPart(WHOLE, { what: 'top', k: K })

function against(
  golden: Outputs,
  device: Readonly<Record<string, NamedTensors>>,
  precision: Parameters<typeof contextOf>[0] = 'fp32',
) {
  return logitsParity.judge({ name: 'golden', outputs: golden }, outputs(device, INPUTS), contextOf(precision))
}

/** The verdict on a device that gives `b` for case b, and the truth for case a. */
const judge = (golden: Outputs, b: TensorData, precision: Parameters<typeof contextOf>[0] = 'fp32') =>
  against(golden, { ...CASES, 'logits.b': { logits: b } }, precision)

/** A golden with another output of case b. */
const changed = (golden: Outputs, change: NamedTensors): Outputs =>
  new Map(
    Array.from(golden, ([id, stored]) => [
      id,
      id === 'logits.b' ? { ...stored, outputs: { ...stored.outputs, ...change } } : stored,
    ]),
  )

const outputOf = (golden: Outputs, name: string): TensorData => {
  const tensor = golden.get('logits.b')?.outputs[name]
  if (tensor === undefined) throw new Error(`no ${name}`)
  return tensor
}

const last = (position: number, token: number) => position * VOCABULARY + token
const END = TOKENS - 1

describe.each([
  ['the last position', LAST],
  ['the largest of each position', TOP],
] as const)('a golden of %s', (_, golden) => {
  it('passes the logits that it is of, and those that are rounded', () => {
    expect(judge(golden, B)).toMatchObject({ status: 'pass', reason: null, metrics: { relL2: 0, top1: 1, topk: K } })
    for (const precision of PRECISIONS)
      expect(judge(golden, rounded(B, RELATIVE_ERROR[precision].limit / 2), precision).status).toBe('pass')
  })

  it('names what it does not judge, in each case and as a share', () => {
    const result = judge(golden, B)
    expect(result.metrics['judgedShare']).toBe(golden === LAST ? 1 / TOKENS : K / VOCABULARY)
    for (const { details } of result.cases) expect(details['notJudged']).toMatch(/the golden keeps the/)
    expect(judge(WHOLE, B).metrics).not.toHaveProperty('judgedShare')
  })

  it.each(PRECISIONS)('fails twice the logits in %s', precision => {
    const result = judge(
      golden,
      mapped(B, value => 2 * value),
      precision,
    )
    expect(result).toMatchObject({ status: 'fail', metrics: { relL2: 1 } })
    expect(result.reason).toMatch(/relL2 1\.00 .* 20 against 10$/)
  })

  it('fails a constant added to all logits, and 1.01 times the logits', () => {
    expect(
      judge(
        golden,
        mapped(B, value => value + 0.01),
      ).status,
    ).toBe('fail')
    expect(
      judge(
        golden,
        mapped(B, value => 1.01 * value),
      ).status,
    ).toBe('fail')
  })

  it('fails two positions in each other’s place, of which it knows one', () => {
    for (const precision of PRECISIONS) expect(judge(golden, swappedRows(B, 2, END), precision).status).toBe('fail')
  })

  it('fails one wrong choice at the last position', () => {
    const wrong = withValue(B, last(END, (clearToken(2, END) + 3) % VOCABULARY), 11)
    expect(judge(golden, wrong)).toMatchObject({ status: 'fail', metrics: { flips: 1 } })
  })

  it('fails a NaN and an infinity at the last position', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const result = judge(golden, withValue(B, last(END, clearToken(2, END)), value))
      expect(result).toMatchObject({ status: 'fail' })
      expect(result.metrics['nonFinite']).toBe(1)
    }
  })

  it('fails a missing output, and a missing case', () => {
    const without = against(golden, { ...CASES, 'logits.b': {} })
    expect(without).toMatchObject({ status: 'fail', reason: 'output logits of b is missing' })
    expect(against(golden, { 'logits.a': { logits: A } }).reason).toBe('case logits.b is missing')
  })

  it('fails an output that is not of the golden', () => {
    const more = against(golden, { ...CASES, 'logits.b': { logits: B, hidden: B } })
    expect(more.reason).toBe("output hidden of b is not one of the reference's")
  })

  it('fails a wrong shape, a wrong type, and bytes that are too few', () => {
    expect(judge(golden, truncated(B))).toMatchObject({ status: 'fail' })
    expect(judge(golden, truncated(B)).reason).toMatch(
      /has shape \[1, 7, 40\] where the reference's inputs ask for \[1, 8, /,
    )
    expect(judge(golden, reshaped(B, [1, VOCABULARY, TOKENS])).status).toBe('fail')
    expect(judge(golden, asHalf(B)).reason).toMatch(/has type f16 where the reference has f32/)
    expect(judge(golden, { ...B, bytes: B.bytes.subarray(4) }).reason).toMatch(/does not have the bytes/)
  })

  it('cannot judge where it was made of other inputs', () => {
    const other = new Map(
      Array.from(golden, ([id, one]) => [id, { ...one, inputs: { input_ids: tokenTensor([[9]]) } }]),
    )
    expect(against(other, CASES)).toMatchObject({ status: 'inconclusive' })
  })

  it('cannot judge where it keeps logits in two forms', () => {
    const result = judge(changed(golden, { logits: B }), B)
    expect(result).toMatchObject({ status: 'inconclusive' })
    expect(result.reason).toMatch(/in several forms/)
  })

  it('leaves the differences over all logits to a golden that has them', () => {
    const result = tenPrompts.judge({ name: 'golden', outputs: golden }, WHOLE, contextOf())
    expect(result).toMatchObject({ status: 'skip' })
    expect(result.reason).toMatch(/keeps a part/)
  })
})

describe('a golden of the last position', () => {
  it('says nothing of the others', () => {
    expect(judge(LAST, withValue(B, 3, Number.NaN))).toMatchObject({ status: 'pass', samples: 2 })
    expect(judge(LAST, B).cases[1]?.details['notJudged']).toBe('positions 0 to 6 of 8: the golden keeps the last alone')
  })

  it('cannot judge by anything but one row of logits', () => {
    const tall = judge(changed(LAST, { last_logits: f32([2, VOCABULARY], () => 1) }), B)
    expect(tall).toMatchObject({
      status: 'inconclusive',
      reason: 'last_logits of b have shape [2, 40], not [1, vocabulary]',
    })
  })

  it('shows both sides token by token where they differ', () => {
    const wrong = withValue(B, last(END, 3), 11)
    expect(judge(LAST, wrong).cases[1]?.sideBySide).toMatchObject({ kind: 'predicted', focus: 0, promptTokens: TOKENS })
  })
})

describe('a golden of the largest logits', () => {
  const ids = () => outputOf(TOP, 'top_ids')
  const largest = () => outputOf(TOP, 'top_logits')
  const swappedIds = (tensor: TensorData, a: number, b: number): TensorData => {
    const values = new BigInt64Array(tensor.bytes.slice().buffer)
    const [one = 0n, two = 0n] = [values[a], values[b]]
    values[a] = two
    values[b] = one
    return tensorOf(tensor.shape, values)
  }
  /** Position 3's first two within rounding of each other, in the golden. */
  const tiedAt = 3
  const second = (clearToken(2, tiedAt) + 1) % VOCABULARY
  const tied = withValue(B, last(tiedAt, second), 9.99999)
  const goldenOf = (b: TensorData, k = K) =>
    keepPart(outputs({ 'logits.b': { logits: b } }, INPUTS), { what: 'top', k })
  const judgeOne = (golden: Outputs, b: TensorData) => against(golden, { 'logits.b': { logits: b } })

  it('fails a wrong choice at any position, with the cost by its own margin', () => {
    const wrong = withValue(B, last(2, (clearToken(2, 2) + 3) % VOCABULARY), 11)
    const result = judge(TOP, wrong)
    expect(result).toMatchObject({ status: 'fail', metrics: { flips: 1, nearTies: 0 } })
    expect(result.cases[1]?.details['flips']).toContain('position 2')
  })

  it('fails a choice that is none of its few by the least that it can cost', () => {
    const row = toFloat32(B).subarray(last(2, 0), last(3, 0))
    const smallest = row.indexOf(Math.min(...row))
    const result = judge(TOP, withValue(B, last(2, smallest), 11))
    expect(result).toMatchObject({ status: 'fail', metrics: { flips: 1 } })
    expect(result.reason).toMatch(/choose token \d+ at position \[0, 2\] where the reference chooses/)
  })

  it('counts the flip of a near tie, and does not fail it', () => {
    const flipped = withValue(tied, last(tiedAt, second), 10.00001)
    const result = judgeOne(goldenOf(tied), flipped)
    expect(result).toMatchObject({ status: 'pass', metrics: { flips: 0, nearTies: 1 } })
  })

  it('takes the noise from its own scale, so that a device that is far off does not excuse itself', () => {
    const wide = withValue(tied, last(tiedAt, second), 10.5)
    expect(judgeOne(goldenOf(tied), wide).status).toBe('fail')
    const huge = { logit_scale: f32([1, TOKENS], i => (i === tiedAt ? 1e6 : 1e-6)) }
    const lenient = new Map(
      Array.from(goldenOf(tied), ([id, one]) => [id, { ...one, outputs: { ...one.outputs, ...huge } }]),
    )
    expect(judgeOne(lenient, wide).metrics).toMatchObject({ nearTies: 1, flips: 0 })
  })

  it('needs no scale: the RMS of its margins stands for it', () => {
    const bare = new Map(
      Array.from(
        TOP,
        ([
          id,
          {
            inputs,
            outputs: { logit_scale: _, ...kept },
          },
        ]) => [id, { inputs, outputs: kept }],
      ),
    )
    expect(judge(bare, B).status).toBe('pass')
    expect(judge(bare, withValue(B, last(2, (clearToken(2, 2) + 3) % VOCABULARY), 11)).metrics['flips']).toBe(1)
  })

  it('cannot tell what a token costs that is none of its few, where even the last of these is a tie', () => {
    const level = mapped(B, (value, i) => (i % VOCABULARY < 4 ? 10 : Math.min(value, 9)))
    const result = judgeOne(goldenOf(level, 2), withValue(level, last(5, 3), 10.00001))
    expect(result).toMatchObject({ status: 'inconclusive' })
    expect(result.reason).toMatch(/does not say the cost/)
  })

  it('fails where fewer than 8 of 10 are shared, though every kept logit is right', () => {
    const tenth = (position: number) => toFloat32(largest())[position * K + K - 1] ?? 0
    const kept = (i: number) => (toFloat32(B)[i] ?? 0) >= tenth(Math.floor(i / VOCABULARY))
    const raised = mapped(B, (value, i) => (kept(i) ? value : i % 3 === 0 ? 9 : value))
    const result = judge(TOP, raised)
    expect(result).toMatchObject({ status: 'fail', metrics: { flips: 0, relL2: 0 } })
    expect(result.reason).toMatch(/of the top 10 tokens on average \(limit 8\)/)
  })

  it('fails a NaN at a token that it does not keep', () => {
    const row = toFloat32(B).subarray(0, VOCABULARY)
    const smallest = row.indexOf(Math.min(...row))
    const result = judge(TOP, withValue(B, smallest, Number.NaN))
    expect(result).toMatchObject({ status: 'fail', metrics: { nonFinite: 1 } })
    expect(result.reason).toBe(`logits of b is NaN at [0, 0, ${smallest}]`)
  })

  it('fails ids that are swapped: the logits do not belong to them', () => {
    const result = judge(changed(TOP, { top_ids: swappedIds(ids(), 0, 1) }), B)
    expect(result).toMatchObject({ status: 'fail' })
  })

  test.each<[string, () => NamedTensors, RegExp]>([
    [
      'ids outside the vocabulary',
      () => ({ top_ids: mappedIds(ids(), id => id + VOCABULARY) }),
      /are not 10 tokens of 40/,
    ],
    ['an id twice', () => ({ top_ids: mappedIds(ids(), () => 1) }), /are not 10 tokens of 40/],
    ['ids of another shape', () => ({ top_ids: tokenTensor([[1, 2]]) }), /top_ids are i64 \[1, 2\], not whole numbers/],
    ['ids that are floats', () => ({ top_ids: largest() }), /top_ids are f32/],
    ['logits that rise', () => ({ top_logits: mapped(largest(), value => -value) }), /do not fall/],
    ['no position', () => ({ top_logits: f32([1, 0, K], () => 0) }), /has shape|not floats/],
    ['a scale of another length', () => ({ logit_scale: f32([1, 2], () => 1) }), /logit_scale is not floats \[1, 8\]/],
  ])('is itself wrong with %s', (_, change, reason) => {
    expect(judge(changed(TOP, change()), B)).toMatchObject({ reason: expect.stringMatching(reason) })
    expect(judge(changed(TOP, change()), B).status).not.toBe('pass')
  })

  it('is itself wrong without ids, with one logit of each position, and with a NaN', () => {
    const bare = new Map(
      Array.from(
        TOP,
        ([
          id,
          {
            inputs,
            outputs: { top_ids: _, ...kept },
          },
        ]) => [id, { inputs, outputs: kept }],
      ),
    )
    expect(judge(bare, B)).toMatchObject({ status: 'inconclusive', reason: expect.stringMatching(/without top_ids/) })
    expect(judgeOne(goldenOf(B, 1), B)).toMatchObject({
      status: 'inconclusive',
      reason: expect.stringMatching(/needs two/),
    })
    const nan = judge(
      changed(TOP, { top_logits: mapped(largest(), (value, i) => (i === K - 1 ? Number.NaN : value)) }),
      B,
    )
    expect(nan).toMatchObject({ status: 'inconclusive', reason: expect.stringMatching(/itself is NaN/) })
  })
})

describe('a long text of which the largest logits are kept', () => {
  const inputs = { input_ids: tokenTensor([[5, 6, 7]]), sampled_positions: tokenTensor([[0, 1, 2, 3, 4, 5, 6, 7]]) }
  const whole = outputs({ 'long-context.9': { sampled_logits: B } }, inputs)
  const golden = keepPart(whole, { what: 'top', k: K })
  const verdict = (b: TensorData) =>
    longContext.judge(
      { name: 'golden', outputs: golden },
      outputs({ 'long-context.9': { sampled_logits: b } }, inputs),
      contextOf(),
    )

  it('is judged as the whole is', () => {
    expect(verdict(B)).toMatchObject({ status: 'pass', metrics: { judgedShare: K / VOCABULARY } })
    expect(verdict(swappedRows(B, 2, 5)).status).toBe('fail')
    expect(verdict(mapped(B, value => 2 * value)).status).toBe('fail')
  })
})

function mappedIds(tensor: TensorData, change: (id: number) => number): TensorData {
  const values = new BigInt64Array(tensor.bytes.slice().buffer)
  return tensorOf(
    tensor.shape,
    values.map(id => BigInt(change(Number(id)))),
  )
}
