/** Qwen2, arXiv:2407.10671: Llama's block with biases on query, key and value; late layers may look through a window. */
import { z } from 'zod'
import { defineArchitecture, type LayerCache, type Scope, type Tensor } from '../graph/index.ts'
import { decoder } from './decoder.ts'
import { readRope, ropeKeys } from './rope.ts'
import { swiglu } from './swiglu.ts'
import { readWindows, windowKeys } from './window.ts'

const int = z.int().positive()
const Config = z
  .object({
    hidden_size: int,
    intermediate_size: int,
    vocab_size: int,
    num_hidden_layers: int,
    num_attention_heads: int,
    num_key_value_heads: int.optional(),
    max_position_embeddings: int.default(32_768),
    hidden_act: z.literal('silu').default('silu'),
    rms_norm_eps: z.number().positive().default(1e-6),
    tie_word_embeddings: z.boolean().default(false),
    ...ropeKeys,
    ...windowKeys,
  })
  .transform((c, context) => ({
    ...c,
    num_key_value_heads: c.num_key_value_heads ?? c.num_attention_heads,
    head_dim: Math.floor(c.hidden_size / c.num_attention_heads),
    rope: readRope(c, context),
    windows: readWindows(c, context),
  }))
type Config = z.output<typeof Config>

function attention(s: Scope, c: Config, x: Tensor, cache: LayerCache, window: number | null): Tensor {
  const d = c.head_dim
  const rope = (t: Tensor) => s.rope(t, cache.positions, c.rope)
  const heads = (name: string, n: number) =>
    s.linear(name, x, n * d, { bias: true }).rearrange('b t (h d) -> b h t d', { d })
  const q = s.let('q', rope(heads('q_proj', c.num_attention_heads))) // [B, H, T, d]
  const k = s.let('k', rope(heads('k_proj', c.num_key_value_heads))) // [B, K, T, d]
  const v = s.let('v', heads('v_proj', c.num_key_value_heads)) // [B, K, T, d]
  const o = s.attend(q, cache.extend(k, v), { scale: d ** -0.5, window })
  return s.linear('o_proj', o.rearrange('b h t d -> b t (h d)'), c.hidden_size)
}

export const qwen2 = defineArchitecture({
  types: ['qwen2'],
  config: Config,
  build(s, c, inputs) {
    return {
      logits: decoder(s, c, inputs, {
        attention: (s, x, cache, layer) => attention(s, c, x, cache, c.windows[layer] ?? null),
        feedForward: (s, x) => swiglu(s, c, x),
      }),
    }
  },
})
