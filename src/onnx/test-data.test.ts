import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { toBinary } from '@bufbuild/protobuf'
import { expect, test } from 'vitest'
import { findPython, runPython } from '../../tests/python.ts'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { type TensorData, tensorOf } from '../tensor.ts'
import type { OnnxValue } from './model.ts'
import { TensorProtoSchema } from './onnx_pb.ts'
import { tensorToProto } from './tensor-proto.ts'
import { readTensorProto, testDataSets } from './test-data.ts'
import { writeOnnx } from './write.ts'

const scalar = (value: number): TensorData => tensorOf([], Float32Array.of(value))

/** A model of two inputs, an initializer among the inputs of old, and one output; files are given as name, value. */
function zoo(files: Readonly<Record<string, readonly [string, number]>>): string {
  const directory = temporaryDirectory()
  const path = join(directory, 'model.onnx')
  const port = (name: string): OnnxValue => ({ name, type: 'f32', shape: [] })
  writeOnnx(
    {
      name: 'g',
      irVersion: 3,
      opsets: { '': 8 },
      producer: { name: '', version: '' },
      nodes: [],
      inputs: [port('a'), port('b')],
      outputs: [port('y')],
      initializers: [{ name: 'w', type: 'f32', shape: [], chunks: () => [new Uint8Array(4)] }],
      metadata: {},
    },
    path,
  )
  for (const [file, [name, value]] of Object.entries(files)) {
    mkdirSync(join(directory, file, '..'), { recursive: true })
    writeFileSync(join(directory, file), toBinary(TensorProtoSchema, tensorToProto(name, scalar(value))))
  }
  return path
}

test('tensors go by their names, or by their number where they have none of the graph', () => {
  const path = zoo({
    'test_data_set_0/input_0.pb': ['b', 1],
    'test_data_set_0/input_1.pb': ['a', 2],
    'test_data_set_0/output_0.pb': ['y', 3],
    'test_data_set_10/input_0.pb': ['', 4],
    'test_data_set_10/input_1.pb': ['gpu_0/b', 5],
    'test_data_set_10/output_0.pb': ['', 6],
    'test_data_set_2/input_0.pb': ['a', 7],
    'test_data_set_2/input_1.pb': ['b', 8],
    'test_data_set_2/output_0.pb': ['y', 9],
    'test_data_set_x/input_0.pb': ['a', 0],
  })
  expect(testDataSets(path)).toEqual([
    { name: 'test_data_set_0', inputs: { b: scalar(1), a: scalar(2) }, outputs: { y: scalar(3) } },
    { name: 'test_data_set_2', inputs: { a: scalar(7), b: scalar(8) }, outputs: { y: scalar(9) } },
    { name: 'test_data_set_10', inputs: { a: scalar(4), b: scalar(5) }, outputs: { y: scalar(6) } },
  ])
})

test('no folders beside the model are no data sets', () => {
  expect(testDataSets(zoo({}))).toEqual([])
})

test('a data set that does not fit the model is refused', () => {
  const set = 'test_data_set_0'
  const twice = { [`${set}/input_0.pb`]: ['a', 1], [`${set}/input_1.pb`]: ['a', 2] } as const
  expect(() => testDataSets(zoo({ [`${set}/input_0.pb`]: ['a', 1] }))).toThrow(
    '1 files input_N.pb, but the model has 2',
  )
  expect(() => testDataSets(zoo(twice))).toThrow("a second tensor for 'a'")
  const noOutput = { [`${set}/input_0.pb`]: ['a', 1], [`${set}/input_1.pb`]: ['b', 2] } as const
  expect(() => testDataSets(zoo(noOutput))).toThrow('0 files output_N.pb, but the model has 1 outputs')
})

test('a tensor file that the onnx package wrote is read with its name, type and values', ({ skip }) => {
  const python = findPython(['onnx', 'numpy'])
  if ('missing' in python) return skip(python.missing)
  const path = join(temporaryDirectory(), 'input_0.pb')
  const script = `
import sys, numpy as np
from onnx import numpy_helper
open(sys.argv[1], 'wb').write(numpy_helper.from_array(np.arange(6, dtype=np.int64).reshape(2, 3), 'ids').SerializeToString())`
  runPython(python, script, path)
  expect(readTensorProto(path)).toEqual({
    name: 'ids',
    tensor: expect.objectContaining({ type: 'i64', shape: [2, 3] }),
  })
  const { bytes } = readTensorProto(path).tensor
  expect(Array.from(new BigInt64Array(bytes.slice().buffer))).toEqual([0n, 1n, 2n, 3n, 4n, 5n])
})

test('a tensor file that is text is refused', () => {
  const path = join(temporaryDirectory(), 'input_0.pb')
  writeFileSync(path, 'not a tensor')
  expect(() => readTensorProto(path)).toThrow(expect.objectContaining({ code: 'onnx-invalid' }))
})
