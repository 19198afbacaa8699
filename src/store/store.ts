/** The log of events of every run, in one SQLite file that several processes may use at once. */
import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'
import { AssayError } from '../errors.ts'
import { toResult } from '../events/document.ts'
import { type EventBody, RunEvent } from '../events/event.ts'
import { type FoldState, fold, type RunState, step } from '../events/fold.ts'
import { ResultDocument } from '../events/result.ts'
import { Status } from '../words.ts'
import { explain, openDatabase, setDurable, transact } from './database.ts'
import { formatLog, parseEvent, parseLog } from './log.ts'

/** The store's file in Assay's home. */
export const STORE_FILE = 'assay.db'

/** What `history` lists. Every column is a fold of the run's events, kept beside them so that listing reads no log. */
const RunRow = z
  .object({
    id: z.string(),
    started_ms: z.number(),
    plan: z.string(),
    plan_source: z.string(),
    plan_path: z.string().nullable(),
    duration_ms: z.number(),
    phase: z.enum(['running', 'interrupted', 'ended']),
    verdict: Status,
    counts: z.string().transform((text, context) => {
      const counts = ResultDocument.shape.counts.safeParse(JSON.parse(text))
      if (counts.success) return counts.data
      context.addIssue('counts of statuses expected')
      return z.NEVER
    }),
    units: z.int(),
  })
  .transform(row => ({
    id: row.id,
    startedMs: row.started_ms,
    durationMs: row.duration_ms,
    plan: row.plan,
    /** The plan's text, and its file where it had one. */
    planSource: row.plan_source,
    planPath: row.plan_path,
    /** `running` also where its process was killed: nobody was left to say so. */
    phase: row.phase,
    verdict: row.verdict,
    counts: row.counts,
    /** How many units the run has, ended or not. */
    units: row.units,
  }))
export type RunSummary = z.infer<typeof RunRow>

export interface Store {
  /**
   * Numbers and stores an event, and gives it back as `events` will. A run's first event is `run-started`.
   * @throws AssayError `run-not-found`; `log-invalid` where the event cannot follow those before it, which are left as they were
   */
  append(run: string, body: EventBody): RunEvent
  /** @throws AssayError `run-not-found` */
  events(run: string): RunEvent[]
  /** Newest first. */
  runs(limit: number): RunSummary[]
  /** The newest run without a `run-ended`, or null. */
  latestUnfinished(): RunSummary | null
  /**
   * The one run whose id begins with `prefix`; `last` (or `latest`) is the newest run, `last~1` the one before it.
   * @throws AssayError `run-not-found`, or `argument-invalid` where several do
   */
  find(prefix: string): RunSummary
  /** A run's log as JSON lines. */
  exportLog(run: string): string
  /**
   * Takes in a log that was written elsewhere, or more of one, and gives its run's id.
   * @param where - the file, for errors
   * @throws AssayError `log-invalid`
   */
  importLog(text: string, where: string): string
  close(): void
}

/** @throws AssayError `store-invalid`, `file-unwritable` */
export function openStore(path: string, now: () => number = Date.now): Store {
  return new SqliteStore(openDatabase(path), path, now)
}

class SqliteStore implements Store {
  readonly #database: DatabaseSync
  readonly #path: string
  readonly #now: () => number
  /** The state of runs that this process writes, so that an event costs one step and not a whole fold. */
  readonly #states = new Map<string, RunState>()

  constructor(database: DatabaseSync, path: string, now: () => number) {
    this.#database = database
    this.#path = path
    this.#now = now
  }

  append(run: string, body: EventBody): RunEvent {
    return this.#guard(() => {
      // What only people watch may be lost with the machine, and comes too often to wait for the disk.
      setDurable(this.#database, body.type !== 'activity' && body.type !== 'sample')
      const [event, state] = transact(this.#database, () => {
        const before = this.#stateOf(run)
        if (before === null && body.type !== 'run-started') throw runNotFound(run, this.#path)
        const numbered = { sequence: (before?.sequence ?? 0) + 1, timeMs: this.#now(), ...body }
        return this.#insert(run, before, RunEvent.parse(numbered))
      })
      this.#states.set(run, state)
      return event
    })
  }

  events(run: string): RunEvent[] {
    const events = this.#guard(() => this.#eventsAfter(run, 0))
    if (events.length === 0) throw runNotFound(run, this.#path)
    return events
  }

  runs(limit: number): RunSummary[] {
    return this.#select('ORDER BY started_ms DESC, id LIMIT ?', limit)
  }

  latestUnfinished(): RunSummary | null {
    return this.#select("WHERE phase <> 'ended' ORDER BY started_ms DESC, id LIMIT 1")[0] ?? null
  }

  find(prefix: string): RunSummary {
    const recent = /^(?:latest|last)(?:~(\d{1,6}))?$/.exec(prefix)
    if (recent !== null) {
      const before = Number(recent[1] ?? 0)
      const run = this.runs(before + 1)[before]
      if (run === undefined) throw runNotFound(prefix, this.#path)
      return run
    }
    const found = this.#select('WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 5', prefix)
    const run = found.find(({ id }) => id === prefix) ?? found[0]
    if (run === undefined || prefix === '') throw runNotFound(prefix, this.#path)
    if (run.id !== prefix && found.length > 1) {
      throw new AssayError('argument-invalid', `Several runs begin with ${prefix}.`, {
        hint: `Give more of one: ${found.map(({ id }) => id).join(', ')}.`,
      })
    }
    return run
  }

  exportLog(run: string): string {
    return formatLog(this.events(run))
  }

  importLog(text: string, where: string): string {
    const events = parseLog(text, where)
    const [first] = events
    if (first?.type !== 'run-started') {
      throw new AssayError('log-invalid', 'A log begins with run-started.', { where: `${where}:1` })
    }
    return this.#guard(() => {
      setDurable(this.#database, true)
      return transact(this.#database, () => {
        const stored = this.#eventsAfter(first.run, 0)
        if (!isPrefix(stored, events) && !isPrefix(events, stored)) {
          throw new AssayError('log-invalid', `Another log of run ${first.run} is stored already.`, { where })
        }
        let state = fold(stored)
        for (const event of events.slice(stored.length)) state = this.#insert(first.run, state, event)[1]
        return first.run
      })
    })
  }

  close(): void {
    this.#database.close()
  }

  /** The state of a run, brought up to what other processes have added to it since. */
  #stateOf(run: string): FoldState {
    const known = this.#states.get(run) ?? null
    return fold(this.#eventsAfter(run, known?.sequence ?? 0), known)
  }

  #eventsAfter(run: string, sequence: number): RunEvent[] {
    const rows = this.#database
      .prepare('SELECT json FROM events WHERE run = ? AND sequence > ? ORDER BY sequence')
      .all(run, sequence)
    return rows.map(({ json }, index) =>
      parseEvent(String(json), `${this.#path}: run ${run}, event ${sequence + index + 1}`),
    )
  }

  /** Stores an event and what it changes in the run's row, or, where it cannot follow, nothing. */
  #insert(run: string, before: FoldState, event: RunEvent): [RunEvent, RunState] {
    const json = JSON.stringify(event)
    const stored = parseEvent(json, this.#path)
    const state = step(before, stored)
    if (state.started.run !== run) throw new Error(`an event of run ${state.started.run} was given for run ${run}`)
    if (stored.type === 'run-started') this.#insertRun(state)
    this.#database
      .prepare('INSERT INTO events (run, sequence, time_ms, json) VALUES (?, ?, ?, ?)')
      .run(run, stored.sequence, stored.timeMs, json)
    if (stored.type === 'unit-ended' || stored.type.startsWith('run-')) this.#updateRun(state)
    return [stored, state]
  }

  #insertRun({ started }: RunState): void {
    this.#database
      .prepare("INSERT INTO runs VALUES (?, ?, ?, ?, ?, 0, 'running', 'inconclusive', '{}', ?)")
      .run(
        started.run,
        started.timeMs,
        started.plan,
        started.planSource,
        started.planPath ?? null,
        started.units.length,
      )
  }

  #updateRun(state: RunState): void {
    const result = toResult(state)
    if (result === null) return
    this.#database
      .prepare('UPDATE runs SET duration_ms = ?, phase = ?, verdict = ?, counts = ? WHERE id = ?')
      .run(result.durationMs, state.phase, result.verdict, JSON.stringify(result.counts), result.run)
  }

  #select(rest: string, ...values: (string | number)[]): RunSummary[] {
    return this.#guard(() => {
      const rows = this.#database.prepare(`SELECT * FROM runs ${rest}`).all(...values)
      return rows.map(row => RunRow.parse(row))
    })
  }

  #guard<T>(body: () => T): T {
    try {
      return body()
    } catch (error) {
      throw explain(error, this.#path)
    }
  }
}

function isPrefix(some: readonly RunEvent[], all: readonly RunEvent[]): boolean {
  return some.every((event, index) => JSON.stringify(event) === JSON.stringify(all[index]))
}

function runNotFound(run: string, path: string): AssayError {
  return new AssayError('run-not-found', `There is no run ${run}.`, {
    where: path,
    hint: '`assay history` lists the runs.',
  })
}
