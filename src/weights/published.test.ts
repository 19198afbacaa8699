import { expect, test } from 'vitest'
import { asWanted } from './published.ts'
import type { WeightSource } from './source.ts'

/** A source that gives one buffer again and again, as the real ones do. */
function sourceOf(
  weights: Readonly<Record<string, { shape: number[]; values: number[]; type?: 'f32' | 'f16' }>>,
): WeightSource {
  const scratch = new Uint8Array(256)
  return {
    weights: new Map(Object.entries(weights).map(([name, { shape, type = 'f32' }]) => [name, { type, shape }])),
    read(name, offset, length) {
      const weight = weights[name]
      if (!weight) throw new Error(`no ${name}`)
      const values = weight.type === 'f16' ? Float16Array.from(weight.values) : Float32Array.from(weight.values)
      scratch.set(new Uint8Array(values.buffer).subarray(offset, offset + length))
      return scratch.subarray(0, length)
    },
    close: () => {},
  }
}

const floats = (bytes: Uint8Array) => [...new Float32Array(bytes.slice().buffer)]
const MATRIX = { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] }

test('a matrix that is published the other way round is given turned, in any piece', () => {
  const source = asWanted(sourceOf({ 'a.weight': MATRIX }), new Map([['a.weight', { isTransposed: true as const }]]))
  expect(source.weights.get('a.weight')?.shape).toEqual([3, 2])
  expect(floats(source.read('a.weight', 0, 24))).toEqual([1, 4, 2, 5, 3, 6])
  expect(floats(source.read('a.weight', 8, 8))).toEqual([2, 5])
})

test('two turned matrices that are read in turn are not mixed up', () => {
  const other = { shape: [2, 2], values: [7, 8, 9, 10] }
  const isTransposed = true as const
  const wanted = new Map([
    ['a.weight', { isTransposed }],
    ['b.weight', { isTransposed }],
  ])
  const source = asWanted(sourceOf({ 'a.weight': MATRIX, 'b.weight': other }), wanted)
  expect(floats(source.read('a.weight', 0, 8))).toEqual([1, 4])
  expect(floats(source.read('b.weight', 0, 16))).toEqual([7, 9, 8, 10])
  expect(floats(source.read('a.weight', 16, 8))).toEqual([3, 6])
})

test('halves are turned as halves', () => {
  const half = { ...MATRIX, type: 'f16' as const }
  const source = asWanted(sourceOf({ 'a.weight': half }), new Map([['a.weight', { isTransposed: true as const }]]))
  expect([...new Float16Array(source.read('a.weight', 0, 12).slice().buffer)]).toEqual([1, 4, 2, 5, 3, 6])
})

test('turned twice is as it was', () => {
  const wanted = new Map([['a.weight', { isTransposed: true as const }]])
  const source = asWanted(asWanted(sourceOf({ 'a.weight': MATRIX }), wanted), wanted)
  expect(source.weights.get('a.weight')?.shape).toEqual([2, 3])
  expect(floats(source.read('a.weight', 0, 24))).toEqual(MATRIX.values)
})

test('names without the first part are found where a model was saved without its head', () => {
  const wanted = new Map([
    ['transformer.wte.weight', {}],
    ['transformer.h.0.ln_1.weight', {}],
  ])
  const source = asWanted(sourceOf({ 'wte.weight': MATRIX }), wanted)
  expect([...source.weights.keys()]).toEqual(['transformer.wte.weight'])
  expect(floats(source.read('transformer.wte.weight', 0, 24))).toEqual(MATRIX.values)
})

test('a name that is there whole is not taken for another', () => {
  const source = asWanted(
    sourceOf({ 'a.b.weight': MATRIX, 'b.weight': { shape: [1], values: [9] } }),
    new Map([['a.b.weight', {}]]),
  )
  expect(source.weights.get('a.b.weight')?.shape).toEqual([2, 3])
})
