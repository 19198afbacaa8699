import type { Status } from '../words.ts'

/** What the process's exit code says; docs/plans.md lists them for scripts. */
export const EXIT = {
  /** Everything passed, or was skipped with a reason. */
  pass: 0,
  /** Something ran and is wrong or too slow. */
  fail: 1,
  /** The request was wrong; nothing ran and nothing was written. */
  request: 2,
  /** Something could not be run or judged. */
  error: 3,
  /** A bug in Assay: EX_SOFTWARE of sysexits.h. */
  bug: 70,
  /** Interrupted: 128 + SIGINT, as shells have it. */
  interrupted: 130,
} as const

/** The exit code of a verdict. */
export function exitOf(verdict: Status): number {
  switch (verdict) {
    case 'pass':
    case 'skip':
      return EXIT.pass
    case 'fail':
      return EXIT.fail
    case 'error':
    case 'inconclusive':
      return EXIT.error
  }
}
