import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, extname } from 'node:path'
import { AssayError } from '../errors.ts'
import type { ResultDocument } from '../events/result.ts'
import { type OnFailure, renderReport } from '../reporters/dispatch.ts'
import { REPORTERS, reporterFor } from '../reporters/index.ts'
import type { Reporter } from '../reporters/reporter.ts'
import { writeAtomically } from '../weights/atomic.ts'

/** A file that cannot be written is better known before an hour of running. Throws AssayError `file-unwritable`. */
export function checkWritable(path: string, hint: string): void {
  const problem = problemOf(path)
  if (problem !== null) throw new AssayError('file-unwritable', problem, { where: path, hint })
}

function problemOf(path: string): string | null {
  const folder = dirname(path)
  if (!existsSync(folder)) return 'its folder does not exist'
  if (existsSync(path) && statSync(path).isDirectory()) return 'this is a directory'
  try {
    accessSync(existsSync(path) ? path : folder, constants.W_OK)
    accessSync(folder, constants.W_OK)
    return null
  } catch {
    return 'it may not be written'
  }
}

/** A folder that is written must be new or empty. Throws AssayError `file-unwritable`. */
export function checkNewFolder(path: string): void {
  if (!existsSync(path) || (statSync(path).isDirectory() && readdirSync(path).length === 0)) return
  throw new AssayError('file-unwritable', 'something is there already', { where: path, hint: 'give a new folder' })
}

/** The reporter that a file's ending asks for. Throws AssayError `argument-invalid`. */
export function reporterOf(path: string): Reporter {
  const reporter = reporterFor(extname(path))
  if (reporter !== undefined) return reporter
  const endings = Object.values(REPORTERS).map(({ name, extension }) => `.${extension} (${name})`)
  throw new AssayError('argument-invalid', 'no report has this ending', {
    where: path,
    hint: `endings: ${endings.join(', ')}`,
  })
}

/** Writes a text file whole or not at all. Throws AssayError `file-unwritable`. */
export function writeText(path: string, text: string): void {
  writeAtomically(open => open(path).write(Buffer.from(text)))
}

/** Writes a report; whether it was written. What went wrong is told to `failed`. */
export function writeReport(reporter: Reporter, result: ResultDocument, path: string, failed: OnFailure): boolean {
  const text = renderReport(reporter, result, failed)
  if (text === null) return false
  try {
    writeText(path, text)
    return true
  } catch (error) {
    if (!(error instanceof AssayError)) throw error
    failed(reporter.name, error)
    return false
  }
}
