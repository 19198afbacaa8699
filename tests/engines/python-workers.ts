/** The engines of the Python worker, for tests: how each is started, and what it needs. */
import { findPython } from '../python.ts'

const WORKER = `${import.meta.dirname}/../../workers/python/worker.py`

export const PYTHON_ENGINES = {
  torch: ['torch', 'transformers'],
  'ort-python': ['onnxruntime'],
  openvino: ['openvino'],
} as const

export type PythonEngine = keyof typeof PYTHON_ENGINES
export const pythonEngines = Object.keys(PYTHON_ENGINES) as readonly PythonEngine[]

/** The Python that has every engine's library, or what is missing and how to get it. */
export const python = findPython(Object.values(PYTHON_ENGINES).flat())

/** The command of an engine's worker. */
export function workerCommand(engine: PythonEngine, ...interpreterArguments: readonly string[]): string[] {
  const command = 'missing' in python ? 'python3' : python.command
  return [command, ...interpreterArguments, WORKER, engine]
}
