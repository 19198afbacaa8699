import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineArchitecture, type LanguageGraph, type LayerCache, type Scope, type Tensor, trace } from './index.ts'

interface Parts {
  readonly s: Scope
  readonly ids: Tensor
  readonly cache: LayerCache
  /** [batch, tokens, 24] */
  readonly x: Tensor
}

const CONFIG = { vocab_size: 11, num_hidden_layers: 1, max_position_embeddings: 32 }

/** A model that does what a test says with one embedding and one layer's cache. */
function traced(build: (parts: Parts) => Tensor): LanguageGraph {
  const architecture = defineArchitecture({
    types: ['test'],
    config: z.object({
      vocab_size: z.int(),
      num_hidden_layers: z.int(),
      max_position_embeddings: z.int(),
    }),
    build(s, c, { ids, layers: [cache] }) {
      if (!cache) throw new Error('no layer')
      return { logits: build({ s, ids, cache, x: s.embedding('embed', ids, c.vocab_size, 24) }) }
    },
  })
  return trace(architecture, CONFIG)
}

/** Heads of 4 features: [batch, n, tokens, 4]. */
const heads = (s: Scope, name: string, x: Tensor, n: number) =>
  s.linear(name, x, n * 4).rearrange('b t (h d) -> b h t d', { d: 4 })

describe('a traced model', () => {
  const graph = traced(({ s, cache, x }) => {
    const a = s.in('model.layers.0.self_attn')
    const [q, k, v] = [heads(a, 'q_proj', x, 6), heads(a, 'k_proj', x, 2), heads(a, 'v_proj', x, 2)]
    const o = a.attend(q, cache.extend(k, v), { scale: 0.5 })
    const h = s.let('h', x.add(s.linear('o', o.rearrange('b h t d -> b t (h d)'), 24, { bias: true })))
    return s.linear('head', s.rmsNorm('norm', h, 1e-5), 11)
  })

  test('declares each weight under its published name, as it is used', () => {
    expect(Object.fromEntries(graph.weights)).toEqual({
      'embed.weight': { shape: [11, 24], role: 'matrix' },
      'model.layers.0.self_attn.q_proj.weight': { shape: [24, 24], role: 'matrix' },
      'model.layers.0.self_attn.k_proj.weight': { shape: [8, 24], role: 'matrix' },
      'model.layers.0.self_attn.v_proj.weight': { shape: [8, 24], role: 'matrix' },
      'o.weight': { shape: [24, 24], role: 'matrix' },
      'o.bias': { shape: [24], role: 'bias' },
      'norm.weight': { shape: [24], role: 'norm' },
      'head.weight': { shape: [11, 24], role: 'matrix' },
    })
  })

  test('infers the shape of every value', () => {
    expect(graph.logits.shape).toEqual(['batch', 'tokens', 11])
    expect(graph.names.get('h')?.shape).toEqual(['batch', 'tokens', 24])
    const cache = graph.nodes.find(({ operation }) => operation.kind === 'cache')
    expect(cache?.outputs.map(({ shape }) => shape)).toEqual([
      ['batch', 2, 'total', 4],
      ['batch', 2, 'total', 4],
    ])
    expect(graph.caches).toEqual([{ heads: 2, headDim: 4 }])
  })

  test('lists its nodes in order: no value is used before it is made', () => {
    const made = new Set()
    for (const node of graph.nodes) {
      for (const input of node.inputs) expect(made).toContain(input)
      for (const output of node.outputs) made.add(output)
    }
  })
})

describe('a weight', () => {
  test('used twice in one shape is one weight, as a tied embedding is', () => {
    const graph = traced(({ s, x }) => s.linear('embed', x, 11))
    expect([...graph.weights.keys()]).toEqual(['embed.weight'])
  })

  test('used in two shapes is refused, with both', () => {
    expect(() => traced(({ s, x }) => s.linear('embed', x, 12))).toThrow(
      'embed.weight is used as [11,24] and as [12,24]',
    )
  })
})

describe('what does not fit is refused with its place:', () => {
  const attention = 'model.layers.0.self_attn'
  test.each<[string, (parts: Parts) => Tensor, string]>([
    [
      'query heads that are no multiple of the kv heads',
      ({ s, cache, x }) => {
        const a = s.in(attention)
        const [q, k, v] = [heads(a, 'q', x, 3), heads(a, 'k', x, 2), heads(a, 'v', x, 2)]
        return a.attend(q, cache.extend(k, v), { scale: 1 })
      },
      `${attention}: 3 query heads over 2 kv heads`,
    ],
    [
      'queries and keys of two widths',
      ({ s, cache, x }) => {
        const a = s.in(attention)
        const q = a.linear('q', x, 16).rearrange('b t (h d) -> b h t d', { d: 8 })
        return a.attend(q, cache.extend(heads(a, 'k', x, 2), heads(a, 'v', x, 2)), { scale: 1 })
      },
      `${attention}: queries of 8 features, keys of 4`,
    ],
    [
      'keys and values of two shapes',
      ({ s, cache, x }) => {
        const a = s.in(attention)
        return cache.extend(heads(a, 'k_proj', x, 2), heads(a, 'v_proj', x, 1)).keys
      },
      `${attention}.k_proj: keys [batch,2,tokens,4] and values [batch,1,tokens,4]`,
    ],
    [
      'a sum of two shapes',
      ({ s, x }) => x.add(s.linear('model.layers.3.mlp.down_proj', x, 12)),
      'embed: add of [batch, tokens, 24] and [batch, tokens, 12] (model.layers.3.mlp.down_proj)',
    ],
    [
      'a product of two shapes',
      ({ s, x }) => s.linear('gate', x, 12).mul(s.linear('up', x, 16)),
      'gate: mul of [batch, tokens, 12] and [batch, tokens, 16] (up)',
    ],
    [
      'an axis that does not split',
      ({ s, x }) => s.linear('q_proj', x, 10).rearrange('b t (h d) -> b h t d', { d: 4 }),
      'q_proj: an axis of 10 cannot be split as (h d)',
    ],
    [
      'a rotation of an odd number of features',
      ({ s, cache, x }) => {
        const odd = s.linear('q', x, 15).rearrange('b t (h d) -> b h t d', { d: 5 })
        return s.in(attention).rope(odd, cache.positions, { theta: 1e4 })
      },
      `${attention}: rope of 5 features of [batch, 3, tokens, 5]`,
    ],
    [
      'a rotation of more features than a head has',
      ({ s, cache, x }) => {
        const heads = s.linear('q', x, 16).rearrange('b t (h d) -> b h t d', { d: 4 })
        return s.in(attention).rope(heads, cache.positions, { theta: 1e4, features: 6 })
      },
      `${attention}: rope of 6 features of [batch, 4, tokens, 4]`,
    ],
    [
      'thirds of what has none',
      ({ s, x }) => s.linear('qkv', x, 16).thirds()[0],
      'qkv: the last axis of [batch, tokens, 16] has no thirds',
    ],
    [
      'a rotation of what has no heads',
      ({ s, cache, x }) => s.in(attention).rope(x, cache.positions, { theta: 1e4 }),
      `${attention}: rope of 24 features of [batch, tokens, 24]`,
    ],
    ['features that vary', ({ s, ids }) => s.linear('head', ids, 4), 'axis -1 of [batch, tokens] varies'],
  ])('%s', (_, build, message) => {
    expect(() => traced(build)).toThrow(message)
  })

  test('a name that is given twice', () => {
    expect(() =>
      traced(({ s, x }) => {
        const layer = s.in('model.layers.0')
        layer.let('h', x)
        return layer.let('h', x.silu())
      }),
    ).toThrow('model.layers.0.h is named twice')
  })
})

describe('what a graph says of its attention', () => {
  const attention = (turned: { q: boolean; k: boolean }) =>
    traced(({ s, cache, x }) => {
      const rope = { theta: 10000 }
      const [q, k, v] = [heads(s, 'q', x, 2), heads(s, 'k', x, 2), heads(s, 'v', x, 2)]
      const turn = (t: Tensor, wanted: boolean) => (wanted ? s.rope(t, cache.positions, rope) : t)
      const o = s.attend(turn(q, turned.q), cache.extend(turn(k, turned.k), v), { scale: 0.5 })
      return s.linear('head', o.rearrange('b h t d -> b t (h d)'), 11)
    })

  test('positions are relative where queries and keys are turned by them alike, absolute where they are not', () => {
    expect(attention({ q: true, k: true }).positioning).toBe('relative')
    expect(attention({ q: true, k: false }).positioning).toBe('absolute')
    expect(attention({ q: false, k: true }).positioning).toBe('absolute')
    expect(attention({ q: false, k: false }).positioning).toBe('none')
    expect(traced(({ s, x }) => s.linear('head', x, 11)).positioning).toBe('none')
  })

  test('each layer has a window, or sees all', () => {
    expect(attention({ q: true, k: true }).windows).toEqual([null])
  })
})
