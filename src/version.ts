import { createRequire } from 'node:module'

const manifest: { version: string } = createRequire(import.meta.url)('../package.json')

/** Assay's own version, from its package.json. */
export const version = manifest.version
