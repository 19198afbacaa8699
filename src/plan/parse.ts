import type { z } from 'zod'
import { AssayError } from '../errors.ts'
import { BENCHMARK_SETTINGS } from './benchmarks.ts'
import { parseYaml } from './document.ts'
import { explainIssue, type KeyPath } from './issue.ts'
import { EngineSpec, ModelEntry, Plan } from './schema.ts'

/**
 * A plan from its YAML.
 * @param file - as errors name it
 * @throws AssayError `plan-invalid` with `FILE:LINE: key.path`, what is wrong there, and what is allowed
 */
export function parsePlan(text: string, file: string): Plan {
  const document = parseYaml(text, file)
  if (document.value === null || document.value === undefined)
    throw new AssayError('plan-invalid', 'the plan is empty', {
      where: file,
      hint: 'a plan names one model at least: `models: [zoo/llama]`',
    })
  const parsed = Plan.safeParse(document.value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  if (issue === undefined) throw parsed.error
  const { path, isKey, message, hint } = explainIssue(issue, atPath(document.value), allowedKeys)
  const place = path.length === 0 ? '' : `: ${formatPath(path)}`
  throw new AssayError('plan-invalid', message, {
    where: `${file}:${document.lineOf(path, isKey)}${place}`,
    ...(hint === null || hint === '' ? {} : { hint }),
  })
}

function atPath(root: unknown): (path: KeyPath) => unknown {
  return path =>
    path.reduce<unknown>((value, step) => {
      if (typeof value !== 'object' || value === null || typeof step === 'symbol') return undefined
      return Object.hasOwn(value, step) ? Reflect.get(value, step) : undefined
    }, root)
}

/** `models[0].precisions[1]` */
function formatPath(path: KeyPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`
    return text === '' ? String(step) : `${text}.${String(step)}`
  }, '')
}

/** The maps of a plan whose keys are fixed, by path; `*` is any index or name. */
const MAPS: Readonly<Record<string, z.ZodObject>> = {
  '': Plan,
  reference: Plan.shape.reference.unwrap(),
  'models.*': ModelEntry,
  benchmarks: Plan.shape.benchmarks.unwrap(),
  ...Object.fromEntries(
    Object.entries(BENCHMARK_SETTINGS).flatMap(([name, settings]) => [
      [`benchmarks.${name}`, settings],
      [`benchmarks.${name}.targets`, settings.shape.targets.unwrap()],
    ]),
  ),
  'engines.*': EngineSpec,
  limits: Plan.shape.limits.unwrap(),
}

function allowedKeys(path: KeyPath): readonly string[] {
  const named = path.map(String)
  const wild = named.map((step, index) => (index === 1 && ['models', 'engines'].includes(named[0] ?? '') ? '*' : step))
  return Object.keys(MAPS[wild.join('.')]?.shape ?? {})
}
