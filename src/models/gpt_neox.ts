/** GPT-NeoX-20B, arXiv:2204.06745: rotary on a part of each head, attention and feed-forward side by side. */
import { z } from 'zod'
import { defineArchitecture, type LayerCache, type Scope, type Tensor } from '../graph/index.ts'
import { readRope, ropeKeys } from './rope.ts'

const int = z.int().positive()
const share = z.number().gt(0).max(1)
const Config = z
  .object({
    hidden_size: int,
    intermediate_size: int,
    vocab_size: int,
    num_hidden_layers: int,
    num_attention_heads: int,
    max_position_embeddings: int.default(2048),
    hidden_act: z.enum(['gelu', 'gelu_new', 'gelu_fast', 'gelu_pytorch_tanh']).default('gelu'),
    layer_norm_eps: z.number().positive().default(1e-5),
    use_parallel_residual: z.boolean().default(true),
    attention_bias: z.boolean().default(true),
    tie_word_embeddings: z.boolean().default(false),
    rotary_pct: share.default(0.25),
    rotary_emb_base: z.number().positive().optional(),
    ...ropeKeys,
    rope_parameters: ropeKeys.rope_parameters
      .unwrap()
      .unwrap()
      .extend({ partial_rotary_factor: share.optional() })
      .nullish(),
  })
  .transform((c, context) => {
    const headDim = c.hidden_size / c.num_attention_heads
    const rotary = Math.floor(headDim * (c.rope_parameters?.partial_rotary_factor ?? c.rotary_pct))
    const rope = readRope({ ...c, rope_theta: c.rope_theta ?? c.rotary_emb_base }, context)
    return { ...c, head_dim: headDim, rope: { ...rope, features: rotary } }
  })
  .refine(c => Number.isInteger(c.head_dim), {
    error: 'hidden_size is no multiple of num_attention_heads',
    path: ['num_attention_heads'],
  })
type Config = z.output<typeof Config>

function attention(s: Scope, c: Config, x: Tensor, cache: LayerCache): Tensor {
  const d = c.head_dim
  const bias = c.attention_bias
  const rope = (t: Tensor) => s.rope(t, cache.positions, c.rope)
  // The weight holds query, key and value of one head after another.
  const packed = s.linear('query_key_value', x, 3 * c.hidden_size, { bias })
  const [query, key, value] = packed.rearrange('b t (h three d) -> b t (three h d)', { three: 3, d }).thirds()
  const heads = (t: Tensor) => t.rearrange('b t (h d) -> b h t d', { d })
  const q = s.let('q', rope(heads(query))) // [B, H, T, d]
  const k = s.let('k', rope(heads(key))) // [B, H, T, d]
  const v = s.let('v', heads(value)) // [B, H, T, d]
  const o = s.attend(q, cache.extend(k, v), { scale: d ** -0.5 })
  return s.linear('dense', o.rearrange('b h t d -> b t (h d)'), c.hidden_size, { bias })
}

function feedForward(s: Scope, c: Config, x: Tensor): Tensor {
  const h = s.linear('dense_h_to_4h', x, c.intermediate_size, { bias: true })
  return s.linear('dense_4h_to_h', h.gelu(c.hidden_act === 'gelu' ? 'none' : 'tanh'), c.hidden_size, { bias: true })
}

function block(s: Scope, c: Config, x: Tensor, cache: LayerCache): Tensor {
  const norm = (name: string, t: Tensor) => s.layerNorm(name, t, c.layer_norm_eps)
  const h = s.let('h', x.add(attention(s.in('attention'), c, norm('input_layernorm', x), cache)))
  const seen = c.use_parallel_residual ? x : h
  return s.let('out', h.add(feedForward(s.in('mlp'), c, norm('post_attention_layernorm', seen)))) // [B, T, D]
}

export const gptNeox = defineArchitecture({
  types: ['gpt_neox'],
  config: Config,
  build(s, c, { ids, layers }) {
    let x = s.embedding('gpt_neox.embed_in', ids, c.vocab_size, c.hidden_size)
    for (const [i, cache] of layers.entries()) x = block(s.in(`gpt_neox.layers.${i}`), c, x, cache)
    const head = c.tie_word_embeddings ? 'gpt_neox.embed_in' : 'embed_out'
    return { logits: s.linear(head, s.layerNorm('gpt_neox.final_layer_norm', x, c.layer_norm_eps), c.vocab_size) }
  },
})
