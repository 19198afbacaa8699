/** From what `assay run` was asked for to the plan that it runs. */
import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { AssayError } from '../../errors.ts'
import { formatPlan, type Narrowing, narrowPlan } from '../../plan/narrow.ts'
import { readPlan } from '../../plan/read.ts'
import { PLANS } from '../package-files.ts'
import type { Job } from './conduct.ts'

/** What a plan is called where none is named. */
const DEFAULT = 'default'

/**
 * @param plan - a file, the name of a plan that comes with Assay, or null for the default one
 * @throws AssayError `plan-invalid`
 */
export function jobOf(plan: string | null, narrowing: Narrowing, cwd: string): Job {
  const path = locate(plan ?? DEFAULT, cwd)
  const read = readPlan(path, shownPath(path, cwd))
  const base = dirname(path)
  if (Object.values(narrowing).every(value => value === null)) return { ...read, path, base }
  const models = narrowing.models?.map(model => placed(model, cwd, read.plan.models)) ?? null
  const narrowed = narrowPlan(read.plan, { ...narrowing, models })
  return { plan: narrowed, source: formatPlan(narrowed), path, base }
}

/** Options that say nothing beside another one. Throws AssayError `argument-invalid`. */
export function refuseBeside(flag: string, others: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(others).filter(name => others[name] !== null)
  if (given.length === 0) return
  throw new AssayError(
    'argument-invalid',
    `${flag} goes on with the run's own plan, so ${given.join(', ')} cannot be given`,
    {
      hint: 'leave it out, or start a new run without --resume',
    },
  )
}

/** A file wins over a name, so that nobody's own plan is ever shadowed. */
function locate(plan: string, cwd: string): string {
  const file = resolve(cwd, plan)
  const shipped = join(PLANS, `${plan}.yaml`)
  return !existsSync(file) && /^[a-z][a-z0-9-]*$/.test(plan) && existsSync(shipped) ? shipped : file
}

function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path)
  return short === '' || short.startsWith('..') ? path : short
}

/** A model's path is relative to where the command was given, and not to the plan. */
function placed(model: string, cwd: string, entries: Job['plan']['models']): string {
  const isName = /^(zoo|arch)\/|^hf:/.test(model) || entries.some(entry => entry.model === model)
  return isName ? model : resolve(cwd, model)
}
