import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BYTES_PER_ELEMENT, type ElementType, elementCount, type NamedTensors, tensorOf } from '../tensor.ts'
import { ProtocolError } from './failure.ts'
import { encodeFrame, type Frame, FrameDecoder, LIMITS, type Message } from './frames.ts'

const types = Object.keys(BYTES_PER_ELEMENT) as ElementType[]

const tensor = fc.tuple(fc.constantFrom(...types), fc.array(fc.nat(5), { maxLength: 3 })).chain(([type, shape]) => {
  const length = elementCount(shape) * BYTES_PER_ELEMENT[type]
  return fc.uint8Array({ minLength: length, maxLength: length }).map(bytes => ({ type, shape, bytes }))
})
const names = fc.string({ maxLength: 20 })
const message: fc.Arbitrary<Message> = fc.record({
  kind: fc.constant('request' as const),
  id: fc.integer({ min: 1, max: 1e6 }),
  method: fc.string(),
  params: fc.dictionary(fc.string({ minLength: 1, unit: 'grapheme-ascii' }), fc.string()),
})

function decode(bytes: Uint8Array, sizes: readonly number[]): Frame[] {
  const frames: Frame[] = []
  const decoder = new FrameDecoder(frame => frames.push(frame))
  let offset = 0
  for (let i = 0; offset < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    decoder.push(bytes.subarray(offset, offset + size))
    offset += size
  }
  expect(decoder.isMidFrame).toBe(false)
  return frames
}

/** A frame around any text as its header, and what follows it. */
function rawFrame(header: string, body = ''): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(Buffer.byteLength(header))
  return Buffer.concat([length, Buffer.from(header), Buffer.from(body)])
}

test('frames come back as they were, however their bytes are cut', () => {
  const frame = fc.tuple(message, fc.dictionary(names, tensor, { maxKeys: 4 }))
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 })
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 4 }), sizes, (sent, chunkSizes) => {
      const bytes = Buffer.concat(sent.flatMap(([header, tensors]) => encodeFrame(header, tensors)))
      const received = decode(bytes, chunkSizes)
      const none: NamedTensors = {}
      expect(received.length).toBe(sent.length)
      received.forEach(({ header, tensors }, i) => {
        const [sentHeader, sentTensors]: [Message | undefined, NamedTensors] = sent[i] ?? [undefined, none]
        expect(header).toMatchObject({ ...sentHeader })
        expect(Object.keys(tensors)).toEqual(Object.keys(sentTensors))
        for (const [name, { type, shape, bytes }] of Object.entries(tensors)) {
          expect({ type, shape }).toEqual({ type: sentTensors[name]?.type, shape: sentTensors[name]?.shape })
          expect(Buffer.compare(bytes, sentTensors[name]?.bytes ?? Buffer.of())).toBe(0)
        }
      })
    }),
  )
})

test('the bytes of a frame are those of docs/protocol.md', () => {
  const [head, body] = encodeFrame({ kind: 'response', id: 7, result: {} }, { x: tensorOf([2], Float32Array.of(1, 2)) })
  const json = '{"kind":"response","id":7,"result":{},"tensors":[{"name":"x","type":"f32","shape":[2]}]}'
  expect(Buffer.from(head ?? []).toString('latin1')).toBe(`\x58\0\0\0${json}`)
  expect(Buffer.from(body ?? []).toString('hex')).toBe('0000803f00000040')
})

test('sending copies no tensor, and a received one is aligned and alone in its memory', () => {
  const x = tensorOf([3], Float32Array.of(1, 2, 3))
  const pieces = encodeFrame({ kind: 'interrupt', id: 1 }, { b: tensorOf([1], Uint8Array.of(1)), x })
  expect(pieces[2]?.buffer).toBe(x.bytes.buffer)
  const [frame] = decode(Buffer.concat(pieces), [1000])
  const received = frame?.tensors['x']?.bytes
  expect([received?.byteOffset, received?.buffer.byteLength]).toEqual([0, 12])
})

describe('what is no frame is refused with the reason', () => {
  const push = (bytes: Uint8Array) => () => new FrameDecoder(() => undefined).push(bytes)
  const header = (tensors: unknown) => JSON.stringify({ kind: 'response', id: 1, result: {}, tensors })

  test.each([
    ['text', Buffer.from('ggml_init: found 1 device\n'), 'the text "ggml" where a frame should begin'],
    ['an endless header', Buffer.from([0xff, 0xff, 0xff, 0xff]), 'a header of 4294967295 bytes'],
    ['an empty header', Buffer.alloc(4), 'a header of 0 bytes'],
    ['no JSON', rawFrame('{"kind":'), 'is no JSON'],
    ['an unknown kind', rawFrame('{"kind":"shout"}'), 'is not allowed'],
    ['an unknown type', rawFrame(header([{ name: 'x', type: 'f8', shape: [1] }])), 'tensors.0.type'],
    ['a negative size', rawFrame(header([{ name: 'x', type: 'f32', shape: [-1] }])), 'tensors.0.shape.0'],
    [
      'two of one name',
      rawFrame(header(Array(2).fill({ name: 'x', type: 'f32', shape: [] }))),
      'two tensors of one name',
    ],
    ['too much', rawFrame(header([{ name: 'x', type: 'f32', shape: [2 ** 30, 2 ** 20] }])), 'bytes of tensors'],
    ['too many', rawFrame(header(Array(4097).fill({ name: 'x', type: 'f32', shape: [] }))), 'tensors'],
  ])('%s', (_, bytes, message) => {
    expect(push(bytes)).toThrow(ProtocolError)
    expect(push(bytes)).toThrow(message)
  })

  test('random bytes never hang or crash it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        try {
          push(bytes)()
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }),
    )
  })

  test('a header at the limit is read', () => {
    const frames: Frame[] = []
    const empty = '{"kind":"error","id":1,"code":"failed","message":"","tensors":[]}'
    const text = empty.replace('""', `"${'x'.repeat(LIMITS.headerBytes - empty.length)}"`)
    new FrameDecoder(frame => frames.push(frame)).push(rawFrame(text))
    expect(frames.length).toBe(1)
  })
})

test('a tensor whose bytes do not match its shape cannot be sent', () => {
  const bad = { type: 'f32', shape: [3], bytes: new Uint8Array(8) } as const
  const send = (tensors: NamedTensors) => () => encodeFrame({ kind: 'interrupt', id: 1 }, tensors)
  expect(send({ bad })).toThrow(new RangeError('bad f32[3] has 8 bytes, not 12'))
})
