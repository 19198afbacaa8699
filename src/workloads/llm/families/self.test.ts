/** Cases of a device with itself, asked of a small transformer that is right or wrong in one way, and judged. */
import { describe, expect, test } from 'vitest'
import { type CaseOutputs, checks } from '../../../checks/index.ts'
import type { CheckResult } from '../../../events/result.ts'
import { WorkerError } from '../../../protocol/failure.ts'
import { type NamedTensors, tensorOf, tokenTensor } from '../../../tensor.ts'
import type { LanguageModelLimits } from '../limits.ts'
import { type Fault, type ToySettings, toyModel } from './fixtures.ts'
import { familyOf } from './index.ts'
import { longContext, sampledPositions } from './long-context.ts'

const LIMITS: LanguageModelLimits = {
  vocabulary: 32,
  positions: 200,
  stop: [],
  windows: [null, null],
  positioning: 'relative',
  pass: { matrixElements: 1000, attentionFeatures: 16, heads: 1 },
  mostTflop: 1,
}
const TEXT = Array.from({ length: 300 }, (_, at) => (at * at * 7 + at) % 32)

/** What a check says of a model, the way that the runner asks. */
async function judged(
  kind: string,
  name: keyof typeof checks,
  settings: ToySettings,
  limits: Partial<LanguageModelLimits> = {},
): Promise<CheckResult> {
  const family = familyOf.get(kind)
  if (!family) throw new Error(`no family ${kind}`)
  const cases = family.cases({ prompts: [], text: TEXT, newTokens: 8, limits: { ...LIMITS, ...limits } })
  const model = toyModel(settings)
  const device = new Map<string, CaseOutputs>()
  for (const { name: label, ...asked } of typeof cases === 'string' ? [] : cases) {
    const item = { id: `${kind}.${label}`, kind, newTokens: 0, ...asked }
    const beside = Object.entries(item.beside ?? {}).map(([input, rows]) => [input, tokenTensor(rows)] as const)
    const inputs: NamedTensors = { input_ids: tokenTensor([item.tokens]), ...Object.fromEntries(beside) }
    try {
      const outputs = await family.observe(model, item, inputs, { again: true, stop: [] })
      device.set(item.id, { inputs, outputs })
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error
      device.set(item.id, { inputs, outputs: {}, refused: error.message })
    }
  }
  const absent = new Map(typeof cases === 'string' ? [[kind, cases]] : [])
  const context = { precision: 'fp32', noReference: null, decode: null, answers: new Map(), absent } as const
  return checks[name].judge(null, device, context)
}

const wrongCases = ({ cases }: CheckResult) => cases.filter(({ status }) => status === 'fail').map(({ id }) => id)

describe('a row among others', () => {
  const check = (fault: Fault | null) => judged('batch', 'batch-invariance', { fault })

  test('is the row alone on a sound device, bit for bit, wherever it stands', async () => {
    const result = await check(null)
    expect(result).toMatchObject({ status: 'pass', samples: 3 * 24, metrics: { differingElements: 0 } })
    expect(result.cases.map(({ id }) => id)).toEqual(['batch.row-1-of-2', 'batch.row-4-of-4', 'batch.row-5-of-8'])
  })

  test('is another where rows are mixed', async () => {
    expect(wrongCases(await check('mixes rows'))).toHaveLength(3)
  })

  test('is not asked for without a text', () => {
    const none = familyOf.get('batch')?.cases({ prompts: [], text: [], newTokens: 8, limits: LIMITS })
    expect(none).toBe('there is no text to take rows from')
  })
})

describe('a padded row', () => {
  const check = (fault: Fault | null) => judged('padding', 'padding', { fault })

  test('is the row alone on a sound device, on either side and when it is continued', async () => {
    expect(await check(null)).toMatchObject({ status: 'pass', samples: 20 + 20 + 8 + 3 + 3 + 8 })
  })

  test('is another where the mask is ignored, and padding stands before it', async () => {
    expect(wrongCases(await check('ignores the mask'))).toEqual([
      'padding.left-20-of-27',
      'padding.left-20-of-27-continued',
      'padding.left-3-of-40',
      'padding.left-3-of-40-continued',
    ])
  })

  test('is another where the row beside it plays a part', async () => {
    expect((await check('mixes rows')).status).toBe('fail')
  })

  test('is judged on the right alone where the device takes no mask', async () => {
    const { status, cases } = await check('takes no mask')
    expect(status).toBe('pass')
    expect(cases.map(one => [one.status, one.reason])).toEqual([
      ['skip', 'this graph takes no mask'],
      ['pass', null],
      ['skip', 'this graph takes no mask'],
      ['skip', 'this graph takes no mask'],
      ['pass', null],
      ['skip', 'this graph takes no mask'],
    ])
  })

  test('is not asked for where the positions leave no room', async () => {
    expect(await judged('padding', 'padding', {}, { positions: 20 })).toMatchObject({
      status: 'skip',
      reason: "the model's 20 positions leave no room for padding",
    })
  })
})

describe('positions that are moved', () => {
  const check = (fault: Fault | null, limits: Partial<LanguageModelLimits> = {}) =>
    judged('rotary', 'rotary', { fault }, limits)

  test('by the same number change nothing on a sound device, and further apart they do', async () => {
    const result = await check(null)
    expect(result).toMatchObject({ status: 'pass', samples: 24 + 24 + 1 })
    expect(result.cases.map(({ id }) => id)).toEqual([
      'rotary.shifted-by-1',
      'rotary.shifted-by-100',
      'rotary.stretched',
    ])
    expect(result.metrics['change']).toBeGreaterThan(0.01)
  })

  test('change the result where positions are added to the tokens', async () => {
    expect(wrongCases(await check('counts positions absolutely'))).toEqual([
      'rotary.shifted-by-1',
      'rotary.shifted-by-100',
    ])
  })

  test('change the result where only the queries are turned', async () => {
    expect(wrongCases(await check('turns only the queries'))).toContain('rotary.shifted-by-100')
  })

  test('are heard, or the device fails', async () => {
    const result = await check('ignores the positions')
    expect(wrongCases(result)).toEqual(['rotary.stretched'])
    expect(result.reason).toBe(
      'stretched: positions further apart give the same logits, bit for bit: position_ids are ignored',
    )
  })

  test('are skipped by a device that takes none, and a model to which they are not relative', async () => {
    expect(await check('takes no positions')).toMatchObject({
      status: 'skip',
      reason: expect.stringContaining('takes no positions'),
    })
    expect(await check(null, { positioning: 'absolute' })).toMatchObject({
      status: 'skip',
      reason: 'the model learned its positions one by one, so that a shift changes the result',
    })
    expect(await check(null, { positioning: 'none' })).toMatchObject({ status: 'skip' })
  })

  test('never leave those that the model knows', () => {
    for (const positions of [8, 24, 30, 97, 2048]) {
      const cases = familyOf
        .get('rotary')
        ?.cases({ prompts: [], text: TEXT, newTokens: 8, limits: { ...LIMITS, positions } })
      if (typeof cases !== 'object') throw new Error('no cases')
      for (const { beside } of cases) expect(Math.max(...(beside?.['position_ids']?.[0] ?? []))).toBeLessThan(positions)
    }
  })
})

describe('a sliding window', () => {
  const check = (fault: Fault | null, { windows = [5, 5], ...limits }: Partial<LanguageModelLimits> = {}) =>
    judged(
      'window',
      'sliding-window',
      { layers: windows.length, window: windows[0] ?? null, fault },
      { windows, ...limits },
    )

  test('hides what is outside on a sound device, and shows what is inside', async () => {
    const result = await check(null)
    expect(result).toMatchObject({ status: 'pass', metrics: { differingElements: 0 } })
    expect(result.cases.map(({ id }) => id)).toEqual([
      'window.beyond-every-window',
      'window.near',
      'window.just-outside',
      'window.just-inside',
    ])
    expect(result.metrics['change']).toBeGreaterThan(0.01)
  })

  test('that is ignored lets in what is outside, with a mask and without', async () => {
    expect(wrongCases(await check('ignores the window'))).toEqual(['window.beyond-every-window', 'window.just-outside'])
  })

  test.each([[[5, 5]], [[17, 17, 17, 17, 17, 17]], [Array<number>(12).fill(16)]])(
    'of %j that is one too wide, or too narrow, is found where the tokens between are masked',
    async windows => {
      expect(wrongCases(await check('window one too wide', { windows }))).toContain('window.just-outside')
      const narrow = await check('window one too narrow', { windows })
      expect(wrongCases(narrow)).toEqual(['window.just-inside'])
      expect(narrow.reason).toContain('the window is too narrow')
      expect((await check(null, { windows })).status).toBe('pass')
    },
  )

  test('is judged without a mask where the device takes none', async () => {
    const sound = await check('takes no mask')
    expect(sound.status).toBe('pass')
    expect(sound.cases.map(({ status }) => status)).toEqual(['pass', 'pass', 'skip', 'skip'])
  })

  test.each<[string, Partial<LanguageModelLimits>, string]>([
    ['none', { windows: [null, null] }, 'no layer of the model has a sliding window'],
    [
      'one in some layers',
      { windows: [4, null, 4] },
      '1 of 3 layers attend to every position, so that no token is outside',
    ],
    ['one as long as the context', { windows: [200, 200] }, "a window of 200 holds all of the model's 200 positions"],
    [
      'one that takes too long',
      { mostTflop: 1e-9 },
      '6 tokens in one pass take 1.4e-8 TFLOP, more than the 1e-9 of limits.passTflop',
    ],
  ])('is skipped where the model has %s, with the reason', async (_, limits, reason) => {
    expect(await check(null, limits)).toMatchObject({ status: 'skip', reason })
  })

  test('whose reach is longer than the context is judged by what lies just outside it', async () => {
    const { cases } = await check(null, { windows: Array<number>(6).fill(64) })
    expect(cases.map(({ id }) => id)).not.toContain('window.beyond-every-window')
    expect(cases).toHaveLength(3)
  })
})

describe('a long text', () => {
  const casesFor = (limits: Partial<LanguageModelLimits>) =>
    longContext.cases({ prompts: [], text: TEXT, newTokens: 8, limits: { ...LIMITS, ...limits } })

  test('is as long as the positions, and looked at on both sides of every power of two, between, and at the last', () => {
    expect(casesFor({})).toMatchObject([{ name: '200', tokens: { length: 200 } }])
    const sampled = sampledPositions(1024)
    for (const power of [1, 2, 4, 64, 512]) expect(sampled).toEqual(expect.arrayContaining([power - 1, power]))
    expect(sampled.at(-1)).toBe(1023)
    expect(new Set(sampled).size).toBe(sampled.length)
    const widest = Math.max(...sampled.slice(1).map((position, index) => position - (sampled[index] ?? 0)))
    expect(widest).toBeLessThanOrEqual(64)
    for (const length of [1, 2, 3, 17]) expect(Math.max(...sampledPositions(length))).toBe(length - 1)
  })

  test('that takes too much is refused with the figures, and halved until it does not', () => {
    // 2 x 1000 operations for each token, and 64 for each pair: 8192 tokens take 4.3e9, 4096 1.1e9, 2048 2.7e8.
    const cases = casesFor({ positions: 8192, mostTflop: 1e-3 })
    expect(cases).toMatchObject([
      { name: '8192', refused: '8192 tokens in one pass take 0.0043 TFLOP, more than the 0.001 of limits.passTflop' },
      { name: '2048', tokens: { length: 2048 } },
    ])
    expect(casesFor({ positions: 8192, mostTflop: 1e-6 })).toMatch(/^8192 tokens in one pass take/)
  })

  test('of a large vocabulary is asked for position by position, which gives the same logits', async () => {
    const cases = casesFor({ vocabulary: 10_000_000 })
    if (typeof cases === 'string') throw new Error(cases)
    const [asked] = cases
    expect(asked?.beside).toMatchObject({ sampled_positions: [[24, 49, 99, 199]], one_by_one: [[1]] })
    const model = toyModel()
    const tokens = TEXT.slice(0, 200)
    const observed = (beside: Record<string, number[][]>) =>
      longContext.observe(
        model,
        { id: 'long-context.200', kind: 'long-context', tokens, newTokens: 0, beside },
        { input_ids: tokenTensor([tokens]) },
        { again: false, stop: [] },
      )
    const sampled = { sampled_positions: [[24, 49, 99, 199]] }
    const [whole, single] = [await observed(sampled), await observed({ ...sampled, one_by_one: [[1]] })]
    expect(whole['sampled_logits']?.shape).toEqual([1, 4, 32])
    expect(single).toEqual(whole)
  })

  test('is read back from a golden that holds one', () => {
    const stored = {
      inputs: { input_ids: tokenTensor([[5, 6, 7]]), sampled_positions: tokenTensor([[0, 2]]) },
      outputs: { sampled_logits: tensorOf([1, 2, 1], Float32Array.of(1, 2)) },
    }
    expect(longContext.ofGolden?.(stored)).toEqual({ tokens: [5, 6, 7], beside: { sampled_positions: [[0, 2]] } })
    expect(longContext.ofGolden?.({ ...stored, outputs: {} })).toBeNull()
  })
})

test('a prompt through the cache goes past a window that is short enough', () => {
  const names = (windows: readonly (number | null)[]) => {
    const prompts = [{ id: 'a', tokens: [1, 2, 3, 4, 5] }]
    const cases = familyOf.get('stepwise')?.cases({ prompts, text: TEXT, newTokens: 8, limits: { ...LIMITS, windows } })
    return typeof cases === 'object' ? cases.map(({ name, tokens }) => [name, tokens.length]) : cases
  }
  expect(names([null, null])).toEqual([['a', 5]])
  expect(names([16, null])).toEqual([
    ['a', 5],
    ['past-the-window', 24],
  ])
  expect(names([193, 193])).toEqual([['a', 5]])
  expect(names([4096])).toEqual([['a', 5]])
})
