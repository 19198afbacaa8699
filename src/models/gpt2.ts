/** GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"): learned positions, norms before each part. */
import { z } from 'zod'
import { defineArchitecture, type LayerCache, type Scope, type Tensor } from '../graph/index.ts'

const int = z.int().positive()
const Config = z
  .object({
    vocab_size: int.default(50_257),
    n_positions: int.default(1024),
    n_embd: int,
    n_layer: int,
    n_head: int,
    n_inner: int.nullish(),
    activation_function: z.enum(['gelu', 'gelu_new', 'gelu_fast', 'gelu_pytorch_tanh']).default('gelu_new'),
    layer_norm_epsilon: z.number().positive().default(1e-5),
    scale_attn_weights: z.boolean().default(true),
    scale_attn_by_inverse_layer_idx: z.literal(false).default(false),
    add_cross_attention: z.literal(false).default(false),
    tie_word_embeddings: z.boolean().default(true),
  })
  .transform(c => ({
    ...c,
    n_inner: c.n_inner ?? 4 * c.n_embd,
    num_hidden_layers: c.n_layer,
    max_position_embeddings: c.n_positions,
    head_dim: c.n_embd / c.n_head,
  }))
  .refine(c => Number.isInteger(c.head_dim), { error: 'n_embd is no multiple of n_head', path: ['n_head'] })
type Config = z.output<typeof Config>

function attention(s: Scope, c: Config, x: Tensor, cache: LayerCache): Tensor {
  const d = c.head_dim
  const heads = (t: Tensor) => t.rearrange('b t (h d) -> b h t d', { d })
  const [query, key, value] = s.conv1d('c_attn', x, 3 * c.n_embd).thirds()
  const [q, k, v] = [s.let('q', heads(query)), s.let('k', heads(key)), s.let('v', heads(value))] // [B, H, T, d]
  const o = s.attend(q, cache.extend(k, v), { scale: c.scale_attn_weights ? d ** -0.5 : 1 })
  return s.conv1d('c_proj', o.rearrange('b h t d -> b t (h d)'), c.n_embd)
}

function feedForward(s: Scope, c: Config, x: Tensor): Tensor {
  const h = s.conv1d('c_fc', x, c.n_inner).gelu(c.activation_function === 'gelu' ? 'none' : 'tanh')
  return s.conv1d('c_proj', h, c.n_embd)
}

function block(s: Scope, c: Config, x: Tensor, cache: LayerCache): Tensor {
  const norm = (name: string, t: Tensor) => s.layerNorm(name, t, c.layer_norm_epsilon)
  const h = s.let('h', x.add(attention(s.in('attn'), c, norm('ln_1', x), cache)))
  return s.let('out', h.add(feedForward(s.in('mlp'), c, norm('ln_2', h)))) // [B, T, D]
}

export const gpt2 = defineArchitecture({
  types: ['gpt2'],
  config: Config,
  build(s, c, { ids, positions, layers }) {
    const tokens = s.embedding('transformer.wte', ids, c.vocab_size, c.n_embd)
    let x = tokens.add(s.embedding('transformer.wpe', positions, c.n_positions, c.n_embd))
    for (const [i, cache] of layers.entries()) x = block(s.in(`transformer.h.${i}`), c, x, cache)
    const head = c.tie_word_embeddings ? 'transformer.wte' : 'lm_head'
    return { logits: s.linear(head, s.layerNorm('transformer.ln_f', x, c.layer_norm_epsilon), c.vocab_size) }
  },
})
