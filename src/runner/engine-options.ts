/** A plan's options of an engine: what the host reads itself, and what goes to the worker. */
import { AssayError } from '../errors.ts'
import type { Plan } from '../plan/schema.ts'
import type { Params } from '../protocol/messages.ts'
import { Dialect } from '../words.ts'

/** The operators that graphs for an engine's devices are to be made of, where the plan says so. @throws AssayError `plan-invalid` */
export function dialectOf(options: Plan['options'], engine: string): Dialect | null {
  const asked = options[engine]?.['dialect']
  if (asked === undefined) return null
  const dialect = Dialect.safeParse(asked)
  if (dialect.success) return dialect.data
  throw new AssayError('plan-invalid', `there is no dialect ${JSON.stringify(asked)}`, {
    where: `options.${engine}.dialect`,
    hint: `dialects: ${Dialect.options.join(', ')}`,
  })
}

/** What a worker gets. */
export function workerOptions(options: Plan['options'], engine: string): Params<'load'>['options'] {
  const { dialect: _, ...others } = options[engine] ?? {}
  return others
}
