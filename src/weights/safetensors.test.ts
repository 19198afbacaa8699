import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findPython, runPython } from '../../tests/python.ts'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { AssayError } from '../errors.ts'
import { BYTES_PER_ELEMENT, type ElementType, elementCount, type TensorData } from '../tensor.ts'
import { openSafetensors, readSafetensors } from './safetensors.ts'
import { type SafetensorsEntry, writeSafetensors } from './safetensors-write.ts'

const types = Object.keys(BYTES_PER_ELEMENT) as ElementType[]

const tensor: fc.Arbitrary<TensorData> = fc
  .record({ type: fc.constantFrom(...types), shape: fc.array(fc.nat(4), { maxLength: 4 }) })
  .chain(({ type, shape }) => {
    const length = elementCount(shape) * BYTES_PER_ELEMENT[type]
    return fc.uint8Array({ minLength: length, maxLength: length }).map(bytes => ({ type, shape, bytes }))
  })
const name = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('__proto__', 'constructor', '0', 'a/b"\\'))
const named = fc.uniqueArray(
  fc.tuple(
    name.filter(text => text !== '__metadata__'),
    tensor,
  ),
  {
    maxLength: 6,
    selector: ([key]) => key,
  },
)

function entry(key: string, { type, shape, bytes }: TensorData, cut = bytes.length): SafetensorsEntry {
  return { name: key, type, shape, chunks: () => [bytes.subarray(0, cut), bytes.subarray(cut)] }
}

/** A file with any header over `dataBytes` bytes of data; `headerLength` may lie. */
function forge(header: string | Uint8Array, dataBytes = 0, headerLength?: bigint): string {
  const json = Buffer.from(header)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(headerLength ?? BigInt(json.length))
  const path = join(temporaryDirectory(), 'forged.safetensors')
  writeFileSync(path, Buffer.concat([length, json, Buffer.alloc(dataBytes)]))
  return path
}

function problem(path: string): string {
  try {
    openSafetensors(path).close()
  } catch (error) {
    if (error instanceof AssayError && error.code === 'weights-invalid' && error.where?.startsWith(path))
      return `${error.message} @ ${error.where.slice(path.length)}`
    throw error
  }
  return 'none'
}

const f32 = (from: number, to: number, shape: unknown = [(to - from) / 4]) =>
  `{"dtype":"F32","shape":${JSON.stringify(shape)},"data_offsets":[${from},${to}]}`

describe('a written file', () => {
  test('is read back as it was', () => {
    const path = join(temporaryDirectory(), 'x.safetensors')
    fc.assert(
      fc.property(
        named,
        fc.dictionary(fc.string({ minLength: 1 }), fc.string()),
        fc.nat(3),
        (tensors, metadata, cut) => {
          writeSafetensors(
            path,
            tensors.map(([key, data]) => entry(key, data, cut)),
            metadata,
          )
          const read = readSafetensors(path)
          expect(new Map(Object.entries(read.tensors))).toEqual(new Map(tensors))
          expect(new Map(Object.entries(read.metadata))).toEqual(new Map(Object.entries(metadata)))
        },
      ),
      { numRuns: 60, examples: [[[], JSON.parse('{"__proto__":"kept"}'), 0]] },
    )
  })

  test('has every tensor aligned to its element size', () => {
    const path = join(temporaryDirectory(), 'x.safetensors')
    fc.assert(
      fc.property(named, tensors => {
        writeSafetensors(
          path,
          tensors.map(([key, data]) => entry(key, data)),
        )
        const file = openSafetensors(path)
        file.close()
        for (const { type, offset } of file.tensors.values()) expect(offset % BYTES_PER_ELEMENT[type]).toBe(0)
      }),
      { numRuns: 30 },
    )
  })

  test('is byte for byte what the reference implementation writes', ({ skip }) => {
    const python = findPython(['safetensors', 'numpy', 'ml_dtypes'])
    if ('missing' in python) return skip(python.missing)
    const directory = temporaryDirectory()
    const script = `
import sys, numpy as np, ml_dtypes
from safetensors.numpy import save_file
names = 'bool uint8 int8 int16 uint16 float16 int32 uint32 float32 float64 int64 uint64'.split()
tensors = {f'b.{n}': np.arange(6).reshape(2, 3).astype(n) for n in names}
tensors['b.bfloat16'] = np.arange(3).astype(ml_dtypes.bfloat16)
tensors['a.float32'] = np.array(1.5, np.float32)
tensors['empty'] = np.zeros((0, 7), np.float32)
save_file(tensors, sys.argv[1], {'format': 'pt'})`
    const theirs = join(directory, 'theirs.safetensors')
    runPython(python, script, theirs)
    const { tensors, metadata } = readSafetensors(theirs)
    expect(metadata).toEqual({ format: 'pt' })
    expect(Object.keys(tensors)).toHaveLength(15)
    expect(tensors['b.int16']).toMatchObject({ type: 'i16', shape: [2, 3] })
    expect(tensors['b.int16']?.bytes).toEqual(Uint8Array.of(0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0))
    const ours = join(directory, 'ours.safetensors')
    writeSafetensors(
      ours,
      Object.entries(tensors)
        .map(([key, data]) => entry(key, data))
        .reverse(),
      metadata,
    )
    expect(readFileSync(ours).equals(readFileSync(theirs))).toBe(true)
  })
})

describe('the writer', () => {
  test('leaves neither a file nor a trace when a tensor has too few or too many bytes', () => {
    const directory = temporaryDirectory()
    const path = join(directory, 'x.safetensors')
    const short = { name: 'w', type: 'f32', shape: [3], chunks: () => [new Uint8Array(8)] } as const
    expect(() => writeSafetensors(path, [short])).toThrow('takes 12 bytes, but 8 came')
    expect(() => writeSafetensors(path, [{ ...short, shape: [1] }])).toThrow('takes 4 bytes, but 8 came')
    expect(readdirSync(directory)).toEqual([])
  })

  test('keeps the old file when the new one fails', () => {
    const directory = temporaryDirectory()
    const path = join(directory, 'x.safetensors')
    writeFileSync(path, 'old')
    const broken = () => {
      throw new Error('the source broke')
    }
    expect(() => writeSafetensors(path, [{ name: 'w', type: 'f32', shape: [3], chunks: broken }])).toThrow(
      'source broke',
    )
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(directory)).toEqual(['x.safetensors'])
  })

  test('says which file it cannot write', () => {
    const path = join(temporaryDirectory(), 'absent', 'x.safetensors')
    expect(() => writeSafetensors(path, [])).toThrow(expect.objectContaining({ code: 'file-unwritable', where: path }))
  })
})

describe('refused:', () => {
  const good = `{"__metadata__":{"format":"pt"},"a":${f32(0, 8)},"b":${f32(8, 12)}}`

  test('nothing, where nothing is wrong', () => {
    expect(problem(forge(good, 12))).toBe('none')
  })

  test('a file cut anywhere', () => {
    const path = forge(good, 12)
    const whole = readFileSync(path)
    for (let size = whole.length - 1; size >= 0; size--) {
      truncateSync(path, size)
      expect(problem(path)).not.toBe('none')
    }
  })

  test.each<[string, string | Uint8Array, number, string]>([
    ['a header that is not JSON', 'PK\u0003\u0004', 0, 'the header is not JSON'],
    ['a header that is not UTF-8', Buffer.from(`{"\xff":${f32(0, 4)}}`, 'latin1'), 4, 'the header is not JSON'],
    ['a header that is not an object', '[1]', 0, 'the header is not a JSON object'],
    ['a repeated tensor', `{"a":${f32(0, 4)},"a":${f32(0, 4)}}`, 4, "names 'a' twice"],
    ['metadata that are not strings', '{"__metadata__":{"n":1}}', 0, 'more than strings'],
    ['an unknown dtype', '{"a":{"dtype":"F33","shape":[],"data_offsets":[0,4]}}', 4, "unknown dtype 'F33' @ : a"],
    ['a dtype in lower case', '{"a":{"dtype":"f32","shape":[],"data_offsets":[0,4]}}', 4, "unknown dtype 'f32'"],
    [
      'a dtype named as an inherited property',
      '{"a":{"dtype":"TOSTRING","shape":[],"data_offsets":[0,4]}}',
      4,
      'unknown',
    ],
    ['a dtype that exists elsewhere', '{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}', 4, 'not supported'],
    ['a negative size', `{"a":${f32(0, 4, [-1])}}`, 4, 'malformed'],
    ['a size that is no integer', `{"a":${f32(0, 4, [0.5])}}`, 4, 'malformed'],
    ['sizes whose product is beyond all memory', `{"a":${f32(0, 4, [1e9, 1e9, 1e9])}}`, 4, 'takes 4'],
    [
      'a shape of another size than the offsets',
      `{"a":${f32(0, 4, [2])}}`,
      4,
      'F32 [2] takes 8 bytes, its offsets span 4',
    ],
    ['offsets in the wrong order', `{"a":${f32(4, 0, [1])}}`, 4, 'its offsets span -4'],
    ['offsets behind the end', `{"a":${f32(0, 400)}}`, 12, "ends 388 bytes after the file's end @ : a"],
    ['overlapping tensors', `{"a":${f32(0, 8)},"b":${f32(4, 12)}}`, 12, 'overlaps the one before it @ : b'],
    ['a hole between tensors', `{"a":${f32(0, 4)},"b":${f32(8, 12)}}`, 12, '4 unused bytes before it @ : b'],
    ['a hole before the first', `{"b":${f32(8, 12)}}`, 12, '8 unused bytes'],
    ['bytes behind the last', `{"b":${f32(0, 12)}}`, 13, '1 bytes belong to no tensor'],
    ['a tensor without offsets', '{"a":{"dtype":"F32","shape":[]}}', 0, 'malformed'],
    ['a tensor with more fields', '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"x":1}}', 0, 'malformed'],
  ])('%s', (_, header, dataBytes, message) => {
    expect(problem(forge(header, dataBytes))).toContain(message)
  })

  test('a header longer than the file, than the limit, or than any number', () => {
    expect(problem(forge('{}', 0, 3n))).toContain('the header takes 3 bytes')
    expect(problem(forge('{}', 0, 100_000_001n))).toContain('over 100000000')
    expect(problem(forge('{}', 0, 2n ** 64n - 1n))).toContain('over 100000000')
  })

  test('a folder, and a file that is not there', () => {
    const directory = temporaryDirectory()
    expect(problem(directory)).toContain('not a regular file')
    expect(problem(join(directory, 'absent'))).toContain('cannot open')
  })

  test('any bytes at all give tensors or an AssayError', () => {
    const path = join(temporaryDirectory(), 'x.safetensors')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(60), (bytes, headerBytes) => {
        const length = Buffer.alloc(8)
        length.writeBigUInt64LE(BigInt(headerBytes))
        writeFileSync(path, Buffer.concat([length, bytes]))
        expect(problem(path)).toEqual(expect.any(String))
      }),
    )
  })
})

test('a range of a tensor is read alone', () => {
  const path = join(temporaryDirectory(), 'x.safetensors')
  const bytes = Uint8Array.from({ length: 12 }, (_, i) => i)
  writeSafetensors(path, [
    entry('w', { type: 'f32', shape: [3], bytes }),
    entry('v', { type: 'u8', shape: [12], bytes }),
  ])
  const file = openSafetensors(path)
  const target = new Uint8Array(5)
  file.read('w', 6, target)
  expect([...target]).toEqual([6, 7, 8, 9, 10])
  expect(() => file.read('w', 8, target)).toThrow(RangeError)
  expect(() => file.read('w', -1, target)).toThrow(RangeError)
  expect(() => file.read('absent', 0, target)).toThrow(RangeError)
  truncateSync(path, readFileSync(path).length - 10)
  expect(() => file.read('v', 0, target)).toThrow('became shorter')
  file.close()
})
