/** Qwen3, arXiv:2505.09388: Qwen2 without its biases, and with an RMS norm of each head of queries and keys. */
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
    head_dim: int.default(128),
    max_position_embeddings: int.default(32_768),
    attention_bias: z.boolean().default(false),
    hidden_act: z.literal('silu').default('silu'),
    rms_norm_eps: z.number().positive().default(1e-6),
    tie_word_embeddings: z.boolean().default(false),
    ...ropeKeys,
    ...windowKeys,
  })
  .transform((c, context) => ({
    ...c,
    num_key_value_heads: c.num_key_value_heads ?? c.num_attention_heads,
    rope: readRope(c, context),
    windows: readWindows(c, context),
  }))
type Config = z.output<typeof Config>

function attention(s: Scope, c: Config, x: Tensor, cache: LayerCache, window: number | null): Tensor {
  const d = c.head_dim
  const bias = c.attention_bias
  const rope = (t: Tensor) => s.rope(t, cache.positions, c.rope)
  const norm = (name: string, t: Tensor) => s.rmsNorm(name, t, c.rms_norm_eps)
  const heads = (name: string, n: number) => s.linear(name, x, n * d, { bias }).rearrange('b t (h d) -> b h t d', { d })
  const q = s.let('q', rope(norm('q_norm', heads('q_proj', c.num_attention_heads)))) // [B, H, T, d]
  const k = s.let('k', rope(norm('k_norm', heads('k_proj', c.num_key_value_heads)))) // [B, K, T, d]
  const v = s.let('v', heads('v_proj', c.num_key_value_heads)) // [B, K, T, d]
  const o = s.attend(q, cache.extend(k, v), { scale: d ** -0.5, window })
  return s.linear('o_proj', o.rearrange('b h t d -> b t (h d)'), c.hidden_size, { bias })
}

export const qwen3 = defineArchitecture({
  types: ['qwen3'],
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
