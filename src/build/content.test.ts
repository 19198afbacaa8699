import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findPython, runPython } from '../../tests/python.ts'
import type { Content } from '../lower/index.ts'
import { BYTES_PER_ELEMENT, tensorOf, toFloat32 } from '../tensor.ts'
import { convertBytes, type FloatType } from '../weights/convert.ts'
import type { WeightSource } from '../weights/source.ts'
import { contentChunks } from './content.ts'

interface Matrix {
  readonly values: Float32Array
  readonly columns: number
}

/** Weights in memory, stored in a type; reads go into one buffer that is used again, as those from files do. */
function weightsOf(matrices: Readonly<Record<string, Matrix>>, type: FloatType = 'f32'): WeightSource {
  const stored = new Map(
    Object.entries(matrices).map(([name, { values }]) => [
      name,
      convertBytes(new Uint8Array(values.slice().buffer), 'f32', type).slice(),
    ]),
  )
  const buffer = new Uint8Array(1 << 24)
  return {
    weights: new Map(
      Object.entries(matrices).map(([name, { values, columns }]) => [
        name,
        { type, shape: [values.length / columns, columns] },
      ]),
    ),
    read(name, offset, length) {
      buffer.fill(0xee)
      buffer.set(stored.get(name)?.subarray(offset, offset + length) ?? [])
      return buffer.subarray(0, length)
    },
    close: () => undefined,
  }
}

function bytesOf(content: Content, weights: WeightSource): Uint8Array {
  return new Uint8Array(Buffer.concat(Array.from(contentChunks(content, weights), chunk => chunk.slice())))
}

function floatsOf(content: Content, weights: WeightSource, type: 'f32' | 'f16' = 'f32'): number[] {
  const bytes = bytesOf(content, weights)
  return [...toFloat32({ type, shape: [bytes.length / BYTES_PER_ELEMENT[type]], bytes })]
}

const int8 = (names: readonly string[]): Content => ({ kind: 'int8', names })
const scales = (names: readonly string[], repeat = 1, type: 'f32' | 'f16' = 'f32'): Content => ({
  kind: 'int8-scales',
  names,
  repeat,
  type,
})
const levelsOf = (weights: WeightSource, name = 'w') => Array.from(bytesOf(int8([name]), weights), level => level - 128)

describe('int8 weights', () => {
  test('of a row whose largest is 127 are the row, halves to the even neighbour', () => {
    const row = Float32Array.of(127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, 0.49, -127)
    const weights = weightsOf({ w: { values: row, columns: row.length } })
    expect(levelsOf(weights)).toEqual([127, 0, 2, 2, 0, -2, -2, 126, 0, -127])
    expect(floatsOf(scales(['w']), weights)).toEqual([1])
  })

  test('around 128 are the same levels', () => {
    const values = Float32Array.of(-127, -1, 0, 64)
    const weights = weightsOf({ w: { values, columns: 4 } })
    expect([...bytesOf({ kind: 'int8', names: ['w'] }, weights)]).toEqual([1, 127, 128, 192])
  })

  test('of a row of zeros are zeros, with a scale that is no zero and no NaN', () => {
    const weights = weightsOf({ w: { values: Float32Array.of(0, -0, 0, 0, 2, 1), columns: 2 } })
    expect(levelsOf(weights)).toEqual([0, 0, 0, 0, 127, 64])
    expect(floatsOf(scales(['w']), weights)).toEqual([1, 1, Math.fround(2 / 127)])
  })

  test('have a scale for each row, repeated for each of its blocks, one weight after the other', () => {
    const weights = weightsOf({
      a: { values: Float32Array.of(127, 1, 254, 2), columns: 2 },
      b: { values: Float32Array.of(-381, 3), columns: 2 },
    })
    expect(floatsOf(scales(['a', 'b'], 3), weights)).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3])
    expect(floatsOf(scales(['b', 'a'], 1, 'f16'), weights, 'f16')).toEqual([3, 1, 2])
    expect(Array.from(bytesOf(int8(['b', 'a']), weights), level => level - 128)).toEqual([-127, 1, 127, 1, 127, 1])
  })

  test('are never further than half a step from what they stand for, and use the whole range', () => {
    const rows = fc.array(
      fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e3, max: 1e3 }), { minLength: 8, maxLength: 8 }),
      { minLength: 1, maxLength: 4 },
    )
    fc.assert(
      fc.property(rows, matrix => {
        const weights = weightsOf({ w: { values: Float32Array.from(matrix.flat()), columns: 8 } })
        const levels = levelsOf(weights)
        const steps = floatsOf(scales(['w']), weights)
        for (const [row, values] of matrix.entries()) {
          const step = steps[row] ?? 0
          const own = levels.slice(row * 8, row * 8 + 8)
          const largest = Math.max(...values.map(Math.abs))
          if (largest > 1e-30) expect(Math.max(...own.map(Math.abs))).toBe(127)
          for (const [at, value] of values.entries())
            expect(Math.abs((own[at] ?? 0) * step - value)).toBeLessThanOrEqual(step * 0.5 * (1 + 1e-4) + 1e-37)
        }
      }),
    )
  })

  test('are those that NumPy computes', ({ skip }) => {
    const python = findPython(['numpy'])
    if ('missing' in python) return skip(python.missing)
    const values = Float32Array.from({ length: 7 * 33 }, (_, at) => Math.fround(Math.sin(at * 12.9898) * 43.7585))
    const script = `
import sys, json, numpy
w = numpy.array(json.loads(sys.argv[1]), numpy.float32).reshape(7, 33)
scale = numpy.abs(w).max(1, keepdims=True) / numpy.float32(127)
print(json.dumps([numpy.rint(w / scale).astype(int).ravel().tolist(), scale.ravel().astype(float).tolist()]))`
    const [levels, steps] = JSON.parse(runPython(python, script, JSON.stringify([...values])))
    const weights = weightsOf({ w: { values, columns: 33 } })
    expect(levelsOf(weights)).toEqual(levels)
    expect(floatsOf(scales(['w']), weights)).toEqual(steps)
  })

  test.each(['bf16', 'f16'] as const)('of a %s checkpoint are those of its values', type => {
    const values = Float32Array.of(1, -0.5, 0.25, 2, 1.5, -3) // exact in any of the types
    const matrix = { w: { values, columns: 3 } }
    expect(levelsOf(weightsOf(matrix, type))).toEqual(levelsOf(weightsOf(matrix)))
    expect(floatsOf(scales(['w']), weightsOf(matrix, type))).toEqual(floatsOf(scales(['w']), weightsOf(matrix)))
  })

  test('of a matrix that is read in many pieces are those of the whole', () => {
    const columns = 1000
    const values = Float32Array.from({ length: 3000 * columns }, (_, at) => ((at * 37) % 255) - 127) // 12 MB
    const levels = levelsOf(weightsOf({ w: { values, columns } }))
    const row = (index: number) => {
      const own = values.subarray(index * columns, (index + 1) * columns)
      return levelsOf(weightsOf({ w: { values: own, columns } }))
    }
    for (const index of [0, 1047, 1048, 1049, 2097, 2999])
      expect(levels.slice(index * columns, (index + 1) * columns)).toEqual(row(index))
  })
})

describe('float weights', () => {
  test.each([
    ['f32', 'f32'],
    ['bf16', 'f32'],
    ['f16', 'f32'],
    ['bf16', 'f16'],
    ['f32', 'f16'],
  ] as const)('of a %s checkpoint as %s are its values, stacked', (from, to) => {
    const weights = weightsOf(
      {
        a: { values: Float32Array.of(1, -2, 0.5), columns: 1 },
        b: { values: Float32Array.of(1024, 0.0625), columns: 1 },
      },
      from,
    )
    expect(floatsOf({ kind: 'weights', names: ['b', 'a'], type: to }, weights, to)).toEqual([1024, 0.0625, 1, -2, 0.5])
  })
})

test('values that lowering made are written as they are', () => {
  const tensor = tensorOf([3], Int32Array.of(1, -2, 3))
  expect(bytesOf({ kind: 'values', tensor }, weightsOf({}))).toEqual(tensor.bytes)
})
