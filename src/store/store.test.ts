import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { log, RUN, UNITS } from '../../tests/reporters/fixture.ts'
import { AssayError } from '../errors.ts'
import { resultOf } from '../events/document.ts'
import type { EventBody, RunEvent } from '../events/event.ts'
import { openStore, STORE_FILE, type Store } from './store.ts'

let home = ''
let path = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'assay-store-'))
  path = join(home, 'deeper', STORE_FILE)
})
afterEach(() => rmSync(home, { recursive: true }))

const bodyOf = ({ sequence: _, timeMs: __, ...body }: RunEvent): EventBody => body
const bodies = () => log().map(bodyOf)

/** Appends the whole fixture, or its beginning, under another id where one is given. */
function write(store: Store, run = RUN, count = Number.POSITIVE_INFINITY): RunEvent[] {
  return bodies()
    .slice(0, count)
    .map(body => store.append(run, body.type === 'run-started' ? { ...body, run } : body))
}

const codeOf = (body: () => unknown) => {
  try {
    body()
  } catch (error) {
    return error instanceof AssayError ? error.code : error
  }
  return null
}

function appender(run: string, count: number) {
  const script = fileURLToPath(new URL('../../tests/reporters/appender.ts', import.meta.url))
  const child = spawn(process.execPath, [script, path, run, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.setEncoding('utf8')
  return child
}

describe('a store', () => {
  test('gives back what was appended, numbered from 1 and timed by its clock', () => {
    let clock = 1000
    const store = openStore(path, () => clock++)
    const appended = write(store)
    expect(store.events(RUN)).toEqual(appended)
    expect(appended.map(event => event.sequence)).toEqual(log().map(event => event.sequence))
    expect(appended[0]?.timeMs).toBe(1000)
    store.close()
    const again = openStore(path)
    expect(again.events(RUN)).toEqual(appended)
    again.close()
  })

  test('goes on with a run that another process began', () => {
    const first = openStore(path)
    write(first, RUN, 5)
    first.close()
    const second = openStore(path)
    expect(second.append(RUN, { type: 'run-resumed' }).sequence).toBe(6)
    second.close()
  })

  test('lists runs newest first, with their verdict as their events give it', () => {
    let clock = 0
    const store = openStore(path, () => clock++)
    write(store, 'first')
    write(store, 'second', 20)
    const [newest, oldest, ...none] = store.runs(10)
    expect(none).toEqual([])
    expect(oldest).toMatchObject({
      id: 'first',
      verdict: 'error',
      phase: 'ended',
      units: 8,
      plan: 'plans/default.yaml',
    })
    expect(oldest?.counts).toEqual(resultOf(store.events('first'))?.counts)
    expect(newest).toMatchObject({ id: 'second', phase: 'running', verdict: 'inconclusive', planPath: null })
    expect(newest?.counts).toEqual({ pass: 0, fail: 0, error: 0, skip: 0, inconclusive: 0 })
    expect(store.runs(1)).toHaveLength(1)
    expect(store.latestUnfinished()?.id).toBe('second')
    store.append('second', { type: 'run-ended' })
    expect(store.latestUnfinished()).toBeNull()
    store.close()
  })

  test('finds a run by the beginning of its id, and says so where there is none or more than one', () => {
    const store = openStore(path)
    expect(codeOf(() => store.find('latest'))).toBe('run-not-found')
    for (const id of ['abc1', 'abc2', 'b', 'b%']) write(store, id, 1)
    expect(store.find('abc1').id).toBe('abc1')
    expect(store.find('b').id).toBe('b')
    expect(codeOf(() => store.find('abc'))).toBe('argument-invalid')
    for (const missing of ['', '%', 'zzz']) expect(codeOf(() => store.find(missing))).toBe('run-not-found')
    expect(codeOf(() => store.events('zzz'))).toBe('run-not-found')
    expect(codeOf(() => store.append('zzz', { type: 'run-ended' }))).toBe('run-not-found')
    store.close()
  })

  test('finds the last run, and those before it', () => {
    let clock = 0
    const store = openStore(path, () => clock++)
    for (const id of ['old', 'middle', 'new']) write(store, id, 1)
    for (const [name, id] of Object.entries({
      last: 'new',
      latest: 'new',
      'last~0': 'new',
      'last~1': 'middle',
      'last~2': 'old',
    }))
      expect(store.find(name).id).toBe(id)
    for (const missing of ['last~3', 'last~', 'last~x']) expect(codeOf(() => store.find(missing))).toBe('run-not-found')
    store.close()
  })

  test('refuses an event that cannot follow, and keeps the log as it was', () => {
    const store = openStore(path)
    const written = write(store, RUN, 3)
    const unknown: EventBody = { type: 'unit-started', unit: UNITS.wrong.id, attempt: 2 }
    expect(codeOf(() => store.append(RUN, unknown))).toBe('log-invalid')
    expect(codeOf(() => write(store, RUN, 1))).toBe('log-invalid')
    expect(store.events(RUN)).toEqual(written)
    expect(store.append(RUN, { type: 'run-interrupted' }).sequence).toBe(4)
    store.close()
  })

  test('refuses a number that JSON has no word for, rather than store null in its place', () => {
    const store = openStore(path)
    write(store, RUN, 2)
    const at = { unit: UNITS.reference.id, attempt: 1 }
    expect(() => store.append(RUN, { type: 'activity', ...at, text: '', done: Number.NaN, total: 0 })).toThrow()
    expect(store.events(RUN)).toHaveLength(2)
    store.close()
  })
})

describe('a log', () => {
  test('goes to another machine as JSON lines and gives the same events there', () => {
    const here = openStore(path)
    write(here)
    const text = here.exportLog(RUN)
    const there = openStore(join(home, 'there.db'))
    expect(there.importLog(text, 'run.jsonl')).toBe(RUN)
    expect(there.events(RUN)).toEqual(here.events(RUN))
    expect(there.runs(1)).toEqual(here.runs(1))
    here.close()
    there.close()
  })

  test('may be taken in again, longer or shorter, but not another of the same run', () => {
    const here = openStore(path)
    write(here)
    const lines = here.exportLog(RUN).split('\n')
    const there = openStore(join(home, 'there.db'))
    for (const count of [10, 10, 30, 5]) there.importLog(lines.slice(0, count).join('\n'), 'run.jsonl')
    expect(there.events(RUN)).toHaveLength(30)
    expect(there.append(RUN, { type: 'run-interrupted' }).sequence).toBe(31)
    expect(codeOf(() => there.importLog(lines.join('\n'), 'run.jsonl'))).toBe('log-invalid')
    here.close()
    there.close()
  })

  test.each([
    ['nothing', ''],
    ['a line that is cut off', JSON.stringify(log()[0]).slice(0, -5)],
    ['a line that is no event', '{"sequence":1,"timeMs":0,"type":"moon-landing"}'],
    ['no beginning', JSON.stringify(log()[3])],
    ['a gap', [log()[0], log()[2]].map(event => JSON.stringify(event)).join('\n')],
  ])('with %s is refused whole', (_, text) => {
    const store = openStore(path)
    expect(codeOf(() => store.importLog(text, 'run.jsonl'))).toBe('log-invalid')
    expect(store.runs(1)).toEqual([])
    store.close()
  })

  test('names the line that is wrong', () => {
    const store = openStore(path)
    expect(() => store.importLog(`${JSON.stringify(log()[0])}\n\n{`, 'run.jsonl')).toThrow(
      expect.objectContaining({ where: 'run.jsonl:3' }),
    )
    store.close()
  })
})

describe('a file', () => {
  test('that is no database, or another program’s, or of a newer Assay is named as such', () => {
    const text = join(home, 'text.db')
    writeFileSync(text, 'this is no database, and long enough to be one'.repeat(50))
    expect(codeOf(() => openStore(text))).toBe('store-invalid')

    const other = join(home, 'other.db')
    const database = new DatabaseSync(other)
    database.exec('CREATE TABLE theirs (a)')
    database.close()
    expect(codeOf(() => openStore(other))).toBe('store-invalid')

    openStore(path).close()
    const newer = new DatabaseSync(path)
    newer.exec('PRAGMA user_version = 99')
    newer.close()
    expect(() => openStore(path)).toThrow(/newer Assay \(format 99/)
  })

  test('that cannot be made says so', () => {
    writeFileSync(join(home, 'file'), '')
    expect(codeOf(() => openStore(join(home, 'file', STORE_FILE)))).toBe('file-unwritable')
    expect(codeOf(() => openStore(home))).toBe('file-unwritable')
  })

  test('with an event that this version does not know says which', () => {
    const store = openStore(path)
    write(store, RUN, 2)
    const database = new DatabaseSync(path)
    database.exec(`UPDATE events SET json = '{"type":"moon-landing"}' WHERE sequence = 2`)
    database.close()
    expect(() => store.events(RUN)).toThrow(expect.objectContaining({ where: `${path}: run ${RUN}, event 2` }))
    store.close()
  })
})

describe('processes', { timeout: 60_000 }, () => {
  test('one killed in mid-append loses at most the event that it was writing', async () => {
    const child = appender('killed', 1_000_000)
    let acknowledged = 0
    for await (const text of child.stdout) {
      acknowledged = Math.max(acknowledged, ...String(text).split('\n').slice(0, -1).map(Number))
      if (acknowledged > 60) child.kill('SIGKILL')
    }
    const store = openStore(path)
    const events = store.events('killed')
    expect(events.length).toBeGreaterThanOrEqual(acknowledged)
    expect(events.map(event => event.sequence)).toEqual(events.map((_, index) => index + 1))
    expect(store.latestUnfinished()?.id).toBe('killed')
    expect(store.append('killed', { type: 'run-resumed' }).sequence).toBe(events.length + 1)
    store.close()
  })

  test('several that write at once, to one run and to their own, lose and repeat nothing', async () => {
    const children = ['shared', 'shared', 'own-1', 'own-2'].map(run => appender(run, 40))
    for (const child of children) child.stdout.resume()
    const codes = await Promise.all(children.map(async child => (await once(child, 'close'))[0]))
    expect(codes).toEqual([0, 0, 0, 0])
    const store = openStore(path)
    const shared = store.events('shared')
    expect(shared.map(event => event.sequence)).toEqual(Array.from({ length: 81 }, (_, index) => index + 1))
    const writers = new Set(shared.flatMap(event => (event.type === 'reporter-failed' ? [event.reporter] : [])))
    expect(writers.size).toBe(2)
    expect(store.events('own-1')).toHaveLength(41)
    expect(store.runs(9)).toHaveLength(3)
    store.close()
  })
})
