import { describe, expect, test } from 'vitest'
import { type LanguageGraph, trace } from '../graph/index.ts'
import { elementCount } from '../tensor.ts'
import { llama } from './llama.ts'

const CONFIG = {
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 160,
  vocab_size: 100,
  num_hidden_layers: 2,
  num_attention_heads: 4,
}

function read(overrides: Readonly<Record<string, unknown>> = {}) {
  return llama.config.parse({ ...CONFIG, ...overrides })
}

/** What is wrong with a config: `path: message`. */
function complaints(overrides: Readonly<Record<string, unknown>>): string[] {
  const parsed = llama.config.safeParse({ ...CONFIG, ...overrides })
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

function traced(overrides: Readonly<Record<string, unknown>> = {}): LanguageGraph {
  return trace(llama, read(overrides))
}

function parameters(graph: LanguageGraph): number {
  return [...graph.weights.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0)
}

const LLAMA_3 = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 }

describe('the rope keys of a config', () => {
  test.each([
    ['no scaling', { rope_theta: 5e5 }, { rope_parameters: { rope_type: 'default', rope_theta: 5e5 } }],
    ['null scaling', { rope_theta: 5e5, rope_scaling: null }, { rope_parameters: { rope_theta: 5e5 } }],
    [
      'linear, with the old name of its type',
      { rope_theta: 1e4, rope_scaling: { type: 'linear', factor: 2 } },
      { rope_parameters: { rope_type: 'linear', rope_theta: 1e4, factor: 2 } },
    ],
    [
      'llama3',
      { rope_theta: 5e5, rope_scaling: { rope_type: 'llama3', ...LLAMA_3 } },
      { rope_parameters: { rope_type: 'llama3', rope_theta: 5e5, ...LLAMA_3 } },
    ],
  ])('mean the same in both spellings: %s', (_, before, after) => {
    expect(read(before).rope).toEqual(read(after).rope)
  })

  test('are read as the paper has them', () => {
    expect(read({ rope_theta: 5e5, rope_scaling: { rope_type: 'llama3', ...LLAMA_3 } }).rope).toEqual({
      theta: 5e5,
      scaling: { kind: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192 },
    })
    expect(read().rope).toEqual({ theta: 10_000 })
  })

  test.each<[Record<string, unknown>, string]>([
    [
      { rope_scaling: { rope_type: 'yarn', factor: 4 } },
      "rope_scaling.rope_type: 'yarn' is not supported; known: default, linear, llama3",
    ],
    [{ rope_parameters: { rope_type: 'dynamic' } }, "rope_parameters.rope_type: 'dynamic' is not supported"],
    [{ rope_scaling: { type: 'linear' } }, 'rope_scaling.factor: '],
    [{ rope_scaling: { type: 'linear', factor: -1 } }, 'rope_scaling.factor: '],
    [
      { rope_parameters: { rope_type: 'llama3', ...LLAMA_3, low_freq_factor: undefined } },
      'rope_parameters.low_freq_factor: ',
    ],
    [
      { rope_scaling: { rope_type: 'llama3', ...LLAMA_3, high_freq_factor: 1 } },
      'high_freq_factor must be larger than low_freq_factor',
    ],
    [{ rope_theta: 0 }, 'rope_theta: '],
  ])('%j are refused', (overrides, message) => {
    expect(complaints(overrides).join()).toContain(message)
  })
})

describe('a config', () => {
  test.each(['hidden_size', 'intermediate_size', 'vocab_size', 'num_hidden_layers', 'num_attention_heads'])(
    'without %s is refused, with its name',
    key => {
      expect(complaints({ [key]: undefined })).toEqual([expect.stringMatching(`^${key}: `)])
    },
  )

  test.each<[string, unknown]>([
    ['hidden_size', 0],
    ['num_hidden_layers', 1.5],
    ['vocab_size', '100'],
    ['rms_norm_eps', 0],
    ['hidden_act', 'gelu'],
    ['num_key_value_heads', -1],
    ['head_dim', 0],
    ['tie_word_embeddings', 'yes'],
  ])('whose %s is %j is refused', (key, value) => {
    expect(complaints({ [key]: value })).toEqual([expect.stringMatching(`^${key}: `)])
  })

  test('has as many kv heads as query heads where it says none', () => {
    expect(traced().caches).toEqual([
      { heads: 4, headDim: 16 },
      { heads: 4, headDim: 16 },
    ])
    expect(traced({ num_key_value_heads: 2 }).caches[0]).toEqual({ heads: 2, headDim: 16 })
  })

  test('has head_dim hidden_size / heads where it is null or absent, and its own where it is given', () => {
    expect(read({ head_dim: null }).head_dim).toBe(16)
    expect(read().head_dim).toBe(16)
    const own = traced({ head_dim: 24 })
    expect(own.weights.get('model.layers.0.self_attn.q_proj.weight')?.shape).toEqual([96, 64])
    expect(own.weights.get('model.layers.0.self_attn.o_proj.weight')?.shape).toEqual([64, 96])
  })

  test('whose query heads are no multiple of its kv heads cannot be traced, and the place is named', () => {
    expect(() => traced({ num_attention_heads: 3, num_key_value_heads: 2, head_dim: 16 })).toThrow(
      'model.layers.0.self_attn: 3 query heads over 2 kv heads',
    )
  })
})

describe('the weights', () => {
  test('are a head of its own unless it is tied to the embedding', () => {
    expect(traced().weights.has('lm_head.weight')).toBe(true)
    expect(traced({ tie_word_embeddings: true }).weights.has('lm_head.weight')).toBe(false)
  })

  test('have biases where the config asks', () => {
    const biases = (overrides: Record<string, unknown>) =>
      [...traced(overrides).weights.keys()].filter(name => name.startsWith('model.layers.0') && name.endsWith('.bias'))
    expect(biases({})).toEqual([])
    expect(biases({ attention_bias: true }).sort()).toEqual(
      ['k', 'o', 'q', 'v'].map(name => `model.layers.0.self_attn.${name}_proj.bias`),
    )
    expect(biases({ mlp_bias: true }).sort()).toEqual(
      ['down', 'gate', 'up'].map(name => `model.layers.0.mlp.${name}_proj.bias`),
    )
  })

  test('of SmolLM2-135M are the 134515008 that its card says', () => {
    const smollm2 = traced({
      hidden_size: 576,
      intermediate_size: 1536,
      vocab_size: 49152,
      num_hidden_layers: 30,
      num_attention_heads: 9,
      num_key_value_heads: 3,
      tie_word_embeddings: true,
    })
    expect(parameters(smollm2)).toBe(134_515_008)
  })

  test('of Llama 3 8B are as many as the shapes of the paper give', () => {
    const [hidden, intermediate, vocabulary, layers, kv] = [4096, 14336, 128256, 32, 1024]
    const llama3 = traced({
      hidden_size: hidden,
      intermediate_size: intermediate,
      vocab_size: vocabulary,
      num_hidden_layers: layers,
      num_attention_heads: 32,
      num_key_value_heads: 8,
    })
    const attention = 2 * hidden * hidden + 2 * hidden * kv
    const perLayer = attention + 3 * hidden * intermediate + 2 * hidden
    expect(parameters(llama3)).toBe(2 * vocabulary * hidden + layers * perLayer + hidden)
    expect(parameters(llama3)).toBe(8_030_261_248)
  })
})

test('the values that a comparison layer by layer asks for have names', () => {
  const names = [...traced().names.keys()].filter(name => name.startsWith('model.layers.1'))
  expect(names).toEqual([
    'model.layers.1.self_attn.q',
    'model.layers.1.self_attn.k',
    'model.layers.1.self_attn.v',
    'model.layers.1.h',
    'model.layers.1.out',
  ])
})
