import { describe, expect, test } from 'vitest'
import type { LanguageGraph } from '../graph/index.ts'
import { elementCount } from '../tensor.ts'
import { architectures } from './index.ts'

type Overrides = Readonly<Record<string, unknown>>

const SIZES = { hidden_size: 64, intermediate_size: 160, vocab_size: 100, num_hidden_layers: 3, num_attention_heads: 4 }
const CONFIGS = {
  gpt2: { n_embd: 64, n_layer: 3, n_head: 4, vocab_size: 100 },
  gpt_neox: SIZES,
  llama: SIZES,
  mistral: { ...SIZES, num_key_value_heads: 2 },
  qwen2: SIZES,
  qwen3: SIZES,
} as const satisfies Partial<Record<keyof typeof architectures, Overrides>>
type Family = keyof typeof CONFIGS

/** What is wrong with a config: `path: message`. */
function complaints(family: Family, overrides: Overrides): string {
  const read = architectures[family].read({ ...CONFIGS[family], ...overrides })
  return 'issues' in read ? read.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ') : ''
}

function traced(family: Family, overrides: Overrides = {}): LanguageGraph {
  const read = architectures[family].read({ ...CONFIGS[family], ...overrides })
  if ('issues' in read) throw new Error(JSON.stringify(read.issues))
  return read.trace()
}

const parameters = (graph: LanguageGraph) =>
  [...graph.weights.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0)

describe('windows', () => {
  test.each<[Family, Overrides, (number | null)[]]>([
    ['llama', {}, [null, null, null]],
    ['gpt2', {}, [null, null, null]],
    ['mistral', {}, [4096, 4096, 4096]],
    ['mistral', { sliding_window: 8 }, [8, 8, 8]],
    ['mistral', { sliding_window: null }, [null, null, null]],
    ['qwen2', { sliding_window: 8 }, [null, null, null]], // not asked for
    ['qwen2', { sliding_window: 8, use_sliding_window: true }, [null, null, null]], // max_window_layers is 28
    ['qwen2', { sliding_window: 8, use_sliding_window: true, max_window_layers: 1 }, [null, 8, 8]],
    [
      'qwen3',
      {
        sliding_window: 8,
        use_sliding_window: true,
        layer_types: ['sliding_attention', 'full_attention', 'sliding_attention'],
      },
      [8, null, 8],
    ],
  ])('of %s with %j', (family, overrides, windows) => {
    expect(traced(family, overrides).windows).toEqual(windows)
  })

  test.each<[Family, Overrides, string]>([
    ['mistral', { sliding_window: 0 }, 'sliding_window: Too small'],
    ['qwen2', { use_sliding_window: true, sliding_window: -4 }, 'sliding_window: Too small'],
    ['qwen2', { layer_types: ['full_attention'] }, 'layer_types: 1 kinds of layers for 3 layers'],
    [
      'qwen3',
      { layer_types: ['full_attention', 'sliding_attention', 'full_attention'] },
      'layer_types: sliding_attention needs sliding_window',
    ],
    ['qwen3', { layer_types: ['full_attention', 'chunked_attention', 'full_attention'] }, 'layer_types.1: '],
  ])('of %s: %j is refused', (family, overrides, message) => {
    expect(complaints(family, overrides)).toContain(message)
  })
})

describe('positions', () => {
  test.each<[Family, LanguageGraph['positioning']]>([
    ['gpt2', 'absolute'],
    ['gpt_neox', 'relative'],
    ['llama', 'relative'],
    ['mistral', 'relative'],
    ['qwen2', 'relative'],
    ['qwen3', 'relative'],
  ])('of %s are %s', (family, positioning) => {
    expect(traced(family).positioning).toBe(positioning)
  })

  test('rotate a share of a head in gpt_neox, in both spellings', () => {
    const rotated = (overrides: Overrides) =>
      traced('gpt_neox', overrides).nodes.flatMap(({ operation }) =>
        operation.kind === 'rope' ? [operation.rope] : [],
      )[0]
    expect(rotated({})).toEqual({ theta: 10_000, features: 4 })
    expect(rotated({ rotary_pct: 0.5, rotary_emb_base: 500 })).toEqual({ theta: 500, features: 8 })
    const now = { rope_type: 'default', rope_theta: 500, partial_rotary_factor: 0.5 }
    expect(rotated({ rope_parameters: now })).toEqual({ theta: 500, features: 8 })
  })

  test.each<[Family, Overrides, string]>([
    ['gpt_neox', { rotary_pct: 0 }, 'rotary_pct: Too small'],
    ['gpt_neox', { rotary_pct: 1.5 }, 'rotary_pct: Too big'],
    [
      'gpt_neox',
      { rope_scaling: { type: 'yarn', factor: 4 } },
      "'yarn' is not supported; known: default, linear, llama3",
    ],
    ['mistral', { rope_parameters: { rope_type: 'longrope' } }, "'longrope' is not supported"],
  ])('of %s: %j are refused', (family, overrides, message) => {
    expect(complaints(family, overrides)).toContain(message)
  })

  test('that would rotate an odd number of features cannot be traced, and the place is named', () => {
    expect(() => traced('gpt_neox', { rotary_pct: 0.2 })).toThrow('gpt_neox.layers.0.attention: rope of 3 features')
  })
})

describe('heads that do not divide are refused', () => {
  test.each<[Family, Overrides, string]>([
    ['gpt2', { n_head: 5 }, 'n_head: n_embd is no multiple of n_head'],
    ['gpt_neox', { num_attention_heads: 5 }, 'num_attention_heads: hidden_size is no multiple of num_attention_heads'],
  ])('by the config of %s', (family, overrides, message) => {
    expect(complaints(family, overrides)).toContain(message)
  })

  test.each<Family>(['mistral', 'qwen2', 'qwen3'])('where %s is traced, with the place', family => {
    expect(() => traced(family, { num_attention_heads: 3, num_key_value_heads: 2, hidden_size: 96 })).toThrow(
      'model.layers.0.self_attn: 3 query heads over 2 kv heads',
    )
  })
})

describe('features that a family has and Assay does not are refused', () => {
  test.each<[Family, Overrides, string]>([
    ['gpt2', { scale_attn_by_inverse_layer_idx: true }, 'scale_attn_by_inverse_layer_idx: '],
    ['gpt2', { add_cross_attention: true }, 'add_cross_attention: '],
    ['gpt2', { activation_function: 'relu' }, 'activation_function: '],
    ['gpt_neox', { hidden_act: 'relu' }, 'hidden_act: '],
    ['qwen2', { hidden_act: 'gelu' }, 'hidden_act: '],
  ])('%s with %j', (family, overrides, message) => {
    expect(complaints(family, overrides)).toContain(message)
  })
})

describe('the weights of published models are as many as their cards say', () => {
  test.each<[string, Family, Overrides, number]>([
    [
      'Mistral 7B v0.1',
      'mistral',
      {
        hidden_size: 4096,
        intermediate_size: 14_336,
        vocab_size: 32_000,
        num_hidden_layers: 32,
        num_attention_heads: 32,
        num_key_value_heads: 8,
      },
      7_241_732_096,
    ],
    ['GPT-2', 'gpt2', { n_embd: 768, n_layer: 12, n_head: 12, vocab_size: 50_257 }, 124_439_808],
    [
      'GPT-NeoX-20B',
      'gpt_neox',
      {
        hidden_size: 6144,
        intermediate_size: 24_576,
        vocab_size: 50_432,
        num_hidden_layers: 44,
        num_attention_heads: 64,
      },
      20_554_567_680,
    ],
    [
      'Qwen2.5-0.5B',
      'qwen2',
      {
        hidden_size: 896,
        intermediate_size: 4864,
        vocab_size: 151_936,
        num_hidden_layers: 24,
        num_attention_heads: 14,
        num_key_value_heads: 2,
        tie_word_embeddings: true,
      },
      494_032_768,
    ],
    [
      'Qwen3-0.6B',
      'qwen3',
      {
        hidden_size: 1024,
        intermediate_size: 3072,
        vocab_size: 151_936,
        num_hidden_layers: 28,
        num_attention_heads: 16,
        num_key_value_heads: 8,
        tie_word_embeddings: true,
      },
      596_049_920,
    ],
  ])('%s', (_, family, overrides, count) => {
    expect(parameters(traced(family, overrides))).toBe(count)
  })
})

test('query, key and value of one gpt_neox head stand side by side in its weight, and gpt2 publishes its matrices turned', () => {
  expect(traced('gpt_neox').weights.get('gpt_neox.layers.0.attention.query_key_value.weight')?.shape).toEqual([192, 64])
  expect(traced('gpt2').weights.get('transformer.h.0.attn.c_attn.weight')).toEqual({
    shape: [192, 64],
    role: 'matrix',
    isTransposed: true,
  })
})
