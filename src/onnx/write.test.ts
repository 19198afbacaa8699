import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, test } from 'vitest'
import { findPython, runPython } from '../../tests/python.ts'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { BYTES_PER_ELEMENT, type ElementType, elementCount } from '../tensor.ts'
import type { Attribute, OnnxInitializer, OnnxModel, OnnxValue } from './model.ts'
import { readOnnx } from './read.ts'
import { writeOnnx } from './write.ts'

const types = Object.keys(BYTES_PER_ELEMENT) as ElementType[]

function constant(name: string, type: ElementType, shape: readonly number[], bytes: Uint8Array): OnnxInitializer {
  return { name, type, shape, chunks: () => [bytes] }
}

const bytesOf = ({ chunks }: OnnxInitializer) => Buffer.concat(Array.from(chunks(), chunk => chunk.slice()))

/** A model with its initializers' bytes in place of their chunks, so that two can be compared. */
function plain(model: OnnxModel): unknown {
  return {
    ...model,
    initializers: model.initializers.map(each => ({ ...each, chunks: bytesOf(each).toString('hex') })),
  }
}

/** y = x w + b: [batch, 2] by [2, 3]. */
function affine(overrides: Partial<OnnxModel> = {}): OnnxModel {
  const w = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer)
  const b = new Uint8Array(Float32Array.of(0.5, -0.5, 0).buffer)
  return {
    name: 'affine',
    irVersion: 8,
    opsets: { '': 17 },
    producer: { name: 'assay', version: '1' },
    nodes: [
      { name: 'product', operator: 'MatMul', domain: '', inputs: ['x', 'w'], outputs: ['xw'], attributes: {} },
      { name: 'sum', operator: 'Add', domain: '', inputs: ['xw', 'b'], outputs: ['y'], attributes: {} },
    ],
    inputs: [{ name: 'x', type: 'f32', shape: ['batch', 2] }],
    outputs: [{ name: 'y', type: 'f32', shape: ['batch', 3] }],
    initializers: [constant('w', 'f32', [2, 3], w), constant('b', 'f32', [3], b)],
    metadata: { made: 'by hand' },
    ...overrides,
  }
}

const f32 = fc.float({ noNaN: true })
const tensor = fc
  .record({ type: fc.constantFrom(...types), shape: fc.array(fc.nat(3), { maxLength: 3 }) })
  .chain(({ type, shape }) => {
    const length = elementCount(shape) * BYTES_PER_ELEMENT[type]
    return fc.uint8Array({ minLength: length, maxLength: length }).map(bytes => ({ type, shape, bytes }))
  })
const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('__proto__', '\u0000', '\ufefftext'))
const attribute: fc.Arbitrary<Attribute> = fc.oneof(
  fc.record({ int: fc.maxSafeInteger() }),
  fc.record({ float: f32 }),
  fc.record({ string: text }),
  fc.record({ ints: fc.array(fc.maxSafeInteger()) }),
  fc.record({ floats: fc.array(f32) }),
  fc.record({ strings: fc.array(text) }),
  fc.record({ tensor }),
)
const value: fc.Arbitrary<OnnxValue> = fc.record({
  name: text.map(name => `value ${name}`),
  type: fc.constantFrom(...types),
  shape: fc.array(fc.oneof(fc.nat(9), fc.string({ minLength: 1 })), { maxLength: 3 }),
})
const texts = fc.dictionary(text, text)
const node = fc.record({
  name: text,
  operator: text,
  domain: fc.constantFrom('', 'com.microsoft'),
  inputs: fc.array(text),
  outputs: fc.array(text),
  attributes: fc.dictionary(text, attribute, { maxKeys: 4 }),
})
const model: fc.Arbitrary<OnnxModel> = fc.record({
  name: text,
  irVersion: fc.integer({ min: 3, max: 12 }),
  opsets: fc.dictionary(fc.constantFrom('', 'com.microsoft', 'x'), fc.integer({ min: 1, max: 99 })),
  producer: fc.record({ name: text, version: text }),
  nodes: fc.array(node, { maxLength: 3 }),
  inputs: fc.array(value, { maxLength: 3 }),
  outputs: fc.array(value, { maxLength: 3 }),
  initializers: fc.uniqueArray(
    fc.tuple(text, tensor).map(([name, data]) => constant(`weight ${name}`, data.type, data.shape, data.bytes)),
    { maxLength: 4, selector: ({ name }) => name },
  ),
  metadata: texts,
})

test('initializers of one content lie in the data file once, each under its name', () => {
  const path = join(temporaryDirectory(), 'shared.onnx')
  const content = Uint8Array.from({ length: 4096 }, (_, i) => i)
  let asked = 0
  const shared = (name: string, shape: readonly number[], contentKey: string): OnnxInitializer => ({
    ...constant(name, 'u8', shape, content),
    chunks: () => {
      asked++
      return [content]
    },
    contentKey,
  })
  const initializers = [shared('table', [64, 64], 'a'), shared('head', [64, 64], 'a'), shared('other', [4096], 'b')]
  writeOnnx(affine({ nodes: [], outputs: [], initializers }), path)
  expect(asked).toBe(2)
  expect(statSync(`${path}.data`).size).toBe(2 * 4096)
  expect(readOnnx(path).initializers.map(each => bytesOf(each).equals(content))).toEqual([true, true, true])
  const unequal = [shared('table', [64, 64], 'a'), constant('head', 'u8', [2048], content.subarray(2048))]
  const wrong = unequal.map(initializer => ({ ...initializer, contentKey: 'a' }))
  expect(() => writeOnnx(affine({ nodes: [], outputs: [], initializers: wrong }), `${path}.2`)).toThrow(
    'head is not of the size',
  )
})

describe('what is written', () => {
  test('is read back as it was, whether initializers are inside or beside the file', () => {
    const path = join(temporaryDirectory(), 'm.onnx')
    fc.assert(
      fc.property(model, fc.constantFrom(0, 16, 1e9), (original, externalThresholdBytes) => {
        writeOnnx(original, path, { externalThresholdBytes })
        expect(plain(readOnnx(path))).toEqual(plain(original))
      }),
      { numRuns: 60 },
    )
  })

  test('keeps NaN, infinities and the sign of zero in attributes', () => {
    const path = join(temporaryDirectory(), 'm.onnx')
    const floats = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0]
    const [first] = affine().nodes
    if (first === undefined) throw new Error('affine has nodes')
    writeOnnx(affine({ nodes: [{ ...first, attributes: { floats: { floats } } }] }), path)
    expect(readOnnx(path).nodes[0]?.attributes['floats']).toEqual({ floats })
  })

  test.each([0, 1e9])('computes the right thing in onnxruntime (external from %d bytes on)', async threshold => {
    const path = join(temporaryDirectory(), 'm.onnx')
    writeOnnx(affine(), path, { externalThresholdBytes: threshold })
    const session = await InferenceSession.create(path)
    const { y } = await session.run({ x: new Tensor('float32', Float32Array.of(1, 0, 10, 100), [2, 2]) })
    expect(Array.from(y?.data as Float32Array)).toEqual([1.5, 1.5, 3, 410.5, 519.5, 630])
    await session.release()
  })

  test('passes the checker of ONNX, and its values are what NumPy reads', ({ skip }) => {
    const python = findPython(['onnx', 'numpy'])
    if ('missing' in python) return skip(python.missing)
    const path = join(temporaryDirectory(), 'm.onnx')
    const constants = types.flatMap(type => {
      const size = BYTES_PER_ELEMENT[type]
      const ones = (count: number) => new Uint8Array(count * size).fill(1)
      return [
        constant(`${type}.inline`, type, [], ones(1)),
        constant(`${type}.external`, type, [20, 3], ones(60)),
        constant(`${type}.empty`, type, [0, 3], ones(0)),
      ]
    })
    const base = affine()
    writeOnnx(affine({ initializers: [...base.initializers, ...constants] }), path, { externalThresholdBytes: 16 })
    const script = `
import sys, onnx
from onnx import numpy_helper
onnx.checker.check_model(sys.argv[1], full_check=True)
model = onnx.load(sys.argv[1])
for t in model.graph.initializer:
    a = numpy_helper.to_array(t)
    print(t.name, a.dtype, list(a.shape), a.tobytes() == bytes(a.nbytes) or set(a.tobytes()) == {1})`
    const numpy: Record<string, string> = {
      ...{ f64: 'float64', f32: 'float32', f16: 'float16', bf16: 'bfloat16', bool: 'bool' },
      ...{
        i64: 'int64',
        i32: 'int32',
        i16: 'int16',
        i8: 'int8',
        u64: 'uint64',
        u32: 'uint32',
        u16: 'uint16',
        u8: 'uint8',
      },
    }
    const expected = constants.map(({ name, type, shape }) => `${name} ${numpy[type]} [${shape.join(', ')}] True`)
    expect(runPython(python, script, path).trim().split('\n').slice(2)).toEqual(expected)
  })

  test.for(['u4', 'i4'] as const)(
    'packs two elements of %s in a byte, as the onnx package reads and writes them',
    (type, { skip }) => {
      const python = findPython(['onnx', 'numpy'])
      if ('missing' in python) return skip(python.missing)
      const folder = temporaryDirectory()
      const [ours, theirs] = [join(folder, 'ours.onnx'), join(folder, 'theirs.onnx')]
      const packed: OnnxInitializer = { name: 'q', type, shape: [5], chunks: () => [Uint8Array.of(0x81, 0x7f, 0x03)] }
      const model = affine({ irVersion: 10, opsets: { '': 21 } })
      for (const externalThresholdBytes of [0, 1e9]) {
        writeOnnx({ ...model, initializers: [...model.initializers, packed] }, ours, { externalThresholdBytes })
        const script = `
import sys, onnx
model = onnx.load(sys.argv[1])
q = next(tensor for tensor in model.graph.initializer if tensor.name == "q")
values = [int(value) for value in onnx.numpy_helper.to_array(q)]
print(values)
# onnx.helper stores them in int32_data, a byte of the packed form in each.
q.CopyFrom(onnx.helper.make_tensor("q", q.data_type, [5], values))
onnx.save(model, sys.argv[2])`
        const values = JSON.parse(runPython(python, script, ours, theirs))
        expect(values).toEqual(type === 'u4' ? [1, 8, 15, 7, 3] : [1, -8, -1, 7, 3])
        for (const path of [ours, theirs]) {
          const read = readOnnx(path).initializers.find(({ name }) => name === 'q')
          if (!read) throw new Error('q is missing')
          expect({ ...read, chunks: [...bytesOf(read)] }).toEqual({ ...packed, chunks: [0x81, 0x7f, 0x03] })
        }
      }
    },
  )

  test('passes the checker at IR version 3, where initializers must be inputs too', ({ skip }) => {
    const python = findPython(['onnx'])
    if ('missing' in python) return skip(python.missing)
    const path = join(temporaryDirectory(), 'm.onnx')
    writeOnnx(affine({ irVersion: 3, opsets: { '': 8 } }), path)
    const check = 'import sys, onnx; onnx.checker.check_model(sys.argv[1], full_check=True)'
    expect(runPython(python, check, path)).toBe('')
  })

  test('has external data that starts on pages and is named relative to the model', () => {
    const directory = temporaryDirectory()
    const path = join(directory, 'm.onnx')
    writeOnnx(affine(), path, { externalThresholdBytes: 1 })
    expect(readdirSync(directory).sort()).toEqual(['m.onnx', 'm.onnx.data'])
    const data = readFileSync(`${path}.data`)
    expect(data.length).toBe(4096 + 12)
    expect(data.readFloatLE(4096)).toBe(0.5)
    expect(readFileSync(path).includes('m.onnx.data')).toBe(true)
    expect(readFileSync(path).includes(directory)).toBe(false)
  })
})

describe('the writer', () => {
  test('never holds an initializer whole: chunks are asked for one at a time and may share memory', () => {
    const path = join(temporaryDirectory(), 'm.onnx')
    const buffer = new Uint8Array(8)
    function* chunks() {
      for (let i = 0; i < 1000; i++) yield buffer.fill(i % 251)
    }
    const shared: OnnxInitializer = { name: 's', type: 'u8', shape: [8000], chunks }
    writeOnnx(affine({ initializers: [shared] }), path)
    expect(statSync(`${path}.data`).size).toBe(8000)
    writeOnnx(affine({ initializers: [shared] }), `${path}2`, { externalThresholdBytes: 1e9 })
    for (const file of [path, `${path}2`]) {
      const [read] = readOnnx(file).initializers
      if (read === undefined) throw new Error('the initializer is gone')
      expect(bytesOf(read).every((byte, i) => byte === Math.floor(i / 8) % 251)).toBe(true)
    }
  })

  test.each([0, 1e9])('leaves the old files and no trace when chunks lie or break (threshold %d)', threshold => {
    const directory = temporaryDirectory()
    const path = join(directory, 'm.onnx')
    writeFileSync(path, 'old model')
    writeFileSync(`${path}.data`, 'old data')
    const short = constant('s', 'f32', [3], new Uint8Array(8))
    const long = constant('s', 'f32', [1], new Uint8Array(8))
    const broken: OnnxInitializer = {
      ...short,
      chunks: () => {
        throw new Error('the source broke')
      },
    }
    const options = { externalThresholdBytes: threshold }
    const { initializers } = affine()
    const write = (last: OnnxInitializer) => () =>
      writeOnnx(affine({ initializers: [...initializers, last] }), path, options)
    expect(write(short)).toThrow(expect.objectContaining({ code: 'weight-mismatch', where: 's' }))
    expect(write(long)).toThrow('takes 4 bytes, but 8 came')
    expect(write(broken)).toThrow('the source broke')
    expect(readdirSync(directory).sort()).toEqual(['m.onnx', 'm.onnx.data'])
    expect(readFileSync(path, 'utf8')).toBe('old model')
    expect(readFileSync(`${path}.data`, 'utf8')).toBe('old data')
  })

  test('refuses an integer that int64 or a number cannot hold exactly', () => {
    const path = join(temporaryDirectory(), 'm.onnx')
    const node = { name: 'n', operator: 'X', domain: '', inputs: [], outputs: [] }
    for (const int of [0.5, 2 ** 53, Number.NaN])
      expect(() => writeOnnx(affine({ nodes: [{ ...node, attributes: { k: { int } } }] }), path)).toThrow(RangeError)
  })
})
