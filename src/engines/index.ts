/** The engines that come with Assay and run on Node: one line each. */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Engine } from './engine.ts'

export const engines = {
  ort: async () => (await import('./ort/index.ts')).createEngine(),
} satisfies Record<string, () => Promise<Engine>>

export type EngineName = keyof typeof engines

export function isEngineName(name: string): name is EngineName {
  return Object.hasOwn(engines, name)
}

/** The command that starts the worker of an engine, in a checkout (TypeScript) and in the published build alike. */
export function engineCommand(name: EngineName): readonly [string, ...string[]] {
  const extension = extname(import.meta.filename)
  return [process.execPath, fileURLToPath(new URL(`./worker${extension}`, import.meta.url)), name]
}
