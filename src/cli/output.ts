import type { Environment, OutputStream } from '../reporters/terminal/look.ts'

/** Where a command's words go. Under --json, standard output takes one document and nothing else. */
export interface Output {
  readonly isJson: boolean
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  readonly env: Environment
  /** What the command was asked for: a document for machines, or lines of text for people. */
  answer(document: unknown, text: () => string): void
  /** Raw text to standard output: a report, help. */
  raw(text: string): void
  /** A line beside the answer, on standard error: what happens, warnings. */
  note(line: string): void
}

export function createOutput(stdout: OutputStream, stderr: OutputStream, env: Environment, isJson: boolean): Output {
  return {
    isJson,
    stdout,
    stderr,
    env,
    answer: (document, text) => {
      stdout.write(isJson ? `${JSON.stringify(document, null, 2)}\n` : endLine(text()))
    },
    raw: text => {
      stdout.write(text)
    },
    note: line => {
      stderr.write(endLine(line))
    },
  }
}

function endLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}
