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

/** Cosines and sines of every position the model knows, fp32 [positions, pairs] each, for operators that take tables. */
export function rotaryTables(positions: number, headDim: number, rope: Rope): { cos: Float32Array; sin: Float32Array } {
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

/** A key under which equal rotary settings share their constants. */
export function rotaryKey(headDim: number, rope: Rope): string {
  const { theta, scaling } = rope
  return ['rope', rotatedFeatures(headDim, rope), theta, ...(scaling ? Object.values(scaling) : [])].join('/')
}

/** Cosines and sines of the positions fed, computed in the graph: values of [batch, 1, tokens, pairs], once a graph. */
export function rotaryOfPositions(lowering: Lowering, headDim: number, rope: Rope): { cos: string; sin: string } {
  const { emit, policy, graph } = lowering
  const key = rotaryKey(headDim, rope)
  return lowering.once(key, () => {
    const angular = frequencies(headDim, rope)
    const inverse = emit.values(`${key}/inverse`, tensorOf([angular.length], angular))
    const positions = emit.node(key, 'Cast', [lowering.value(graph.positions)], { to: { int: 1 } })
    const column = emit.node(key, 'Unsqueeze', [positions, emit.integers(1, 3)]) // [batch, 1, tokens, 1]
    const angles = emit.node(key, 'Mul', [column, inverse])
    const wave = (operator: 'Cos' | 'Sin') =>
      lowering.cast(key, emit.node(key, operator, [angles]), 'f32', policy.float)
    return { cos: wave('Cos'), sin: wave('Sin') }
  })
}
