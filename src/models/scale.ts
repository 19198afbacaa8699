/** `arch/NAME@SCALE`: a catalogued config made smaller or larger, with every structural feature as published; docs/models.md. */
import { AssayError } from '../errors.ts'

type Config = Readonly<Record<string, unknown>>

/** A positive ratio of whole numbers. */
interface Ratio {
  readonly of: number
  readonly to: number
}

/**
 * What a key of config.json counts, in the spellings of Hugging Face's llama, mistral, qwen2, qwen3, gpt_neox and gpt2. A key
 * that is not here stays as it is: head_dim, rotary_pct, rope_theta, biases, tied or not.
 */
const COUNTS: Readonly<Record<string, Part>> = {
  num_attention_heads: 'heads',
  n_head: 'heads',
  num_key_value_heads: 'heads',
  hidden_size: 'heads', // heads of the same width, side by side
  n_embd: 'heads',
  intermediate_size: 'inner',
  n_inner: 'inner',
  num_hidden_layers: 'layers',
  n_layer: 'layers',
  max_window_layers: 'layers',
  vocab_size: 'vocabulary',
  max_position_embeddings: 'positions',
  n_positions: 'positions',
  n_ctx: 'positions',
  sliding_window: 'positions',
  original_max_position_embeddings: 'positions', // inside rope_scaling or rope_parameters
}

type Part = 'heads' | 'inner' | 'layers' | 'vocabulary' | 'positions'

/** A larger factor is a slip of the pen: four times the width, layers and vocabulary are sixty times the parameters. */
const LARGEST = 4
/** The first layer and the last one differ from each other in what they read. */
const LEAST_LAYERS = 2
/** The default benchmark has 512 tokens in and 128 out. */
const LEAST_POSITIONS = 1024
/** Kernels choose their tiles by what a size is a multiple of; blocks of quantised weights have 32 values or 64. */
const ALIGNMENT = 32

/**
 * A config at another scale. With `scale` a ratio like `1/8` or `2`: heads, layers and vocabulary are that share of the published
 * ones, query heads per key/value head and the width of a head stay, hidden and intermediate sizes follow the heads, and positions
 * and sliding window shrink together. `where` is the reference that a person wrote.
 * Throws AssayError('model-not-found') for a scale that is none, or that leaves no head, and for a vision model.
 */
export function scaledConfig(config: Config, scale: string, where: string): Config {
  // What every language model's config says, and no other's.
  if (!('vocab_size' in config))
    throw new AssayError('model-not-found', 'a vision model comes at its published sizes and takes no scale', {
      where,
      hint: `leave out @${scale}`,
    })
  const units = headUnits(config, where)
  const ratio = parseScale(scale, units, where)
  const heads = { of: Math.round(times(units, ratio)), to: units }
  const factors: Readonly<Record<Part, Ratio>> = {
    heads,
    inner: heads,
    layers: atLeast(firstOf(config, ['num_hidden_layers', 'n_layer'], where), ratio, LEAST_LAYERS),
    vocabulary: ratio,
    positions: atLeast(firstOf(config, ['max_position_embeddings', 'n_positions'], where), ratio, LEAST_POSITIONS),
  }
  return scaleKeys(config, factors)
}

function scaleKeys(config: Config, factors: Readonly<Record<Part, Ratio>>): Config {
  const scaled = Object.entries(config).map(([key, value]) => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return [key, scaleKeys({ ...value }, factors)] as const
    const part = Object.hasOwn(COUNTS, key) ? COUNTS[key] : undefined
    return [key, part && typeof value === 'number' ? scaleCount(value, part, factors[part]) : value] as const
  })
  return Object.fromEntries(scaled)
}

function scaleCount(count: number, part: Part, factor: Ratio): number {
  const exact = times(count, factor)
  const step = part === 'inner' || part === 'vocabulary' ? alignmentOf(count) : 1
  return Math.max(Math.min(count, step), step * Math.round(exact / step))
}

/** The largest power of two that divides a size, at most 32. */
function alignmentOf(size: number): number {
  let step = ALIGNMENT
  while (size % step !== 0) step /= 2
  return step
}

/** What heads come in: as many as there are key/value heads, each with its query heads. */
function headUnits(config: Config, where: string): number {
  const heads = firstOf(config, ['num_attention_heads', 'n_head'], where)
  const units = firstOf(config, ['num_key_value_heads', 'num_attention_heads', 'n_head'], where)
  const width = firstOf(config, ['hidden_size', 'n_embd'], where)
  if (heads % units !== 0) throw indivisible(`${heads} query heads over ${units} key/value heads`, where)
  if (width % heads !== 0) throw indivisible(`a hidden size of ${width} over ${heads} heads`, where)
  return units
}

function indivisible(what: string, where: string): AssayError {
  return new AssayError('config-invalid', `heads do not divide, so that there is no scale: ${what}`, { where })
}

function firstOf(config: Config, keys: readonly string[], where: string): number {
  const value = keys.map(key => config[key]).find(value => value !== undefined && value !== null)
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value
  throw new AssayError('config-invalid', `${keys.join(' or ')} is no positive integer, so that there is no scale`, {
    where,
  })
}

function times(count: number, { of, to }: Ratio): number {
  return (count * of) / to
}

/** The ratio that takes a count to its scaled one, which is not brought below `least`. */
function atLeast(count: number, ratio: Ratio, least: number): Ratio {
  return { of: Math.max(Math.round(times(count, ratio)), Math.min(count, least)), to: count }
}

function parseScale(scale: string, units: number, where: string): Ratio {
  const [, of = '', to = '1'] = /^(\d{1,4})(?:\/(\d{1,4}))?$/.exec(scale) ?? []
  const ratio = { of: Number(of), to: Number(to) }
  const refuse = (what: string) => {
    const [least, example] = units === 1 ? ['1', '@2'] : [`1/${units}`, '@1/2']
    const hint = `a scale is a ratio of whole numbers from ${least} to ${LARGEST}, as in ${example}`
    return new AssayError('model-not-found', what, { where, hint })
  }
  if (of === '' || ratio.of === 0 || ratio.to === 0) throw refuse(`'${scale}' is no scale`)
  if (times(units, ratio) < 1) throw refuse(`a scale of ${scale} leaves no head: ${units} × ${scale} is less than one`)
  if (times(1, ratio) > LARGEST) throw refuse(`a scale of ${scale} is over ${LARGEST}`)
  return ratio
}
