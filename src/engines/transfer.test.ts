import { expect, test } from 'vitest'
import { tensorOf } from '../tensor.ts'
import { ownTensors } from './transfer.ts'

test('a tensor over its whole buffer moves as it is; a view, and a second tensor of one buffer, are copied', () => {
  const whole = tensorOf([4], Float32Array.of(1, 2, 3, 4))
  const view = tensorOf([1], Float32Array.of(5, 6).subarray(1))
  const { tensors, transfer } = ownTensors({ whole, view, again: whole })
  expect(tensors['whole']?.bytes.buffer).toBe(whole.bytes.buffer)
  expect(tensors['view']?.bytes.byteLength).toBe(tensors['view']?.bytes.buffer.byteLength)
  expect(tensors['again']?.bytes).toEqual(whole.bytes)
  expect(tensors['again']?.bytes.buffer).not.toBe(whole.bytes.buffer)
  expect(new Set(transfer).size).toBe(3)
})
