import { describe, expect, test } from 'vitest'
import { resultOf } from '../events/document.ts'
import { ComparisonDocument } from './document.ts'
import { logOf, type MadeRun } from './fixtures.ts'
import type { Asked } from './gate.ts'
import type { RunSide } from './run-side.ts'
import { compareRuns } from './runs.ts'
import { Samples } from './samples.ts'

interface How {
  readonly device?: string
  readonly bare?: boolean
}

function side(made: MadeRun, { device, bare = false }: How = {}): RunSide {
  const events = logOf(made)
  const result = resultOf(events)
  if (result === null) throw new Error('no events')
  return { name: made.run ?? 'aaaa', result, samples: bare ? null : Samples.of(events), device: device ?? null }
}

const GATE: Asked = { failOn: ['regression'], by: 0.05 }

/** Compared, and as its own schema reads it. */
const compared = (a: RunSide, b: RunSide, asked: Asked | null = null) => {
  const comparison = compareRuns(a, b, asked)
  expect(ComparisonDocument.parse(JSON.parse(JSON.stringify(comparison)))).toEqual(comparison)
  return comparison
}

const saying = ({ findings }: ComparisonDocument, kind: string) =>
  findings.filter(finding => finding.kind === kind).map(({ sentence }) => sentence)

describe('a run against itself', () => {
  const a = side({ units: [{}, { precision: 'int8', batches: [1, 4] }] })

  test('finds nothing', () => {
    const { findings, only, gate } = compared(a, a, { failOn: ['regression'], by: 0 })
    expect(findings.filter(({ change }) => change !== 'none')).toEqual([])
    expect(new Set(findings.map(({ sentence }) => sentence.split(':')[1]?.trim()))).toEqual(
      new Set(['no difference can be shown']),
    )
    expect(only).toEqual({ a: [], b: [] })
    expect(gate).toMatchObject({ failed: false, regressions: [] })
  })
})

describe('a slower run', () => {
  const [a, b] = [side({ seed: 1 }), side({ run: 'bbbb', seed: 2, stepMs: 10.8 })]

  test('is said to be slower, by how much, and how sure that is', () => {
    expect(saying(compared(a, b), 'speed')[3]).toMatch(
      /^decode is \d\.\d % slower \(95 % interval \d\.\d to \d\.\d %, p < 0\.001, 20 and 20 samples\)$/,
    )
    for (const sentence of saying(compared(a, b), 'speed')) expect(sentence).toMatch(/ % slower \(/)
    for (const sentence of saying(compared(b, a), 'speed')) expect(sentence).toMatch(/ % faster \(/)
  })

  test('fails the gate that allows less, and passes the one that allows more', () => {
    expect(compared(a, b, GATE).gate).toMatchObject({ failed: true, inconclusive: [] })
    expect(compared(a, b, GATE).gate?.regressions).toHaveLength(4)
    expect(compared(a, b, { ...GATE, by: 0.2 }).gate).toMatchObject({
      failed: false,
      regressions: [],
      inconclusive: [],
    })
    expect(compared(b, a, GATE).gate).toMatchObject({ failed: false, regressions: [] })
  })

  test('of which the samples cannot tell fails only where that was asked for', () => {
    const noisy = side({ run: 'cccc', seed: 3, spread: 0.3, stepMs: 10.8 })
    const { gate } = compared(side({ seed: 4, spread: 0.3 }), noisy, GATE)
    expect(gate).toMatchObject({ failed: false, regressions: [] })
    expect(gate?.inconclusive[0]).toMatch(/a loss of more than 5\.0 % can be neither shown nor ruled out/)
    const strict = compared(side({ seed: 4, spread: 0.3 }), noisy, { failOn: ['inconclusive'], by: 0.05 })
    expect(strict.gate?.failed).toBe(true)
  })

  test('of which there are medians alone is not called slower, and is what cannot be told', () => {
    const bare = side({ run: 'bbbb', seed: 2, stepMs: 10.8 }, { bare: true })
    const comparison = compared(a, bare, GATE)
    expect(saying(comparison, 'speed')[0]).toMatch(
      /^the first token is \d\.\d % slower by its medians alone: without samples/,
    )
    expect(comparison.findings.filter(({ change }) => change === 'worse')).toEqual([])
    expect(comparison.gate).toMatchObject({ failed: false, regressions: [] })
    expect(comparison.gate?.inconclusive).toHaveLength(4)
    expect(saying(comparison, 'setting').join()).toContain('only medians can be compared')
  })
})

test('the gate gives a false alarm in fewer than 5 of 100 comparisons of the same device', () => {
  let alarms = 0
  for (let trial = 0; trial < 60; trial++) {
    const [a, b] = [side({ seed: 1 + 2 * trial, spread: 0.1 }), side({ run: 'b', seed: 2 + 2 * trial, spread: 0.1 })]
    if (compareRuns(a, b, GATE).gate?.failed === true) alarms++
  }
  expect(alarms / 60).toBeLessThan(0.05)
})

describe('verdicts', () => {
  test.each([
    ['pass', 'fail', 'worse'],
    ['fail', 'pass', 'better'],
    ['pass', 'skip', 'worse'],
    ['pass', 'inconclusive', 'worse'],
    ['fail', 'error', 'worse'],
    ['fail', 'inconclusive', 'better'],
  ] as const)('from %s to %s are %s', (from, to, change) => {
    const [a, b] = [
      side({ units: [{ status: from, batches: [] }] }),
      side({ run: 'b', units: [{ status: to, batches: [] }] }),
    ]
    const comparison = compared(a, b, GATE)
    expect(comparison.units[0]?.checks[0]?.verdicts.change).toBe(change)
    expect(comparison.findings.filter(({ kind }) => kind === 'verdict').map(finding => finding.change)).toContain(
      change,
    )
    expect(comparison.gate?.failed).toBe(change === 'worse')
    expect(saying(comparison, 'verdict')).toContain(
      `logits-parity went from ${from} to ${to}${to === 'pass' ? '' : ': it is off'}`,
    )
  })
})

describe('what one side alone has', () => {
  const [one, two] = [{ model: 'zoo/llama' }, { model: 'zoo/mistral' }]

  test('is listed; what vanished fails the gate, and what is new does not', () => {
    const [a, b] = [side({ units: [one, two] }), side({ run: 'b', units: [one] })]
    const gone = compared(a, b, GATE)
    expect(gone.only).toEqual({ a: [{ model: 'zoo/mistral', device: 'ort:cpu', precision: 'fp32' }], b: [] })
    expect(gone.gate).toMatchObject({
      failed: true,
      regressions: ['zoo/mistral on ort:cpu in fp32: the unit is in A alone'],
    })
    expect(compared(b, a, GATE)).toMatchObject({ gate: { failed: false }, only: { b: [{ model: 'zoo/mistral' }] } })
  })

  test('is said of a point of a benchmark too', () => {
    const [a, b] = [side({ units: [{ batches: [1, 8] }] }), side({ run: 'b', units: [{ batches: [1] }] })]
    const comparison = compared(a, b, GATE)
    expect(saying(comparison, 'missing')).toEqual(['generation at batch 8 is in A alone (pass)'])
    expect(comparison.gate?.failed).toBe(true)
  })

  test('is all, where the two have nothing in common', () => {
    const comparison = compared(side({ units: [one] }), side({ run: 'b', units: [two] }))
    expect(comparison.units).toEqual([])
    expect(saying(comparison, 'missing')).toEqual(['the unit is in A alone', 'the unit is in B alone'])
  })
})

describe('devices', () => {
  const both = {
    units: [{ device: 'ort:cpu' }, { device: 'torch:cpu' }, { device: 'torch:cpu', precision: 'fp16' as const }],
  }

  test('two of one run are paired by model and precision', () => {
    const comparison = compared(side(both, { device: 'ort:cpu' }), side(both, { device: 'torch:cpu' }))
    expect(comparison.units.map(({ devices }) => devices)).toEqual([{ a: 'ort:cpu', b: 'torch:cpu' }])
    expect(comparison.only).toEqual({ a: [], b: [{ model: 'zoo/llama', device: 'torch:cpu', precision: 'fp16' }] })
    expect(saying(comparison, 'setting')).toContain('two devices: ort:cpu in A, torch:cpu in B')
    expect(saying(comparison, 'setting').join()).not.toContain('not taken in turn')
  })

  test('of two runs are held against themselves alone', () => {
    const turned = { run: 'b', units: both.units.toReversed() }
    const comparison = compared(side(both), side(turned))
    expect(comparison.units.map(({ devices: { a, b } }) => a === b)).toEqual([true, true, true])
  })
})

test('what is not alike around the numbers is said first', () => {
  const a = side({})
  const b = side({
    run: 'b',
    cpu: 'Another',
    startedMs: Date.UTC(2026, 0, 2),
    units: [{ fingerprint: 'e'.repeat(64) }],
  })
  const newer = {
    ...b,
    result: { ...b.result, host: { ...b.result.host, versions: { assay: '0.2.0', node: '24.0.0' } } },
  }
  const { findings } = compared(a, newer)
  expect(findings.findIndex(({ kind }) => kind !== 'setting')).toBe(4)
  expect(findings.slice(0, 4).map(({ sentence }) => sentence)).toEqual([
    'another processor: A processor in A, Another in B',
    'another version of assay: 0.1.0 in A, 0.2.0 in B',
    'zoo/llama is another model: its config or weights differ (fingerprints)',
    'the times were not taken in turn: A began at 2026-01-01 00:00:00, B at 2026-01-02 00:00:00 (UTC); what changed on the machine in between is in every ratio',
  ])
})

test('numbers of the checks stand side by side, and those that moved have a sentence', () => {
  const [a, b] = [side({ units: [{ relL2: 1e-6 }] }), side({ run: 'b', units: [{ relL2: 4e-6 }] })]
  const comparison = compared(a, b)
  expect(comparison.units[0]?.checks[0]?.metrics).toEqual([
    { metric: 'relL2', a: 1e-6, b: 4e-6, threshold: expect.objectContaining({ limit: 1e-4 }) },
    { metric: 'top1', a: 1, b: 1, threshold: null },
  ])
  expect(saying(comparison, 'numerics')).toEqual([
    'logits-parity: relative L2 error is 1e-6 in A, 4e-6 in B (limit ≤ 1e-4)',
  ])
})

test('memory that grew is said, and that one figure shows nothing', () => {
  const [a, b] = [
    side({ units: [{ peakMemoryBytes: 2 ** 30 }] }),
    side({ run: 'b', units: [{ peakMemoryBytes: 1.5 * 2 ** 30 }] }),
  ]
  const comparison = compared(a, b, GATE)
  expect(saying(comparison, 'figure')).toEqual([
    'peak memory is 50 % larger (1 GiB in A, 1.5 GiB in B; one figure of each side, no statistics)',
  ])
  expect(comparison.gate?.failed).toBe(false)
  expect(comparison.gate?.inconclusive).toContainEqual(expect.stringContaining('peak memory is 50 % larger'))
})
