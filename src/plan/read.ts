import { readFileSync } from 'node:fs'
import { AssayError } from '../errors.ts'
import { parsePlan } from './parse.ts'
import type { Plan } from './schema.ts'

/**
 * A plan's file, parsed, with its text.
 * @param path - the file; `shown` is how errors call it
 * @throws AssayError `plan-invalid` for a file that is missing, unreadable or malformed
 */
export function readPlan(path: string, shown = path): { readonly plan: Plan; readonly source: string } {
  const source = readText(path, shown)
  return { plan: parsePlan(source, shown), source }
}

function readText(path: string, where: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : null
    if (code === null) throw error
    throw new AssayError('plan-invalid', READ_PROBLEMS[code] ?? `the plan cannot be read (${code})`, {
      where,
      hint: 'a plan is a YAML file; docs/plans.md describes its keys',
    })
  }
}

const READ_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such plan',
  ENOTDIR: 'there is no such plan',
  EISDIR: 'this is a directory, not a plan',
  EACCES: 'the plan may not be read',
}
