/** The rotary settings of config.json, in both of their spellings. */
import { z } from 'zod'
import type { Rope, RopeScaling } from '../graph/index.ts'

const factor = z.number().positive()

/** `rope_type` since transformers 4.43, `type` before. */
const named = z.looseObject({ rope_type: z.string().optional(), type: z.string().optional() })

const Linear = z.object({ factor }).transform((s): RopeScaling => ({ kind: 'linear', factor: s.factor }))

const Llama3 = z
  .object({
    factor,
    low_freq_factor: factor,
    high_freq_factor: factor,
    original_max_position_embeddings: z.int().positive(),
  })
  .refine(s => s.high_freq_factor > s.low_freq_factor, 'high_freq_factor must be larger than low_freq_factor')
  .transform(
    (s): RopeScaling => ({
      kind: 'llama3',
      factor: s.factor,
      lowFrequencyFactor: s.low_freq_factor,
      highFrequencyFactor: s.high_freq_factor,
      originalPositions: s.original_max_position_embeddings,
    }),
  )

const SCALINGS = { linear: Linear, llama3: Llama3 } as const

/**
 * The keys of config.json that say how positions rotate: `rope_parameters: { rope_type, rope_theta, ... }` (transformers 5), or
 * `rope_theta` with `rope_scaling: { type | rope_type, ... }`.
 */
export const ropeKeys = {
  rope_theta: z.number().positive().optional(),
  rope_scaling: named.nullish(),
  rope_parameters: named.extend({ rope_theta: z.number().positive().optional() }).nullish(),
}

type RopeKeys = z.output<z.ZodObject<typeof ropeKeys>>

/** The rotary embedding that these keys ask for; an unknown type or a missing number becomes an issue of the config's schema. */
export function readRope(keys: RopeKeys, context: z.RefinementCtx): Rope {
  const spelling = keys.rope_parameters ? 'rope_parameters' : 'rope_scaling'
  const settings = keys.rope_parameters ?? keys.rope_scaling ?? {}
  const theta = keys.rope_parameters?.rope_theta ?? keys.rope_theta ?? 10_000 // transformers' default
  const type = settings.rope_type ?? settings.type ?? 'default'
  if (type === 'default') return { theta }
  if (type !== 'linear' && type !== 'llama3') {
    const known = ['default', ...Object.keys(SCALINGS)].join(', ')
    context.addIssue({
      code: 'custom',
      path: [spelling, 'rope_type'],
      message: `'${type}' is not supported; known: ${known}`,
    })
    return z.NEVER
  }
  const scaling = SCALINGS[type].safeParse(settings)
  if (scaling.success) return { theta, scaling: scaling.data }
  for (const issue of scaling.error.issues)
    context.addIssue({ code: 'custom', path: [spelling, ...issue.path], message: issue.message })
  return z.NEVER
}
