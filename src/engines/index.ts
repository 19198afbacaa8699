/** The engines that come with Assay. */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Engine } from './engine.ts'

/** Those that run on Node: one line each. */
export const engines = {
  ort: async () => (await import('./ort/index.ts')).createEngine(),
  browser: async () => (await import('./browser/index.ts')).createEngine(),
} satisfies Record<string, () => Promise<Engine>>

export type NodeEngine = keyof typeof engines

/** Those of the Python worker, `workers/python/`. */
const PYTHON_ENGINES = ['torch', 'ort-python', 'openvino'] as const
type PythonEngine = (typeof PYTHON_ENGINES)[number]

export type EngineName = NodeEngine | PythonEngine

export function isNodeEngine(name: string): name is NodeEngine {
  return Object.hasOwn(engines, name)
}

export function isEngineName(name: string): name is EngineName {
  return engineNames.some(known => known === name)
}

export const engineNames: readonly EngineName[] = [...Object.keys(engines).filter(isNodeEngine), ...PYTHON_ENGINES]

/**
 * The command that starts the worker of an engine, in a checkout (TypeScript) and in the published build alike.
 * @param python - the interpreter of the Python engines: what is installed there is the device under test
 */
export function engineCommand(name: EngineName, python: string = usualPython()): readonly [string, ...string[]] {
  if (isNodeEngine(name)) {
    const extension = extname(import.meta.filename)
    return [process.execPath, fileURLToPath(new URL(`./worker${extension}`, import.meta.url)), name]
  }
  return [python, fileURLToPath(new URL('../../workers/python/worker.py', import.meta.url)), name]
}

/** ASSAY_PYTHON, which `--python` sets, or the one on the path. */
function usualPython(): string {
  return process.env['ASSAY_PYTHON'] ?? (process.platform === 'win32' ? 'python' : 'python3')
}
