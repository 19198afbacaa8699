import { expect, test } from 'vitest'
import { type PhiloxCounter, type PhiloxKey, philox } from './philox.ts'

function hex(key: PhiloxKey, counter: PhiloxCounter): string {
  const words = new Uint32Array(4)
  philox(key, counter, words)
  return Array.from(words, word => word.toString(16).padStart(8, '0')).join(' ')
}

// Random123, tests/kat_vectors: the lines "philox4x32 10".
test('the words are those of the reference implementation', () => {
  const ones = 0xffffffff
  expect(hex([0, 0], [0, 0, 0, 0])).toBe('6627e8d5 e169c58d bc57ac4c 9b00dbd8')
  expect(hex([ones, ones], [ones, ones, ones, ones])).toBe('408f276d 41c83b0e a20bc7c6 6d5451fd')
  expect(hex([0xa4093822, 0x299f31d0], [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344])).toBe(
    'd16cfe09 94fdcceb 5001e420 24126ea1',
  )
})

test('a long run is the same as its blocks one by one, across the carry into the second word', () => {
  const long = new Uint32Array(12)
  philox([1, 2], [0xfffffffe, 5, 3, 4], long)
  const singly = [[0xfffffffe, 5] as const, [0xffffffff, 5] as const, [0, 6] as const].map(([low, high]) => {
    const words = new Uint32Array(4)
    philox([1, 2], [low, high, 3, 4], words)
    return [...words]
  })
  expect([...long]).toEqual(singly.flat())
})
