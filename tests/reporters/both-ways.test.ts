/** A report of a run that was watched, of its stored log, and of its log from another machine are the same. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resultOf, toResult } from '../../src/events/document.ts'
import type { RunEvent } from '../../src/events/event.ts'
import { type FoldState, step } from '../../src/events/fold.ts'
import type { ResultDocument } from '../../src/events/result.ts'
import { REPORTERS } from '../../src/reporters/index.ts'
import type { Reporter } from '../../src/reporters/reporter.ts'
import { createTerminal } from '../../src/reporters/terminal/terminal.ts'
import { openStore } from '../../src/store/store.ts'
import { bodies, log, RUN } from './fixture.ts'

let home = ''
let live: { events: RunEvent[]; result: ResultDocument }
let stored: RunEvent[]
let elsewhere: RunEvent[]

const present = (document: ResultDocument | null) => {
  if (document === null) throw new Error('there is no result')
  return document
}

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'assay-reporters-'))
  const times = log().map(event => event.timeMs)
  const store = openStore(join(home, 'assay.db'), () => times.shift() ?? 0)
  let state: FoldState = null
  const events: RunEvent[] = []
  for (const body of bodies()) {
    const event = store.append(RUN, body)
    events.push(event)
    state = step(state, event)
  }
  live = { events, result: present(toResult(state)) }
  stored = store.events(RUN)
  const other = openStore(join(home, 'elsewhere.db'))
  elsewhere = other.events(other.importLog(store.exportLog(RUN), 'run.jsonl'))
  store.close()
  other.close()
})
afterAll(() => rmSync(home, { recursive: true }))

const reporters: [string, Reporter][] = Object.entries(REPORTERS)

describe.each(reporters)('the %s report', (name, reporter) => {
  test('is the same of a run that was watched, of its stored log, and of its log from another machine', () => {
    const report = reporter.render(live.result)
    expect(report.length).toBeGreaterThan(1000)
    expect(reporter.render(present(resultOf(stored)))).toBe(report)
    expect(reporter.render(present(resultOf(elsewhere)))).toBe(report)
  })

  test('is a pure function: it changes nothing and gives the same twice', () => {
    const copy = structuredClone(live.result)
    expect(reporter.render(live.result)).toBe(reporter.render(copy))
    expect(live.result).toEqual(copy)
  })

  test('can be made of every prefix of a run', () => {
    for (let length = 1; length <= stored.length; length += 7) {
      const report = reporter.render(present(resultOf(stored.slice(0, length))))
      expect(report.match(/undefined|[>" ]NaN[<" ](?!or Inf)|\[object/g)).toBeNull()
    }
  })

  test('is named as it is listed', () => expect(reporter.name).toBe(name))
})

test('the terminal prints the same of a run that was watched and of its stored log', () => {
  const watch = (events: readonly RunEvent[]) => {
    let output = ''
    const terminal = createTerminal({ stream: { write: text => (output += text) }, env: {}, now: () => 0 })
    for (const event of events) terminal.onEvent(event)
    terminal.end(present(resultOf(events)), [])
    return output
  }
  expect(watch(stored)).toBe(watch(live.events))
  expect(watch(elsewhere)).toBe(watch(live.events))
})
