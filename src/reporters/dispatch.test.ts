import { describe, expect, test } from 'vitest'
import { log } from '../../tests/reporters/fixture.ts'
import { resultOf } from '../events/document.ts'
import type { RunEvent } from '../events/event.ts'
import { createDispatch, renderReport } from './dispatch.ts'
import type { LiveReporter } from './reporter.ts'

const events = log().slice(0, 5)
const result = () => {
  const document = resultOf(events)
  if (document === null) throw new Error('the fixture is empty')
  return document
}

/** A reporter that remembers, and throws at the event of a number. */
function reporter(name: string, throwsAt = Number.POSITIVE_INFINITY) {
  const heard: number[] = []
  const ended: string[] = []
  const live: LiveReporter = {
    name,
    onEvent: event => {
      heard.push(event.sequence)
      if (event.sequence >= throwsAt) throw new Error(`${name} broke`)
    },
    end: ({ run }) => ended.push(run),
  }
  return { live, heard, ended }
}

describe('a reporter that throws', () => {
  test('is named once and left out, and the others hear everything', () => {
    const [bad, good] = [reporter('bad', 2), reporter('good')]
    const failures: string[] = []
    const dispatch = createDispatch([bad.live, good.live], (name, error) => failures.push(`${name}: ${error}`))
    for (const event of events) dispatch.event(event)
    dispatch.end(result(), [])
    expect(failures).toEqual(['bad: Error: bad broke'])
    expect(bad.heard).toEqual([1, 2])
    expect(bad.ended).toEqual([])
    expect(good.heard).toEqual([1, 2, 3, 4, 5])
    expect(good.ended).toHaveLength(1)
  })

  test('may be reported through the same dispatch without end', () => {
    const [worse, bad, good] = [reporter('worse', 1), reporter('bad', 1), reporter('good')]
    const failure: RunEvent = { sequence: 9, timeMs: 0, type: 'reporter-failed', reporter: '', message: '' }
    const failures: string[] = []
    const dispatch = createDispatch([worse.live, bad.live, good.live], name => {
      failures.push(name)
      dispatch.event(failure)
    })
    for (const event of events.slice(0, 1)) dispatch.event(event)
    expect(failures.sort()).toEqual(['bad', 'worse'])
    expect(good.heard.toSorted()).toEqual([1, 9, 9])
  })

  test('gives no report, and its name', () => {
    const failures: string[] = []
    const broken = {
      name: 'broken',
      extension: 'txt',
      render: () => {
        throw new Error('no')
      },
    }
    expect(renderReport(broken, result(), name => failures.push(name))).toBeNull()
    expect(failures).toEqual(['broken'])
    expect(renderReport({ ...broken, render: ({ run }) => run }, result(), () => {})).toBe(result().run)
  })
})
