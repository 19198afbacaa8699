/** Whether a browser is here, for tests that need one. */
import { findBrowser } from '../../src/engines/browser/find.ts'

function reasonWithout(): string | null {
  try {
    findBrowser(process.env)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const reason = reasonWithout()
export const hasBrowser = reason === null
/** For the name of a group of tests: why it is skipped. */
export const why = reason === null ? '' : ` (skipped: ${reason})`
