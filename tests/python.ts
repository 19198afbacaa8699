/** Finds a Python for tests that compare with other implementations. */
import { spawnSync } from 'node:child_process'

export type Python = { readonly command: string } | { readonly missing: string }

/** Only looks for the modules and does not import them: torch alone takes seconds. Prints those that are not there. */
const PROBE = `
import importlib.util, sys
print(" ".join(name for name in sys.argv[1:] if importlib.util.find_spec(name) is None))
`

function missingModules(command: string, modules: readonly string[]): string | null {
  const { status, stdout, error } = spawnSync(command, ['-c', PROBE, ...modules], { encoding: 'utf8' })
  if (error !== undefined || status !== 0) return `${command} does not run`
  return stdout.trim() === '' ? null : `${command} lacks ${stdout.trim()}`
}

/** Where else to look, and how to get it there. */
interface Elsewhere {
  readonly elsewhere: readonly string[]
  readonly hint: string
}

/**
 * The Python of `ASSAY_PYTHON`, else `python3`, if it has these modules, or the first of those elsewhere; else why not and what to
 * do. In a test: `const python = findPython(['onnx'])`, then `test.skipIf('missing' in python)`.
 */
export function findPython(modules: readonly string[], other?: Elsewhere): Python {
  const command = process.env['ASSAY_PYTHON'] ?? 'python3'
  const reason = missingModules(command, modules)
  if (reason === null) return { command }
  const found = other?.elsewhere.find(python => missingModules(python, modules) === null)
  if (found !== undefined) return { command: found }
  const hint = other?.hint ?? `pip install ${modules.join(' ')}, and set ASSAY_PYTHON to that Python`
  return { missing: `${reason}: ${hint}` }
}

/** The Python of `ASSAY_VISION_PYTHON`, which has torchvision and timm: one apart, since torchvision wants a torch of its own. */
export function findVisionPython(modules: readonly string[]): Python {
  const command = process.env['ASSAY_VISION_PYTHON']
  const reason = command === undefined ? 'ASSAY_VISION_PYTHON is not set' : missingModules(command, modules)
  if (command !== undefined && reason === null) return { command }
  return { missing: `${reason}: CONTRIBUTING.md says how to get torchvision and timm` }
}

/** Runs a script and gives what it prints; throws with its standard error if it fails. */
export function runPython(python: Python, script: string, ...args: readonly string[]): string {
  if ('missing' in python) throw new Error(python.missing)
  const { status, stdout, stderr } = spawnSync(python.command, ['-c', script, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status !== 0) throw new Error(`python failed (${status}):\n${stderr}`)
  return stdout
}
