import { describe, expect, test } from 'vitest'
import { imagesDocument } from '../../tests/reporters/images.ts'
import type { RunEvent } from '../events/event.ts'
import type { ResultDocument } from '../events/result.ts'
import { randomFrom, summarize } from '../metrics/index.ts'
import { drawn } from './fixtures.ts'
import type { RunSide } from './run-side.ts'
import { compareRuns } from './runs.ts'
import { Samples } from './samples.ts'

const document = imagesDocument()
const [unit] = document.units
if (unit === undefined) throw new Error('the fixture is empty')
const BATCH = 8
const SHAPE = { height: 224, width: 224 }

/** A run whose passes over eight images take about so long. */
function side(run: string, ms: number, seed: number): RunSide {
  const passes = drawn(ms, 0.01, 40, randomFrom(seed))
  const values = passes.map(latencyMs => ({ latencyMs, imagesPerSecond: (1000 * BATCH) / latencyMs }))
  const at = { sequence: 1, timeMs: 0, unit: unit?.id ?? '', attempt: 1 }
  const events: RunEvent[] = [
    { ...at, type: 'unit-started' },
    ...values.map(
      (each): RunEvent => ({
        ...{ ...at, type: 'sample', benchmark: 'inference', batch: BATCH, shape: SHAPE, values: each },
      }),
    ),
  ]
  const metrics = {
    latencyMs: summarize(passes),
    imagesPerSecond: summarize(values.map(({ imagesPerSecond }) => imagesPerSecond)),
  }
  const result: ResultDocument = {
    ...document,
    run,
    units: document.units.slice(0, 1).map(each => ({
      ...each,
      benchmarks: each.benchmarks.map(own => ({
        ...own,
        points: own.points.filter(({ batch }) => batch === BATCH).map(point => ({ ...point, metrics })),
      })),
    })),
  }
  return { name: run, result, samples: Samples.of(events), device: null }
}

describe('images per second of two runs', () => {
  const slower = compareRuns(side('aaaa', 100, 1), side('bbbb', 110, 2), { failOn: ['regression'], by: 0.05 })

  test('that differ are told once, as throughput, though the latency says the same', () => {
    const speed = slower.findings.filter(({ kind }) => kind === 'speed')
    expect(speed.map(({ sentence }) => sentence)).toEqual([
      expect.stringMatching(/^throughput is (8|9|10)(\.\d)? % slower/),
    ])
    expect(speed[0]?.about).toBe('arch/resnet50 on ort:cpu in fp32, batch 8')
  })

  test('stand in the tables with their latency, each with its interval', () => {
    const [point] = slower.units[0]?.points ?? []
    expect(point?.metrics.map(({ metric, better, change }) => [metric, better, change])).toEqual([
      ['latencyMs', 'lower', 'worse'],
      ['imagesPerSecond', 'higher', 'worse'],
    ])
    expect(point?.metrics[0]?.interval?.[0]).toBeGreaterThan(1.05)
  })

  test('fail a gate that allows less', () => expect(slower.gate).toMatchObject({ failed: true }))

  test('that do not differ are told not to', () => {
    const same = compareRuns(side('aaaa', 100, 1), side('bbbb', 100, 1), null)
    expect(same.findings.filter(({ kind }) => kind === 'speed')).toMatchObject([{ change: 'none' }])
  })
})
