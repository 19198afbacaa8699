import { expect, test } from 'vitest'
import { encodeFrame as encodeAsHost, type Frame, FrameDecoder } from '../../../protocol/frames.ts'
import { tensorOf } from '../../../tensor.ts'
import { decodeFrame, encodeFrame } from './frames.ts'

const tensors = {
  odd: tensorOf([3], Uint8Array.of(1, 2, 3)),
  logits: tensorOf([2, 2], Float32Array.of(0.5, -1, Number.NaN, 3e38)),
  none: tensorOf([0, 4], new Float32Array(0)),
  ids: tensorOf([1], BigInt64Array.of(-7n)),
}

function joined(pieces: readonly Uint8Array[]): ArrayBuffer {
  return new Uint8Array(Buffer.concat(pieces)).buffer
}

test('the host reads what the page writes', () => {
  const frames: Frame[] = []
  const decoder = new FrameDecoder(frame => frames.push(frame))
  decoder.push(new Uint8Array(joined(encodeFrame({ kind: 'response', id: 7, result: { naïve: 'é' } }, tensors))))
  expect(frames).toHaveLength(1)
  expect(frames[0]?.header).toMatchObject({ kind: 'response', id: 7, result: { naïve: 'é' } })
  expect(frames[0]?.tensors).toEqual(tensors)
  expect(decoder.isMidFrame).toBe(false)
})

test('the page reads what the host writes, with each tensor in memory of its own', () => {
  const message = { kind: 'request', id: 3, method: 'run', params: { handle: 'é' } } as const
  const { header, tensors: given } = decodeFrame<object>(joined(encodeAsHost(message, tensors)))
  expect(header).toMatchObject(message)
  expect(given).toEqual(tensors)
  for (const { bytes } of Object.values(given)) expect(bytes.byteLength).toBe(bytes.buffer.byteLength)
})

test('a view into a larger memory is sent as what it shows', () => {
  const view = new Float32Array(Float32Array.of(1, 2, 3, 4).buffer, 4, 2)
  const { tensors: given } = decodeFrame<object>(joined(encodeFrame({}, { x: tensorOf([2], view) })))
  expect([...new Float32Array(given['x']?.bytes.buffer ?? new ArrayBuffer(0))]).toEqual([2, 3])
})
