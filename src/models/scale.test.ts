import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { traceConfig } from '../build/config.ts'
import { AssayError } from '../errors.ts'
import { catalogue } from './catalogue.ts'
import { scaledConfig } from './scale.ts'

type Config = Readonly<Record<string, unknown>>

/** Published configs in every spelling, from the model cards' config.json: what scales and what must not. */
const LLAMA_3_8B: Config = catalogue['llama-3-8b'].config
const MISTRAL_7B: Config = {
  ...LLAMA_3_8B,
  max_position_embeddings: 32768,
  rope_theta: 10000,
  sliding_window: 4096,
  vocab_size: 32000,
}
/** Qwen/Qwen3-0.6B: heads that together are wider than the hidden size. */
const QWEN_3: Config = {
  head_dim: 128,
  hidden_size: 1024,
  intermediate_size: 3072,
  max_position_embeddings: 40960,
  max_window_layers: 28,
  num_attention_heads: 16,
  num_hidden_layers: 28,
  num_key_value_heads: 8,
  rope_scaling: null,
  sliding_window: null,
  tie_word_embeddings: true,
  vocab_size: 151936,
}
const GPT_NEOX_20B: Config = {
  hidden_size: 6144,
  intermediate_size: 24576,
  max_position_embeddings: 2048,
  num_attention_heads: 64,
  num_hidden_layers: 44,
  rotary_pct: 0.25,
  vocab_size: 50432,
}
const GPT_2: Config = {
  n_ctx: 1024,
  n_embd: 768,
  n_head: 12,
  n_inner: null,
  n_layer: 12,
  n_positions: 1024,
  vocab_size: 50257,
}

const CONFIGS: Readonly<Record<string, Config>> = { LLAMA_3_8B, MISTRAL_7B, QWEN_3, GPT_NEOX_20B, GPT_2 }

function numberAt(config: Config, ...keys: readonly string[]): number {
  const value = keys.map(key => config[key]).find(found => typeof found === 'number')
  if (typeof value !== 'number') throw new Error(`no ${keys}`)
  return value
}

/** The numbers that make a structure, whatever a family calls them. */
function structureOf(config: Config) {
  const heads = numberAt(config, 'num_attention_heads', 'n_head')
  const width = numberAt(config, 'hidden_size', 'n_embd')
  return {
    queriesPerGroup: heads / numberAt(config, 'num_key_value_heads', 'num_attention_heads', 'n_head'),
    widthPerHead: width / heads,
    headDim: config['head_dim'],
    rotaryShare: config['rotary_pct'],
    theta: config['rope_theta'],
    isTied: config['tie_word_embeddings'],
  }
}

test('an eighth of Llama 3 8B has an eighth of its heads, layers and vocabulary, and heads of the same width', () => {
  expect(scaledConfig(LLAMA_3_8B, '1/8', 'arch/llama-3-8b@1/8')).toEqual({
    ...LLAMA_3_8B,
    hidden_size: 512,
    intermediate_size: 1792,
    max_position_embeddings: 1024,
    num_attention_heads: 4,
    num_hidden_layers: 4,
    num_key_value_heads: 1,
    vocab_size: 16032,
  })
})

test('an eighth of Mistral 7B keeps the share of its positions that the window covers', () => {
  expect(scaledConfig(MISTRAL_7B, '1/8', '')).toMatchObject({ max_position_embeddings: 4096, sliding_window: 512 })
})

test('an eighth of GPT-2 has two heads, its whole table of positions, and no inner size of its own', () => {
  expect(scaledConfig(GPT_2, '1/8', '')).toEqual({
    n_ctx: 1024,
    n_embd: 128,
    n_head: 2,
    n_inner: null,
    n_layer: 2,
    n_positions: 1024,
    vocab_size: 6282,
  })
})

test('a sixty-fourth of GPT-NeoX has one head, and two layers rather than one', () => {
  expect(scaledConfig(GPT_NEOX_20B, '1/64', '')).toMatchObject({ num_attention_heads: 1, num_hidden_layers: 2 })
})

test('the original positions of a scaled rotation shrink with the positions', () => {
  const rope_scaling = { rope_type: 'llama3', factor: 8, original_max_position_embeddings: 8192 }
  const config = { ...LLAMA_3_8B, max_position_embeddings: 65536, rope_scaling }
  expect(scaledConfig(config, '1/4', '')).toMatchObject({
    max_position_embeddings: 16384,
    rope_scaling: { ...rope_scaling, original_max_position_embeddings: 2048 },
  })
})

const name = fc.constantFrom(...Object.keys(CONFIGS))
/** Ratios from an eighth to four, as people write them. */
const ratio = fc
  .tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 400 }))
  .filter(([of, to]) => 8 * of >= to && of <= 4 * to)

describe('at every scale', () => {
  test('groups, width of a head, rotary share and ties are the published ones', () => {
    fc.assert(
      fc.property(name, ratio, (which, [of, to]) => {
        const config = CONFIGS[which] ?? {}
        expect(structureOf(scaledConfig(config, `${of}/${to}`, ''))).toEqual(structureOf(config))
      }),
    )
  })

  test('sizes are the published ones times the scale, to the nearest step', () => {
    fc.assert(
      fc.property(name, ratio, (which, [of, to]) => {
        const config = CONFIGS[which] ?? {}
        const scaled = scaledConfig(config, `${of}/${to}`, '')
        const scale = of / to
        const layers = numberAt(config, 'num_hidden_layers', 'n_layer')
        expect(numberAt(scaled, 'num_hidden_layers', 'n_layer')).toBe(Math.max(2, Math.round(layers * scale)))
        expect(Math.abs(numberAt(scaled, 'vocab_size') - numberAt(config, 'vocab_size') * scale)).toBeLessThanOrEqual(
          16,
        )
        const units = numberAt(config, 'num_key_value_heads', 'num_attention_heads', 'n_head')
        const scaledUnits = numberAt(scaled, 'num_key_value_heads', 'num_attention_heads', 'n_head')
        expect(Math.abs(scaledUnits - units * scale)).toBeLessThanOrEqual(0.5)
        if (config['intermediate_size'] === undefined) return
        const inner = (c: Config) => numberAt(c, 'intermediate_size') / numberAt(c, 'hidden_size')
        expect(Math.abs(inner(scaled) - inner(config))).toBeLessThanOrEqual(16 / numberAt(scaled, 'hidden_size'))
      }),
    )
  })

  test('inner sizes and vocabularies that come in steps still do', () => {
    fc.assert(
      fc.property(ratio, ([of, to]) => {
        const scaled = scaledConfig({ ...QWEN_3, vocab_size: 8 * 1001 }, `${of}/${to}`, '')
        expect(numberAt(scaled, 'intermediate_size') % 32).toBe(0)
        expect(numberAt(scaled, 'vocab_size') % 8).toBe(0)
      }),
    )
  })

  test('the window covers the same share of the positions', () => {
    fc.assert(
      fc.property(ratio, ([of, to]) => {
        const scaled = scaledConfig(MISTRAL_7B, `${of}/${to}`, '')
        const positions = numberAt(scaled, 'max_position_embeddings')
        expect(Math.abs(numberAt(scaled, 'sliding_window') - positions / 8)).toBeLessThanOrEqual(0.5)
      }),
    )
  })

  test('every catalogued language model can be traced, and has more parameters the larger it is', () => {
    for (const [key, { config }] of Object.entries(catalogue)) {
      if (traceConfig(config, key).kind !== 'language') continue
      const units = numberAt(config, 'num_key_value_heads', 'num_attention_heads', 'n_head')
      const parameters = [`1/${units}`, '1/2', '3/4', '1', '5/4', '4'].map(scale => {
        const { weights } = traceConfig(scaledConfig(config, scale, key), key)
        return Array.from(weights.values(), ({ shape }) => shape.reduce((a, b) => a * b, 1)).reduce((a, b) => a + b, 0)
      })
      expect(parameters).toEqual(parameters.toSorted((a, b) => a - b))
      expect(new Set(parameters).size).toBe(parameters.length)
    }
  })

  test('a scale of one is the published config', () => {
    for (const config of Object.values(CONFIGS)) {
      expect(scaledConfig(config, '1', '')).toEqual(config)
      expect(scaledConfig(config, '7/7', '')).toEqual(config)
    }
  })
})

describe('refused with what is allowed:', () => {
  const refusal = (config: Config, scale: string): AssayError => {
    try {
      scaledConfig(config, scale, `arch/a@${scale}`)
    } catch (error) {
      if (error instanceof AssayError) return error
      throw error
    }
    throw new Error(`${scale} was taken`)
  }

  test.each(['', '0', '2/0', '0/8', '1/', '/8', '-1/8', '0.125', '1/8/2', ' 1/8', '1e3', 'half', '12345', '∞'])(
    "'%s' is no scale",
    scale => {
      expect(refusal(LLAMA_3_8B, scale)).toMatchObject({
        code: 'model-not-found',
        message: `'${scale}' is no scale`,
        where: `arch/a@${scale}`,
        hint: 'a scale is a ratio of whole numbers from 1/8 to 4, as in @1/2',
      })
    },
  )

  test.each(['1/9', '1/1000'])('%s leaves no head', scale => {
    expect(refusal(LLAMA_3_8B, scale).message).toContain(`a scale of ${scale} leaves no head`)
    expect(refusal(LLAMA_3_8B, scale).hint).toContain('from 1/8 to 4')
  })

  test('the least scale goes by the heads of the model: a twelfth of GPT-2 has one', () => {
    expect(scaledConfig(GPT_2, '1/12', '')).toMatchObject({ n_head: 1, n_embd: 64 })
    expect(refusal(GPT_2, '1/13').hint).toContain('from 1/12 to 4')
  })

  test('a model of one head has no smaller scale', () => {
    const config = { ...LLAMA_3_8B, num_key_value_heads: 1 }
    expect(scaledConfig(config, '2', '')).toMatchObject({ num_key_value_heads: 2, num_attention_heads: 64 })
    expect(refusal(config, '1/2').hint).toBe('a scale is a ratio of whole numbers from 1 to 4, as in @2')
  })

  test.each(['5', '4001/1000', '9999'])('%s is too large', scale => {
    expect(refusal(LLAMA_3_8B, scale)).toMatchObject({ message: `a scale of ${scale} is over 4` })
  })

  test.each([
    [{ num_key_value_heads: 5 }, '32 query heads over 5 key/value heads'],
    [{ num_attention_heads: 24 }, 'a hidden size of 4096 over 24 heads'],
    [{ num_hidden_layers: 0 }, 'num_hidden_layers or n_layer is no positive integer'],
    [{ hidden_size: undefined }, 'hidden_size or n_embd is no positive integer'],
    [{ num_attention_heads: '32' }, 'num_attention_heads or n_head is no positive integer'],
  ])('a config with %o', (change, message) => {
    const error = refusal({ ...LLAMA_3_8B, ...change }, '1/2')
    expect(error).toMatchObject({ code: 'config-invalid', where: 'arch/a@1/2' })
    expect(error.message).toContain(message)
  })
})

test('a window of zero stays one of zero, which the architecture refuses', () => {
  expect(scaledConfig({ ...MISTRAL_7B, sliding_window: 0 }, '1/2', '')).toMatchObject({ sliding_window: 0 })
})
