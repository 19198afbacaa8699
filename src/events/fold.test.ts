import { assert, nat, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bodies, log, number, UNITS } from '../../tests/reporters/fixture.ts'
import { AssayError } from '../errors.ts'
import { resultOf, toResult, unitResultOf } from './document.ts'
import { EventBody, RunEvent } from './event.ts'
import { fold, step, unfinishedUnits } from './fold.ts'
import { ResultDocument, Saturation } from './result.ts'

const events = log()
const result = () => {
  const document = resultOf(events)
  if (document === null) throw new Error('the fixture is empty')
  return document
}
const unit = (id: string) => {
  const found = result().units.find(each => each.id === id)
  if (found === undefined) throw new Error(`no unit ${id}`)
  return found
}
const code = (error: unknown) => (error instanceof AssayError ? error.code : error)
const catching = (body: () => unknown) => {
  try {
    body()
  } catch (error) {
    return code(error)
  }
  return null
}

describe('the fold', () => {
  test('gives a document that its schema knows, from events that theirs knows', () => {
    for (const event of events) expect(RunEvent.parse(event)).toEqual(event)
    expect(ResultDocument.parse(result())).toEqual(result())
  })

  test('of a log cut anywhere and gone on with equals the fold in one go', () =>
    assert(
      property(nat(events.length), cut => {
        const resumed = fold(events.slice(cut), fold(events.slice(0, cut)))
        expect(toResult(resumed)).toEqual(result())
      }),
    ))

  test('of any prefix gives a document that is valid, or null for none', () => {
    let state = null
    expect(toResult(state)).toBeNull()
    for (const event of events) {
      state = step(state, event)
      expect(ResultDocument.safeParse(toResult(state)).success).toBe(true)
    }
  })

  test('leaves the state that it was given as it was', () => {
    const cut = events.findIndex(event => event.type === 'check-ended')
    const before = fold(events.slice(0, cut))
    const copy = structuredClone(before)
    fold(events.slice(cut), before)
    expect(before).toEqual(copy)
  })

  test('knows every type of event that there is', () => {
    const used = new Set(events.map(event => event.type))
    const known = EventBody.options.map(option => option.shape.type.value)
    expect([...used].sort()).toEqual([...known].sort())
  })

  test.each([
    ['an event out of order', [{ ...events[0], sequence: 2 }]],
    ['an event before the run started', [{ ...events[1], sequence: 1 }]],
    ['a second start', [events[0], { ...events[0], sequence: 2 }]],
    ['an unknown unit', [events[0], { sequence: 2, timeMs: 0, type: 'unit-started', unit: 'other', attempt: 1 }]],
    [
      'a check of a unit that was not started',
      [events[0], { ...events.find(event => event.type === 'check-ended'), sequence: 2 }],
    ],
    [
      'an attempt that skips a number',
      [events[0], { sequence: 2, timeMs: 0, type: 'unit-started', unit: UNITS.reference.id, attempt: 2 }],
    ],
  ])('refuses %s', (_, broken) =>
    expect(catching(() => fold(broken.map(event => RunEvent.parse(event))))).toBe('log-invalid'),
  )
})

/** A log as it was written while generation was the only benchmark: its shape among the other fields of a point. */
function asBefore(event: RunEvent): unknown {
  if (event.type === 'sample') return { ...event, shape: { ...event.shape, prefillChunk: null } }
  if (event.type !== 'point-ended') return event
  const { shape, audit, roofline, figures, ...point } = event.point
  const { outputs, ...audited } = audit
  const { prefillPassTokens, ...others } = figures
  return {
    ...event,
    point: {
      ...point,
      ...shape,
      prefillChunk: null,
      prefillPassTokens,
      audit: { ...audited, tokens: outputs },
      roofline,
      figures: others,
    },
  }
}

test('a log from before there were other benchmarks than generation gives the same result', () => {
  const read = resultOf(events.map(event => RunEvent.parse(JSON.parse(JSON.stringify(asBefore(event))))))
  expect(read).toEqual(result())
})

test('and a document from then is read as if it were written today', () => {
  const saturation = { inputTokens: 128, outputTokens: 64, prefillChunk: 32, batch: 16, tokensPerSecond: 5000 }
  const others = { atBatch: 16, measured: 6, beyond: null, phase: 'decode', bound: null, share: null }
  expect(Saturation.parse({ ...saturation, ...others })).toEqual({
    ...{ ...others, shape: { inputTokens: 128, outputTokens: 64, prefillChunk: 32 }, batch: 16, throughput: 5000 },
  })
})

test('a log from before benchmarks had shapes, chunks and limits of the device is read, and says the same', () => {
  const NEW = new Set(['shape', 'prefillChunk', 'prefillPassTokens', 'roofline'])
  const old = events.filter(({ type }) => type !== 'ceilings-measured')
  const written = old.map(event => {
    const before = event.type === 'sample' ? event : asBefore(event)
    return JSON.stringify(before, (key, value: unknown) => (NEW.has(key) ? undefined : value))
  })
  const numbered = written.map((line, index) => RunEvent.parse({ ...JSON.parse(line), sequence: index + 1 }))
  const read = resultOf(numbered)
  expect(ResultDocument.parse(read)).toEqual(read)
  const flaky = read?.units.find(({ id }) => id === UNITS.flaky.id)
  expect(flaky?.ceilings).toBeNull()
  expect(flaky?.benchmarks[0]).toMatchObject({
    saturationBatch: 16,
    saturation: [{ batch: 16, shape: { inputTokens: 128, outputTokens: 64 }, bound: null, phase: null }],
  })
})

describe('the result', () => {
  test('takes a unit from its checks and points, or from the status that was given', () => {
    const statuses = Object.fromEntries(Object.entries(UNITS).map(([name, { id }]) => [name, unit(id).status]))
    expect(statuses).toEqual({
      reference: 'pass',
      emulated: 'pass',
      wrong: 'fail',
      flaky: 'pass',
      skipped: 'skip',
      slow: 'fail',
      undecided: 'inconclusive',
      crashed: 'error',
    })
    expect(result()).toMatchObject({
      verdict: 'error',
      complete: true,
      counts: { pass: 3, fail: 2, error: 1, skip: 1, inconclusive: 1 },
    })
  })

  test('counts only the last attempt, and remarks on the others', () => {
    expect(unit(UNITS.flaky.id)).toMatchObject({ attempts: 2, status: 'pass', reason: null })
    expect(unit(UNITS.flaky.id).checks).toHaveLength(4)
    expect(unit(UNITS.flaky.id).remarks[0]).toMatch(/^attempt 1 ended as error: no heartbeat/)
  })

  test('leaves out a unit that is being tried again, though an earlier attempt ended', () => {
    const cut = events.findIndex(event => event.type === 'unit-started' && event.attempt === 2)
    const state = fold(events.slice(0, cut + 1))
    expect(toResult(state)).toMatchObject({ complete: false })
    expect(toResult(state)?.units.map(each => each.id)).not.toContain(UNITS.flaky.id)
    expect(state && unfinishedUnits(state).map(each => each.header.id)).toContain(UNITS.flaky.id)
    expect(state && unitResultOf(state, UNITS.flaky.id)).toBeNull()
  })

  test('says of a run in which nothing ended that it is inconclusive and not complete', () => {
    expect(resultOf(events.slice(0, 1))).toMatchObject({ verdict: 'inconclusive', complete: false, units: [] })
  })

  test('leaves the pause before a resumption out of the duration', () => {
    const steps = events.length - 2 // one gap is the pause
    expect(result().durationMs).toBe(steps * 1700)
  })

  test('names the batch where throughput stops growing, and none where it still grows', () => {
    expect(unit(UNITS.flaky.id).benchmarks[0]?.saturationBatch).toBe(16)
    expect(unit(UNITS.slow.id).benchmarks[0]?.saturationBatch).toBeNull()
  })

  test('gives no saturation where points differ in more than their batch', () => {
    const uneven = [...number(bodies())].map(event =>
      event.type === 'point-ended' && event.point.batch === 1
        ? { ...event, point: { ...event.point, shape: { ...event.point.shape, inputTokens: 7 } } }
        : event,
    )
    expect(
      resultOf(uneven)?.units.flatMap(each => each.benchmarks.map(({ saturationBatch }) => saturationBatch)),
    ).toEqual([null, null, null])
  })
})
