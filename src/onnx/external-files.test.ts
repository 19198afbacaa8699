import { readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { externalFiles } from './external-files.ts'
import type { OnnxModel } from './model.ts'
import { writeOnnx } from './write.ts'

const model: OnnxModel = {
  name: 'sum',
  irVersion: 8,
  opsets: { '': 13 },
  producer: { name: 'test', version: '' },
  nodes: [{ name: 'n', operator: 'Add', domain: '', inputs: ['x', 'w'], outputs: ['y'], attributes: {} }],
  inputs: [{ name: 'x', type: 'f32', shape: [2] }],
  outputs: [{ name: 'y', type: 'f32', shape: [2] }],
  initializers: [{ name: 'w', type: 'f32', shape: [2], chunks: () => [new Uint8Array(8)] }],
  metadata: {},
}

test('the files beside a model are those that its tensors name, each once', () => {
  const path = join(temporaryDirectory(), 'model.onnx')
  const [w] = model.initializers
  if (w === undefined) throw new Error('no initializer')
  writeOnnx({ ...model, initializers: [w, { ...w, name: 'v' }] }, path, { externalThresholdBytes: 1 })
  const files = readdirSync(join(path, '..')).filter(name => name !== basename(path))
  expect(files).toHaveLength(1)
  expect(externalFiles(path)).toEqual(files)
})

test('a model that holds its tensors itself has none', () => {
  const path = join(temporaryDirectory(), 'model.onnx')
  writeOnnx(model, path, { externalThresholdBytes: 1e9 })
  expect(externalFiles(path)).toEqual([])
})

test('a file that is gone is an error that names it', () => {
  const path = join(temporaryDirectory(), 'model.onnx')
  writeOnnx(model, path, { externalThresholdBytes: 1 })
  for (const name of externalFiles(path)) rmSync(join(path, '..', name))
  expect(() => externalFiles(path)).toThrow(expect.objectContaining({ code: 'onnx-invalid' }))
})
