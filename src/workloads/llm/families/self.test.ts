/** Cases of a device with itself, asked of a small transformer that is right or wrong in one way, and judged. */
import { describe, expect, test } from 'vitest'
import { type CaseOutputs, checks } from '../../../checks/index.ts'
import type { CheckResult } from '../../../events/result.ts'
import { WorkerError } from '../../../protocol/failure.ts'
import { type NamedTensors, tokenTensor } from '../../../tensor.ts'
import type { LanguageModelLimits } from '../limits.ts'
import { type Fault, type ToySettings, toyModel } from './fixtures.ts'
import { familyOf } from './index.ts'

const LIMITS: LanguageModelLimits = { vocabulary: 32, positions: 200, stop: [] }
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
