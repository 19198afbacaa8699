import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CheckResult } from '../../src/events/result.ts'
import { writeCheckpoint } from '../checkpoints.ts'
import { type Conducted, conduct, faulty } from './conducted.ts'

const home = mkdtempSync(join(tmpdir(), 'assay-wrong-'))
const model = join(home, 'model')
let run: Conducted
let benchmarked: Conducted

const WRONG = [
  'scaled',
  'nan',
  'wrong-shape',
  'missing-output',
  'extra-output',
  'wrong-type',
  'shaky',
  'forgetful-cache',
  'wrong-token',
  'no-tokens',
  'mixing',
  'blind-to-padding',
  'deaf-to-positions',
  'short-sighted',
] as const
const TIMED = ['fast-and-wrong', 'tired', 'short', 'unmeasured', 'small', 'narrow'] as const

beforeAll(async () => {
  writeCheckpoint(model)
  const judged = conduct({ models: [model], engines: faulty(...WRONG, 'sound') }, home)
  const timed = conduct(
    {
      models: [model],
      precisions: ['fp16'],
      reference: { device: 'ort:cpu', precision: 'fp32' },
      checks: [],
      benchmarks: { generation: { batch: [1, 2], inputTokens: 16, outputTokens: 8, repetitions: 3, budgetMs: 2000 } },
      engines: faulty(...TIMED, 'sound'),
    },
    home,
  )
  ;[run, benchmarked] = await Promise.all([judged, timed])
}, 180_000)

afterAll(() => rmSync(home, { recursive: true, force: true }))

function check(fault: string, name: string): CheckResult {
  const found = run.unit(`${fault}:cpu`).checks.find(one => one.name === name)
  if (!found) throw new Error(`${fault} was not judged by ${name}`)
  return found
}

describe('a device that computes something else fails, with the place:', () => {
  test('logits that are one percent too large', () => {
    expect(run.unit('scaled:cpu')).toMatchObject({ status: 'fail', fault: null })
    const parity = check('scaled', 'logits-parity')
    expect(parity).toMatchObject({
      status: 'fail',
      reference: 'ort:cpu fp32',
      metrics: { relL2: expect.closeTo(0.01, 5) },
    })
    const { worst } = parity
    expect(worst).toMatchObject({ output: 'logits', case: expect.stringMatching(/^logits\.random-/) })
    expect(worst?.index).toHaveLength(3)
    expect((worst?.device ?? 0) / (worst?.reference ?? 1)).toBeCloseTo(1.01, 4)
  })

  test('one NaN', () => {
    const parity = check('nan', 'logits-parity')
    expect(parity.status).toBe('fail')
    expect(parity.reason).toMatch(/NaN/)
    expect(parity.worst).toMatchObject({ case: 'logits.random-5', output: 'logits', index: [0, 2, 7], device: null })
  })

  test.each<[string, RegExp]>([
    ['wrong-shape', /logits.*\[\d+, ?96\].*\[1, ?\d+, ?96\]/],
    ['missing-output', /logits/],
    ['extra-output', /attentions/],
    ['wrong-type', /f64/],
  ])('%s', (fault, reason) => {
    expect(run.unit(`${fault}:cpu`).status).toBe('fail')
    expect(check(fault, 'logits-parity').status).toBe('fail')
    expect(check(fault, 'logits-parity').reason).toMatch(reason)
  })

  test('not the same twice', () => {
    expect(check('shaky', 'determinism').status).toBe('fail')
    expect(check('shaky', 'logits-parity').status).toBe('pass')
  })

  test('a cache that forgets', () => {
    expect(check('forgetful-cache', 'prefill-decode').status).toBe('fail')
    expect(check('forgetful-cache', 'logits-parity').status).toBe('pass')
  })

  test('rows that change with the rows beside them', () => {
    expect(check('mixing', 'batch-invariance')).toMatchObject({
      status: 'fail',
      reason: expect.stringMatching(/^logits_batched of row-1-of-2 differ by relL2/),
    })
    expect(check('scaled', 'batch-invariance').status).toBe('pass')
  })

  test('a mask that is ignored, where padding stands before a row', () => {
    const { status, cases } = check('blind-to-padding', 'padding')
    expect(status).toBe('fail')
    const wrong = cases.filter(one => one.status === 'fail').map(({ id }) => id.split('-')[0])
    expect(wrong).toEqual(Array(4).fill('padding.left'))
    expect(check('blind-to-padding', 'batch-invariance').status).toBe('pass')
  })

  test('a text that is right up to a position, by that position', () => {
    const long = check('short-sighted', 'long-context')
    expect(long).toMatchObject({ status: 'fail', cases: [{ id: 'long-context.96' }] })
    expect(long.cases[0]?.details['wrongPositions']).toMatch(/^64; 66; /)
    expect(check('short-sighted', 'prefill-decode').status).toBe('pass')
  })

  test('logits that are one percent too large, by their average and largest difference', () => {
    const ten = check('scaled', 'ten-prompts')
    expect(ten).toMatchObject({
      status: 'fail',
      samples: 10,
      reason: expect.stringMatching(/^logits of random-1 differ by/),
    })
    expect(ten.metrics['meanAbs']).toBeGreaterThan(ten.thresholds['meanAbs']?.limit ?? Number.POSITIVE_INFINITY)
  })

  test('positions that are not heard', () => {
    expect(check('deaf-to-positions', 'rotary')).toMatchObject({
      status: 'fail',
      reason: expect.stringMatching(/^stretched: .*position_ids are ignored$/),
    })
    expect(check('deaf-to-positions', 'padding').status).toBe('pass')
  })

  test('a token that the reference would not have chosen, by its number', () => {
    const greedy = check('wrong-token', 'greedy-agreement')
    expect(greedy.status).toBe('fail')
    expect(greedy.cases[0]).toMatchObject({ status: 'fail', metrics: { firstDifference: 4 } })
    const { sideBySide } = greedy.cases.find(one => one.sideBySide !== undefined) ?? {}
    expect(sideBySide).toMatchObject({ focus: 4, promptTokens: expect.any(Number) })
    // The fault lies behind the logits: on both sides the same token is likeliest, and the reference chose it.
    const [likeliest] = sideBySide?.candidates ?? []
    expect(likeliest?.id).toBe(sideBySide?.reference[4]?.id)
    expect(likeliest?.device).toBeCloseTo(likeliest?.reference ?? Number.NaN, 4)
    expect(sideBySide?.device[4]?.id).not.toBe(likeliest?.id)
    expect(check('no-tokens', 'greedy-agreement').status).toBe('fail')
  })

  test('and the same device without a fault passes every check', () => {
    const { status, checks } = run.unit('sound:cpu')
    expect(status).toBe('pass')
    expect(checks.filter(one => one.status === 'pass').map(({ name }) => name)).toEqual([
      'logits-parity',
      'greedy-agreement',
      'perplexity',
      'ten-prompts',
      'long-context',
      'prefill-decode',
      'batch-invariance',
      'padding',
      'rotary',
      'determinism',
    ])
  })
})

describe('a benchmark', () => {
  const points = (fault: string) => benchmarked.unit(`${fault}:cpu`, 'fp16').benchmarks[0]?.points ?? []

  test('of a fast device that gives wrong tokens fails, and says which', () => {
    const [one] = points('fast-and-wrong')
    expect(one?.status).toBe('fail')
    expect(one?.reason).toMatch(/^1 of 8 timed tokens are wrong; row 0: token 7 is .* below the best logit/)
    expect(one?.audit).toMatchObject({ status: 'fail', outputs: 8, disagreements: 1 })
    expect(points('fast-and-wrong')[1]?.audit).toMatchObject({ outputs: 16, disagreements: 2 })
    expect(one?.metrics['ttftMs']).not.toBeNull()
  })

  test('of a device whose repetitions differ fails', () => {
    expect(points('tired')[0]?.reason).toBe('repetitions of one prompt gave different tokens: sample 0, token 1')
  })

  test('whose tokens did not come back fails', () => {
    expect(points('short')[0]?.reason).toMatch(/^0 timed tokens came back, not \d+$/)
  })

  test('of a device that measures nothing is skipped', () => {
    expect(points('unmeasured').map(({ status, reason }) => ({ status, reason }))).toEqual(
      Array(2).fill({ status: 'skip', reason: 'the engine unmeasured measures nothing' }),
    )
  })

  test('of a batch that does not fit is an error, and the others are measured', () => {
    expect(points('small').map(({ status }) => status)).toEqual(['pass', 'error'])
    expect(points('small')[1]?.reason).toBe('out-of-memory: no room for a batch of 2')
  })

  test('of a sound device passes, audited', () => {
    expect(points('sound').map(({ status, audit }) => [status, audit.status, audit.outputs])).toEqual([
      ['pass', 'pass', 8],
      ['pass', 'pass', 16],
    ])
  })
})

test('a precision that the device has not is skipped, with those that it has', () => {
  expect(benchmarked.unit('narrow:cpu', 'fp16')).toMatchObject({
    status: 'skip',
    reason: 'narrow:cpu has no fp16; it has fp32',
    fault: null,
  })
})

test('what was computed in another type than was asked for is told', () => {
  const { placement, remarks } = benchmarked.unit('sound:cpu', 'fp16')
  expect(placement?.computedIn).toContain('fp32') // onnxruntime has no fp16 products on a CPU
  expect(placement?.operators.map(({ operator }) => operator)).toContain('FusedMatMul')
  if (placement?.computedIn[0] === 'fp32') expect(remarks[0]).toContain('computed in fp32')
})
