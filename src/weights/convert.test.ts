import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findPython, runPython } from '../../tests/python.ts'
import { convertBytes, convertChunks, type FloatType } from './convert.ts'

function bits16(value: number, to: 'f16' | 'bf16'): number {
  const out = convertBytes(new Uint8Array(Float32Array.of(value).buffer), 'f32', to)
  return new Uint16Array(out.buffer)[0] ?? -1
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const allHalves = new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer)
const finite = (type: 'f16' | 'bf16') => (_: unknown, i: number) =>
  type === 'f16' ? (i & 0x7c00) !== 0x7c00 : (i & 0x7f80) !== 0x7f80

describe('rounding', () => {
  test('ties go to the even neighbour', () => {
    expect(bits16(1 + 2 ** -8, 'bf16')).toBe(0x3f80)
    expect(bits16(1 + 3 * 2 ** -8, 'bf16')).toBe(0x3f82)
    expect(bits16(1 + 2 ** -11, 'f16')).toBe(0x3c00)
    expect(bits16(1 + 3 * 2 ** -11, 'f16')).toBe(0x3c02)
    expect(bits16(2 ** -25, 'f16')).toBe(0) // half of the smallest subnormal
    expect(bits16(3 * 2 ** -25, 'f16')).toBe(2)
  })

  test('just above a tie goes up', () => {
    expect(bits16(1 + 2 ** -8 + 2 ** -23, 'bf16')).toBe(0x3f81)
    expect(bits16(1 + 2 ** -11 + 2 ** -23, 'f16')).toBe(0x3c01)
    expect(bits16(2 ** -25 + 2 ** -48, 'f16')).toBe(1)
  })

  test('too large becomes infinity, the largest value stays', () => {
    expect(bits16(65504, 'f16')).toBe(0x7bff)
    expect(bits16(65519, 'f16')).toBe(0x7bff)
    expect(bits16(65520, 'f16')).toBe(0x7c00)
    expect(bits16(-1e30, 'f16')).toBe(0xfc00)
    expect(bits16(Math.fround(3.4028e38), 'bf16')).toBe(0x7f80)
    expect(bits16(Number.NEGATIVE_INFINITY, 'bf16')).toBe(0xff80)
  })

  test('NaN stays NaN, even where its payload is only in the bits that are cut', () => {
    const signalling = new Uint8Array(Uint32Array.of(0x7f800001, 0xff800001).buffer)
    expect([...new Uint16Array(convertBytes(signalling, 'f32', 'bf16').buffer)]).toEqual([0x7fc0, 0xffc0])
    expect([...new Uint16Array(convertBytes(signalling, 'f32', 'f16').buffer)]).toEqual([0x7e00, 0xfe00])
  })

  test('half rounding is that of the platform for any fp32', () => {
    fc.assert(
      fc.property(
        fc.float({ noNaN: true }),
        value => bits16(value, 'f16') === new Uint16Array(Float16Array.of(value).buffer)[0],
      ),
      { numRuns: 2000 },
    )
  })
})

describe('widening', () => {
  for (const type of ['f16', 'bf16'] as const)
    test(`every finite ${type} survives the way to fp32 and back`, () => {
      const back = convertBytes(convertBytes(allHalves, type, 'f32'), 'f32', type)
      const kept = (bytes: Uint8Array) => Buffer.from(new Uint16Array(bytes.buffer).filter(finite(type)).buffer)
      expect(kept(back).equals(kept(allHalves))).toBe(true)
    })
})

test('NumPy and ml_dtypes convert every 16-bit value and many fp32 ones to the same bits', ({ skip }) => {
  const python = findPython(['numpy', 'ml_dtypes'])
  if ('missing' in python) return skip(python.missing)
  // fp32 bit patterns spread over all exponents; NaN is left out, since its payload is free.
  const script = `
import sys, hashlib, numpy as np, ml_dtypes
np.seterr(over='ignore', invalid='ignore')
words = (np.arange(2**20, dtype=np.uint64) * 2654435761 % 2**32).astype(np.uint32)
words = words[(words & 0x7fffffff) <= 0x7f800000]
halves = np.arange(65536, dtype=np.uint16)
f32 = words.view(np.float32)
f16 = halves[(halves & 0x7fff) <= 0x7c00].view(np.float16)
bf16 = halves[(halves & 0x7fff) <= 0x7f80].view(ml_dtypes.bfloat16)
for array in (f32.astype(np.float16), f32.astype(ml_dtypes.bfloat16), f16.astype(np.float32), bf16.astype(np.float32),
              f16.astype(np.float32).astype(ml_dtypes.bfloat16), bf16.astype(np.float32).astype(np.float16)):
    print(hashlib.sha256(array.tobytes()).hexdigest())`
  const words = Uint32Array.from({ length: 2 ** 20 }, (_, i) => Number((BigInt(i) * 2654435761n) % 2n ** 32n))
  const halves = new Uint16Array(allHalves.buffer)
  const f32 = words.filter(word => (word & 0x7fffffff) <= 0x7f800000)
  const f16 = halves.filter(half => (half & 0x7fff) <= 0x7c00)
  const bf16 = halves.filter(half => (half & 0x7fff) <= 0x7f80)
  const cases: [Uint16Array | Uint32Array, FloatType, FloatType][] = [
    [f32, 'f32', 'f16'],
    [f32, 'f32', 'bf16'],
    [f16, 'f16', 'f32'],
    [bf16, 'bf16', 'f32'],
    [f16, 'f16', 'bf16'],
    [bf16, 'bf16', 'f16'],
  ]
  const ours = cases.map(([values, from, to]) => sha256(convertBytes(new Uint8Array(values.buffer), from, to)))
  expect(ours).toEqual(runPython(python, script).trim().split('\n'))
})

test('where the stream is cut does not matter', () => {
  fc.assert(
    fc.property(
      fc.array(fc.float(), { maxLength: 60 }),
      fc.array(fc.nat(9), { minLength: 1, maxLength: 40 }),
      fc.constantFrom<FloatType>('f16', 'bf16'),
      (values, cuts, to) => {
        const bytes = new Uint8Array(Float32Array.from(values).buffer)
        const pieces: Uint8Array[] = []
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const length = i < cuts.length ? (cuts[i] ?? 0) : bytes.length
          pieces.push(bytes.subarray(at, at + length))
          at += length
        }
        const out = Array.from(convertChunks(pieces, 'f32', to, 7), piece => piece.slice())
        expect(Buffer.concat(out).equals(convertBytes(bytes, 'f32', to))).toBe(true)
      },
    ),
  )
})

test('a stream that ends within an element is an error', () => {
  expect(() => [...convertChunks([new Uint8Array(7)], 'f32', 'f16')]).toThrow(RangeError)
})
