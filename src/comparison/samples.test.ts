import { expect, test } from 'vitest'
import type { RunEvent } from '../events/event.ts'
import { logOf } from './fixtures.ts'
import { Samples } from './samples.ts'

const shape = { inputTokens: 64, outputTokens: 9 }
const place = { unit: 'zoo/llama|ort:cpu|fp32', benchmark: 'generation', batch: 1, shape }
const sample = (attempt: number, ttftMs: number | null, more: Partial<typeof place> = {}): RunEvent => ({
  ...{ sequence: 1, timeMs: 0, type: 'sample', attempt, values: { ttftMs } },
  ...{ ...place, ...more },
})
const started = (attempt: number): RunEvent => ({
  sequence: 1,
  timeMs: 0,
  type: 'unit-started',
  unit: place.unit,
  attempt,
})

test('every repetition of a point is found, under its own place', () => {
  const samples = Samples.of(logOf({ repetitions: 7, units: [{ batches: [1, 8] }] }))
  expect(samples.at(place)?.get('ttftMs')).toHaveLength(7)
  expect(samples.at({ ...place, batch: 8 })?.get('decodeTokensPerSecond')).toHaveLength(7)
  for (const other of [{ batch: 2 }, { unit: 'x' }, { benchmark: 'x' }, { shape: { ...shape, inputTokens: 65 } }])
    expect(samples.at({ ...place, ...other })).toBeNull()
})

test('an attempt that was made again leaves nothing behind', () => {
  const samples = Samples.of([started(1), sample(1, 5), sample(1, 6), started(2), sample(2, 7)])
  expect(samples.at(place)?.get('ttftMs')).toEqual([7])
})

test('a metric that a repetition does not have is left out', () => {
  const samples = Samples.of([started(1), sample(1, null), sample(1, 6)])
  expect(samples.at(place)?.get('ttftMs')).toEqual([6])
})

test('a log from before a benchmark had shapes still gives its samples', () => {
  const old: RunEvent = {
    ...sample(1, 6),
    ...{ type: 'sample', shape: null, attempt: 1, ...{ values: { ttftMs: 6 } } },
    ...{ unit: place.unit, benchmark: 'generation', batch: 1 },
  }
  expect(
    Samples.of([started(1), old])
      .at(place)
      ?.get('ttftMs'),
  ).toEqual([6])
})
