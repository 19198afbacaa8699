/** Which layers look through a sliding window, by the keys of config.json. */
import { z } from 'zod'

const int = z.int().positive()

/** transformers' names of a layer's kind of attention, where a config lists them. */
const LAYER_TYPES = z.array(z.enum(['full_attention', 'sliding_attention']))

/** `layer_types` since transformers 4.54; `use_sliding_window` with `max_window_layers` before. */
export const windowKeys = {
  sliding_window: int.nullish(),
  use_sliding_window: z.boolean().default(false),
  max_window_layers: z.int().nonnegative().optional(),
  layer_types: LAYER_TYPES.nullish(),
}

type WindowKeys = z.output<z.ZodObject<typeof windowKeys>> & { readonly num_hidden_layers: number }

/**
 * The window of each layer, null where it sees everything, as transformers' Qwen2Config has it: no window at all unless
 * `use_sliding_window` is set; then the layers from `max_window_layers` (default 28) on, unless `layer_types` lists them.
 */
export function readWindows(keys: WindowKeys, context: z.RefinementCtx): readonly (number | null)[] {
  const { num_hidden_layers: count, layer_types: types } = keys
  const window = keys.use_sliding_window ? (keys.sliding_window ?? null) : null
  if (types && types.length !== count) {
    const message = `${types.length} kinds of layers for ${count} layers`
    context.addIssue({ code: 'custom', path: ['layer_types'], message })
    return z.NEVER
  }
  if (types?.includes('sliding_attention') && window === null) {
    const message = 'sliding_attention needs sliding_window, and use_sliding_window: true'
    context.addIssue({ code: 'custom', path: ['layer_types'], message })
    return z.NEVER
  }
  const first = keys.max_window_layers ?? 28
  return Array.from({ length: count }, (_, layer) => {
    const isSliding = types ? types[layer] === 'sliding_attention' : layer >= first
    return isSliding ? window : null
  })
}
