/** The file: opened, brought to this version's tables, and its errors put into words. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AssayError } from '../errors.ts'

/** "ASAY", so that another program's database is never taken for ours (https://sqlite.org/fileformat2.html#application_id). */
const APPLICATION_ID = 0x41534159
const VERSION = 1

const TABLES = `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    started_ms REAL NOT NULL,
    plan TEXT NOT NULL,
    plan_source TEXT NOT NULL,
    plan_path TEXT,
    duration_ms REAL NOT NULL,
    phase TEXT NOT NULL,
    verdict TEXT NOT NULL,
    counts TEXT NOT NULL,
    units INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX runs_by_start ON runs (started_ms);
  CREATE TABLE events (
    run TEXT NOT NULL REFERENCES runs (id),
    sequence INTEGER NOT NULL,
    time_ms REAL NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (run, sequence)
  ) STRICT, WITHOUT ROWID;
`

/** How long a statement waits for another process to finish its own. */
const BUSY_TIMEOUT_MS = 10_000

/**
 * Opens the database, creating it and its directory where they are missing.
 * @throws AssayError `store-invalid` for a file of a newer version or of something else, `file-unwritable` where it cannot be opened
 */
export function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    mkdirSync(dirname(path), { recursive: true })
    database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true })
    migrate(database, path)
    // Readers never wait for the writer, and a killed process leaves whole transactions only.
    database.exec('PRAGMA journal_mode = WAL')
    return database
  } catch (error) {
    database?.close()
    throw explain(error, path)
  }
}

/** Runs `body` in a transaction that holds the write lock from its start, so that what it reads stays true while it writes. */
export function transact<T>(database: DatabaseSync, body: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const value = body()
    database.exec('COMMIT')
    return value
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/**
 * Whether the next commits must survive the machine and not only this process. In WAL mode a commit outlives the process
 * either way; FULL also waits for the disk, since a driver under test may take the whole machine down.
 */
export function setDurable(database: DatabaseSync, durable: boolean): void {
  database.exec(`PRAGMA synchronous = ${durable ? 'FULL' : 'NORMAL'}`)
}

function migrate(database: DatabaseSync, path: string): void {
  if (isCurrent(database, path)) return
  transact(database, () => {
    // Another process may have made the tables while this one waited for the lock.
    if (isCurrent(database, path)) return
    database.exec(TABLES)
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${VERSION}`)
  })
}

function isCurrent(database: DatabaseSync, path: string): boolean {
  const version = pragma(database, 'user_version')
  const isEmpty = database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined
  if (isEmpty) return false
  if (pragma(database, 'application_id') !== APPLICATION_ID) {
    throw new AssayError('store-invalid', 'This database belongs to another program.', {
      where: path,
      hint: 'Point ASSAY_HOME at a directory of its own.',
    })
  }
  if (version > VERSION) {
    throw new AssayError(
      'store-invalid',
      `The store was written by a newer Assay (format ${version}, known ${VERSION}).`,
      {
        where: path,
        hint: 'Update Assay, or point ASSAY_HOME at another directory.',
      },
    )
  }
  return true
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

/** Result codes of https://sqlite.org/rescode.html that a user can do something about. */
const PROBLEMS: Readonly<Record<number, readonly ['store-invalid' | 'file-unwritable', string, string]>> = {
  5: ['file-unwritable', 'Another process has kept the store locked.', 'Wait for it, or end it, then try again.'],
  8: ['file-unwritable', 'The store cannot be written.', 'Check its permissions, or set ASSAY_HOME.'],
  10: ['file-unwritable', 'The disk failed under the store.', 'Check the disk, or set ASSAY_HOME.'],
  11: ['store-invalid', 'The store is damaged.', 'Move the file away; Assay makes a new one.'],
  13: ['file-unwritable', 'The disk is full.', 'Make room, then resume the run.'],
  14: ['file-unwritable', 'The store cannot be opened.', 'Check its permissions, or set ASSAY_HOME.'],
  26: ['store-invalid', 'The store is not a database.', 'Move the file away; Assay makes a new one.'],
}

/** An error of SQLite or the file system as one that tells a user what to do; any other comes back as it is. */
export function explain(error: unknown, path: string): unknown {
  if (!(error instanceof Error)) return error
  if ('errcode' in error && typeof error.errcode === 'number') {
    // Extended codes keep the primary one in their low byte.
    const problem = PROBLEMS[error.errcode & 0xff]
    if (problem) return new AssayError(problem[0], problem[1], { where: path, hint: problem[2] })
  }
  if ('syscall' in error) {
    return new AssayError('file-unwritable', `The store's directory cannot be made: ${error.message}.`, {
      where: path,
      hint: 'Check its permissions, or set ASSAY_HOME.',
    })
  }
  return error
}
