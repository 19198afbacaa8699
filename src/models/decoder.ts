/** What Llama and its kin share: a decoder of blocks that add attention and a feed-forward network, each of a normed value. */
import type { LanguageModelInputs, LayerCache, Scope, Tensor } from '../graph/index.ts'

interface Sizes {
  readonly vocab_size: number
  readonly hidden_size: number
  readonly rms_norm_eps: number
  readonly tie_word_embeddings: boolean
}

/** The two parts of a layer, each from a normed value [B, T, D] to what is added. */
interface Layer {
  attention(s: Scope, x: Tensor, cache: LayerCache, layer: number): Tensor
  feedForward(s: Scope, x: Tensor): Tensor
}

/** Embedding, layers, norm and head: logits [B, T, vocabulary]. */
export function decoder(s: Scope, c: Sizes, { ids, layers }: LanguageModelInputs, parts: Layer): Tensor {
  let x = s.embedding('model.embed_tokens', ids, c.vocab_size, c.hidden_size)
  for (const [layer, cache] of layers.entries()) x = block(s.in(`model.layers.${layer}`), c, x, cache, layer, parts)
  const head = c.tie_word_embeddings ? 'model.embed_tokens' : 'lm_head'
  return s.linear(head, s.rmsNorm('model.norm', x, c.rms_norm_eps), c.vocab_size)
}

function block(s: Scope, c: Sizes, x: Tensor, cache: LayerCache, layer: number, parts: Layer): Tensor {
  const norm = (name: string, t: Tensor) => s.rmsNorm(name, t, c.rms_norm_eps)
  const h = s.let('h', x.add(parts.attention(s.in('self_attn'), norm('input_layernorm', x), cache, layer)))
  return s.let('out', h.add(parts.feedForward(s.in('mlp'), norm('post_attention_layernorm', h)))) // [B, T, D]
}
