import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findPython, runPython } from '../../tests/python.ts'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { BYTES_PER_ELEMENT, type ElementType, elementCount, tensorOf } from '../tensor.ts'
import { writeSafetensors } from '../weights/safetensors-write.ts'
import { checkGoldenMatches, type Golden, readGolden, writeGolden } from './golden.ts'
import { describeProducer } from './producer.ts'

const one = tensorOf([1], Float32Array.of(1))
const golden: Golden = {
  model: 'zoo/llama',
  fingerprint: 'a'.repeat(64),
  producer: { engine: 'torch', device: 'cpu', versions: { torch: '2.13.0' } },
  precision: 'fp32',
  outputs: new Map([['text.0', { inputs: { input_ids: one }, outputs: { logits: one } }]]),
}
const metadata = { format: 'assay-golden-1', model: 'm', fingerprint: '', producer: 'by hand', precision: 'fp32' }

function stored(names: readonly string[], changes: Readonly<Record<string, string | undefined>> = {}): string {
  const path = join(temporaryDirectory(), 'golden.safetensors')
  const entries = names.map(name => ({ name, type: one.type, shape: one.shape, chunks: () => [one.bytes] }))
  const kept = Object.entries({ ...metadata, ...changes }).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  )
  writeSafetensors(path, entries, Object.fromEntries(kept))
  return path
}

const good = ['case/0/in/x', 'case/0/out/y']

const tensor = fc
  .record({
    type: fc.constantFrom(...(Object.keys(BYTES_PER_ELEMENT) as ElementType[])),
    shape: fc.array(fc.nat(3), { maxLength: 3 }),
  })
  .chain(({ type, shape }) => {
    const length = elementCount(shape) * BYTES_PER_ELEMENT[type]
    return fc.uint8Array({ minLength: length, maxLength: length }).map(bytes => ({ type, shape, bytes }))
  })
const side = fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), tensor, { minKeys: 1, maxKeys: 3 })
const id = fc.string({ unit: 'grapheme', minLength: 1 }).filter(text => !text.includes('/'))

test('a golden is read back as it was written', () => {
  const path = join(temporaryDirectory(), 'golden.safetensors')
  const cases = fc.uniqueArray(fc.tuple(id, fc.record({ inputs: side, outputs: side })), {
    ...{ minLength: 1, maxLength: 3 },
    selector: ([key]) => key,
  })
  const producer = fc.oneof(fc.constant(golden.producer), fc.constantFrom('by hand', '', '{"engine":1}'))
  fc.assert(
    fc.property(cases, fc.string(), producer, (entries, model, producer) => {
      const original = { ...golden, model, producer, outputs: new Map(entries) }
      writeGolden(path, original)
      expect(readGolden(path)).toEqual(original)
    }),
    { numRuns: 50 },
  )
})

test('what the model is made of is kept, and says what differs from another one', () => {
  const path = join(temporaryDirectory(), 'golden.safetensors')
  const contents = { config: { hidden_size: 64 }, checksums: { 'model.safetensors': 'a'.repeat(64) } }
  writeGolden(path, { ...golden, contents })
  const read = readGolden(path)
  expect(read.contents).toEqual(contents)
  const other = { ...contents, checksums: { 'model.safetensors': 'b'.repeat(64) } }
  checkGoldenMatches(read, { fingerprint: golden.fingerprint, contents: other })
  expect(() => checkGoldenMatches(read, { fingerprint: 'b'.repeat(64), contents: other })).toThrow(
    expect.objectContaining({
      code: 'golden-mismatch',
      message: 'the golden is of other weights: model.safetensors differs (config.json is the same)',
    }),
  )
})

test('names of tensors may have slashes, as ONNX outputs do', () => {
  const { outputs } = readGolden(stored([...good, 'case/0/out//model/out/in/z']))
  expect(Object.keys(outputs.get('0')?.outputs ?? {}).sort()).toEqual(['/model/out/in/z', 'y'])
})

test('any tool writes one in five lines of Python', ({ skip }) => {
  const python = findPython(['safetensors', 'numpy'])
  if ('missing' in python) return skip(python.missing)
  const path = join(temporaryDirectory(), 'golden.safetensors')
  const script = `
import sys, numpy as np
from safetensors.numpy import save_file
save_file({'case/text.0/in/input_ids': np.array([[1, 2]]), 'case/text.0/out/logits': np.ones((1, 2, 3), np.float32)}, sys.argv[1],
          {'format': 'assay-golden-1', 'model': 'zoo/llama', 'fingerprint': '', 'precision': 'fp16',
           'producer': '{"engine": "torch", "device": "cuda:0", "versions": {"torch": "2.13.0"}}'})`
  runPython(python, script, path)
  const read = readGolden(path)
  expect(read.precision).toBe('fp16')
  expect(describeProducer(read.producer)).toBe('torch 2.13.0 cuda:0')
  expect(read.outputs.get('text.0')?.inputs['input_ids']).toMatchObject({ type: 'i64', shape: [1, 2] })
  expect(read.outputs.get('text.0')?.outputs['logits']).toMatchObject({ type: 'f32', shape: [1, 2, 3] })
})

test('a producer is described in a line, whatever it says of itself', () => {
  expect(describeProducer('a vendor tool')).toBe('a vendor tool')
  expect(describeProducer({ engine: 'ort', device: 'cpu', versions: { node: '24' } })).toBe('ort cpu')
})

describe('a golden is refused when', () => {
  test('never, where nothing is wrong', () => {
    expect(readGolden(stored(good)).outputs.size).toBe(1)
  })

  test.each<[string, readonly string[], Readonly<Record<string, string | undefined>>, string]>([
    ['it names no format', good, { format: undefined }, 'names no format'],
    ['it is of another version', good, { format: 'assay-golden-2' }, "format 'assay-golden-2'"],
    ['it does not say of which model', good, { model: undefined }, 'model'],
    ['its precision is unknown', good, { precision: 'fp7' }, 'precision'],
    ['its fingerprint is not one', good, { fingerprint: 'ABC' }, '64 hexadecimal digits'],
    ['its config is no JSON', good, { config: 'PK', checksums: '{}' }, 'config'],
    ['it has a config without checksums', good, { config: '{}' }, 'checksums'],
    ['a checksum is none', good, { config: '{}', checksums: '{"model.safetensors": "abc"}' }, '64 hexadecimal digits'],
    ['a tensor has another name', [...good, 'logits'], {}, "'logits' is not named"],
    ['a tensor is on no side', [...good, 'case/0/inout/x'], {}, 'is not named'],
    ['a tensor has no name', [...good, 'case/0/in/'], {}, 'is not named'],
    ['a case has no id', [...good, 'case//in/x'], {}, 'is not named'],
    ['a case has no outputs', [...good, 'case/1/in/x'], {}, "case '1' has no outputs"],
    ['a case has no inputs', [...good, 'case/1/out/x'], {}, "case '1' has no inputs"],
    ['there are no cases', [], {}, 'holds no case'],
  ])('%s', (_, names, changes, message) => {
    const path = stored(names, changes)
    expect(() => readGolden(path)).toThrow(
      expect.objectContaining({ code: 'golden-invalid', message: expect.stringContaining(message), where: path }),
    )
  })

  test('it is not a safetensors file', () => {
    const path = join(temporaryDirectory(), 'golden.safetensors')
    writeFileSync(path, 'PK, a zip perhaps')
    expect(() => readGolden(path)).toThrow(
      expect.objectContaining({ code: 'golden-invalid', message: expect.stringContaining('not a safetensors file') }),
    )
  })

  test('it could not be read again: then it is not written', () => {
    const directory = temporaryDirectory()
    const path = join(directory, 'golden.safetensors')
    const sides = { inputs: { x: one }, outputs: { y: one } }
    for (const outputs of [
      new Map(),
      new Map([['a/in/b', sides]]),
      new Map([['', sides]]),
      new Map([['a', { ...sides, inputs: {} }]]),
      new Map([['a', { ...sides, outputs: {} }]]),
      new Map([['a', { ...sides, outputs: { '': one } }]]),
    ])
      expect(() => writeGolden(path, { ...golden, outputs })).toThrow(
        expect.objectContaining({ code: 'golden-invalid' }),
      )
    expect(() => writeGolden(path, { ...golden, fingerprint: 'x' })).toThrow('64 hexadecimal digits')
    expect(readdirSync(directory)).toEqual([])
  })
})

test('a golden of other weights is a mismatch that names both; an unknown fingerprint is accepted', () => {
  const other = 'b'.repeat(64)
  checkGoldenMatches(golden, { fingerprint: golden.fingerprint })
  checkGoldenMatches({ ...golden, fingerprint: '' }, { fingerprint: other })
  const check = () => checkGoldenMatches(golden, { fingerprint: other })
  expect(check).toThrow(expect.objectContaining({ code: 'golden-mismatch' }))
  expect(check).toThrow(golden.fingerprint)
  expect(check).toThrow(other)
})
