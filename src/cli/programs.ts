/** The programs that engines need and Assay does not bring: where they are is told to workers by the environment. */
import type { Given } from './option.ts'

export const PROGRAMS = {
  python: {
    flags: '--python <path>',
    about: 'the Python whose torch, onnxruntime or openvino is tested (default: ASSAY_PYTHON, else python3)',
    variable: 'ASSAY_PYTHON',
  },
  browser: {
    flags: '--browser <path>',
    about: 'the browser to test in (default: ASSAY_BROWSER, else an installed Chromium or Chrome)',
    variable: 'ASSAY_BROWSER',
  },
} as const

/** Every worker that this process starts inherits what its own command line named. */
export function namePrograms(given: Readonly<Record<string, Given | string>>): void {
  for (const [name, { variable }] of Object.entries(PROGRAMS)) {
    const path = given[name]
    if (typeof path === 'string') process.env[variable] = path
  }
}
