import { inverseFrequencies, type Rope } from '../graph/index.ts'
import { tensorOf } from '../tensor.ts'
import type { Lowering } from './lowering.ts'

/** How many features of a head rotate. */
export function rotatedFeatures(headDim: number, rope: Rope): number {
  return rope.features ?? headDim
}

/** Angles as torch computes them: frequency and product rounded to fp32. */
function frequencies(headDim: number, rope: Rope): Float32Array {
  return Float32Array.from(inverseFrequencies(rotatedFeatures(headDim, rope), rope))
}

/** A key under which equal rotary settings share their constants. */
function rotaryKey(headDim: number, rope: Rope): string {
  const { theta, scaling } = rope
  return ['rope', rotatedFeatures(headDim, rope), theta, ...(scaling ? Object.values(scaling) : [])].join('/')
}

/** Cosines and sines of every position that a model knows, fp32 [positions, pairs] each. */
function wavesOf(positions: number, headDim: number, rope: Rope): { cos: Float32Array; sin: Float32Array } {
  const inverse = frequencies(headDim, rope)
  const pairs = inverse.length
  const cos = new Float32Array(positions * pairs)
  const sin = new Float32Array(positions * pairs)
  for (let position = 0; position < positions; position++)
    for (let pair = 0; pair < pairs; pair++) {
      const angle = Math.fround(position * (inverse[pair] ?? 0))
      cos[position * pairs + pair] = Math.cos(angle)
      sin[position * pairs + pair] = Math.sin(angle)
    }
  return { cos, sin }
}

interface Waves {
  readonly cos: string
  readonly sin: string
}

/**
 * Tables of cosines and sines for every position, values of [positions, pairs], once a graph. No device computes them: Vulkan allows a
 * sine an absolute error of 2^-11, which is 30 times the error of all else (docs/decisions/0012).
 */
export function rotaryTables(lowering: Lowering, headDim: number, rope: Rope): Waves {
  const { emit, language, policy } = lowering
  const key = rotaryKey(headDim, rope)
  return lowering.once(`${key}/tables`, () => {
    const { cos, sin } = wavesOf(language.maxPositions, headDim, rope)
    const shape = [language.maxPositions, cos.length / language.maxPositions]
    const table = (name: string, values: Float32Array) =>
      lowering.cast(key, emit.values(`${key}/${name}`, tensorOf(shape, values)), 'f32', policy.float)
    return { cos: table('cos', cos), sin: table('sin', sin) }
  })
}

/** The rows of the tables for the positions fed, values of [batch, 1, tokens, pairs], once a graph. */
export function rotaryOfPositions(lowering: Lowering, headDim: number, rope: Rope): Waves {
  const { emit, language } = lowering
  const key = rotaryKey(headDim, rope)
  return lowering.once(key, () => {
    const tables = rotaryTables(lowering, headDim, rope)
    const rows = (table: string) => {
      const found = emit.node(key, 'Gather', [table, lowering.value(language.positions)], { axis: { int: 0 } })
      return emit.node(key, 'Unsqueeze', [found, emit.integers(1)])
    }
    return { cos: rows(tables.cos), sin: rows(tables.sin) }
  })
}
