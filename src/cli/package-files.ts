import { resolve } from 'node:path'

/** The root of the package, from src/cli and dist/cli alike. */
const ROOT = resolve(import.meta.dirname, '..', '..')

/** Where the plans that come with Assay lie. */
export const PLANS = resolve(ROOT, 'plans')
