/** How an error is told, to people and to programs. */
import { AssayError } from '../errors.ts'
import { EXIT } from './exit-code.ts'
import type { Output } from './output.ts'

/** Tells of an error and gives the exit code: a request that was wrong in three lines, a bug with its stack. */
export function reportFailure(error: unknown, output: Output): number {
  if (error instanceof AssayError) {
    reportRequest(error, output)
    return EXIT.request
  }
  const thrown = error instanceof Error ? error : new Error(String(error))
  output.note(`This is a bug in Assay. Please report it with these lines:\n${thrown.stack ?? thrown.message}`)
  if (output.isJson)
    output.answer({ error: { code: 'bug', message: thrown.message, where: null, hint: null } }, () => '')
  return EXIT.bug
}

/** `error: ...`, `at: ...`, `hint: ...` on standard error, or one document on standard output. */
export function reportRequest({ code, message, where, hint }: AssayError, output: Output): void {
  if (output.isJson) {
    output.answer({ error: { code, message, where: where ?? null, hint: hint ?? null } }, () => '')
    return
  }
  output.note(`error: ${message}`)
  if (where !== undefined) output.note(`   at: ${where}`)
  if (hint !== undefined) output.note(` hint: ${hint}`)
}
