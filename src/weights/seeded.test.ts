import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { elementCount } from '../tensor.ts'
import { convertBytes } from './convert.ts'
import { type SeededWeight, seededWeights } from './seeded.ts'

const plan = new Map<string, SeededWeight>([
  ['embed', { shape: [300, 70], init: 'normal' }],
  ['head', { shape: [300, 70], init: 'normal' }],
  ['wide', { shape: [100_003], init: 'normal', scale: 0.5 }],
  ['norm', { shape: [33], init: 'ones' }],
  ['bias', { shape: [33], init: 'zeros' }],
  ['bins', { shape: [1, 40], init: 'range' }],
])

function bytesOf(name: string, seed = 7, type: 'f32' | 'f16' | 'bf16' = 'f32'): Uint8Array {
  const source = seededWeights(plan, seed, { type })
  const length = elementCount(source.weights.get(name)?.shape ?? []) * (type === 'f32' ? 4 : 2)
  return source.read(name, 0, length).slice()
}

const valuesOf = (name: string, seed?: number) => new Float32Array(bytesOf(name, seed).buffer)
const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length
const deviation = (values: Float32Array) => Math.sqrt(mean(values.map(value => value * value)) - mean(values) ** 2)

function correlation(a: Float32Array, b: Float32Array): number {
  return (mean(a.map((value, i) => value * (b[i] ?? 0))) - mean(a) * mean(b)) / (deviation(a) * deviation(b))
}

describe('the values', () => {
  test('of a range count from 0, in every type and read from anywhere', () => {
    const counted = Array.from({ length: 40 }, (_, at) => at)
    expect([...valuesOf('bins')]).toEqual(counted)
    expect([...new Float16Array(bytesOf('bins', 7, 'f16').buffer)]).toEqual(counted)
    const part = seededWeights(plan, 7)
      .read('bins', 4 * 19, 4 * 5)
      .slice()
    expect([...new Float32Array(part.buffer)]).toEqual([19, 20, 21, 22, 23])
  })

  test('have mean 0 and the deviation asked for, 0.02 where none is', () => {
    const wide = valuesOf('wide')
    expect(Math.abs(mean(wide))).toBeLessThan((4 * 0.5) / Math.sqrt(wide.length))
    expect(deviation(wide)).toBeCloseTo(0.5, 2)
    expect(deviation(valuesOf('embed'))).toBeCloseTo(0.02, 3)
  })

  test('are spread as a normal distribution: 68.27 % within one deviation, 95.45 % within two', () => {
    const wide = valuesOf('wide')
    const within = (limit: number) => wide.filter(value => Math.abs(value) < limit).length / wide.length
    expect(within(0.5)).toBeCloseTo(0.6827, 2)
    expect(within(1)).toBeCloseTo(0.9545, 2)
  })

  test('differ from row to row, neighbour to neighbour, name to name and seed to seed', () => {
    const embed = valuesOf('embed')
    const limit = 5 / Math.sqrt(embed.length) // 5 deviations of the correlation of independent values
    expect(Math.abs(correlation(embed.subarray(0, -1), embed.subarray(1)))).toBeLessThan(limit)
    expect(Math.abs(correlation(embed.subarray(0, -70), embed.subarray(70)))).toBeLessThan(limit)
    expect(Math.abs(correlation(embed, valuesOf('head')))).toBeLessThan(limit)
    expect(Math.abs(correlation(embed, valuesOf('embed', 8)))).toBeLessThan(limit)
    expect(Math.abs(correlation(embed, valuesOf('embed', 7 + 2 ** 32)))).toBeLessThan(limit)
  })

  test('are ones and zeros where asked', () => {
    expect(valuesOf('norm')).toEqual(new Float32Array(33).fill(1))
    expect(valuesOf('bias')).toEqual(new Float32Array(33))
    expect(bytesOf('norm', 7, 'bf16').slice(0, 2)).toEqual(Uint8Array.of(0x80, 0x3f))
    expect(bytesOf('norm', 7, 'f16').slice(0, 2)).toEqual(Uint8Array.of(0x00, 0x3c))
  })
})

test('a seed means the same weights on every machine and in every version', () => {
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  expect(sha256(bytesOf('wide', 1))).toBe('ccadbc29679a9affc5b6b3465dc0ea00afb862877a85ae70bdf4673e4e12a770')
  expect(sha256(bytesOf('wide', 1, 'bf16'))).toBe('0f037bd9f6bce5b44aeec7e623bb32728bb589c457af72d482b35285e8c9790d')
})

test('any range read alone, in any order, is the same as the whole', () => {
  const whole = bytesOf('wide')
  const source = seededWeights(plan, 7)
  fc.assert(
    fc.property(fc.nat(whole.length), fc.nat(70_000), (offset, size) => {
      const length = Math.min(size, whole.length - offset)
      source.read('head', 16, 1000)
      const range = source.read('wide', offset, length)
      expect(Buffer.compare(range, whole.subarray(offset, offset + length))).toBe(0)
    }),
  )
})

test('bf16 and f16 weights are the rounded fp32 ones', () => {
  for (const type of ['bf16', 'f16'] as const)
    expect(Buffer.compare(bytesOf('wide', 7, type), convertBytes(bytesOf('wide'), 'f32', type))).toBe(0)
})

test('what is not there cannot be read', () => {
  const source = seededWeights(plan, 7)
  expect(() => source.read('absent', 0, 4)).toThrow(RangeError)
  expect(() => source.read('norm', 0, 33 * 4 + 1)).toThrow(RangeError)
  expect(() => seededWeights(plan, -1)).toThrow(RangeError)
  expect(() => seededWeights(plan, 0.5)).toThrow(RangeError)
})
