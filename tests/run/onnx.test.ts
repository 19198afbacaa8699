import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clearField, fromBinary, toBinary } from '@bufbuild/protobuf'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeGolden } from '../../src/goldens/golden.ts'
import { ModelProtoSchema, TensorProtoSchema, TypeProto_TensorSchema } from '../../src/onnx/onnx_pb.ts'
import { tensorToProto } from '../../src/onnx/tensor-proto.ts'
import { writeOnnx } from '../../src/onnx/write.ts'
import { type TensorData, tensorOf } from '../../src/tensor.ts'
import { type Conducted, conduct } from './conducted.ts'

const home = mkdtempSync(join(tmpdir(), 'assay-onnx-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** y = x w + b, with x [2, 2], as a folder of the ONNX Model Zoo: the model and one data set beside it. */
function writeZooFolder(name: string, expected: TensorData | null): string {
  const folder = join(home, name)
  mkdirSync(join(folder, 'test_data_set_0'), { recursive: true })
  const path = join(folder, 'model.onnx')
  const constant = (id: string, shape: number[], ...values: number[]) => ({
    name: id,
    type: 'f32' as const,
    shape,
    chunks: () => [new Uint8Array(Float32Array.from(values).buffer)],
  })
  writeOnnx(
    {
      name: 'affine',
      irVersion: 8,
      opsets: { '': 13 },
      producer: { name: 'test', version: '' },
      nodes: [{ name: 'n', operator: 'Gemm', domain: '', inputs: ['x', 'w', 'b'], outputs: ['y'], attributes: {} }],
      inputs: [{ name: 'x', type: 'f32', shape: [2, 2] }],
      outputs: [{ name: 'y', type: 'f32', shape: [2, 3] }],
      initializers: [constant('w', [2, 3], 1, 2, 3, 4, 5, 6), constant('b', [3], 0.5, -0.5, 0)],
      metadata: {},
    },
    path,
  )
  const write = (file: string, id: string, tensor: TensorData) =>
    writeFileSync(join(folder, 'test_data_set_0', file), toBinary(TensorProtoSchema, tensorToProto(id, tensor)))
  write('input_0.pb', 'x', tensorOf([2, 2], Float32Array.of(1, 0, 10, 100)))
  if (expected === null) rmSync(join(folder, 'test_data_set_0'), { recursive: true })
  else write('output_0.pb', 'y', expected)
  return path
}

/** The same file, its inputs and outputs of any rank. */
function withoutShapes(path: string): string {
  const model = fromBinary(ModelProtoSchema, readFileSync(path))
  for (const { type } of [...(model.graph?.input ?? []), ...(model.graph?.output ?? [])])
    if (type?.value.case === 'tensorType') clearField(type.value.value, TypeProto_TensorSchema.field.shape)
  writeFileSync(path, toBinary(ModelProtoSchema, model))
  return path
}

const RIGHT = [1.5, 1.5, 3, 410.5, 519.5, 630]
const output = (...values: number[]) => tensorOf([2, 3], Float32Array.from(values))
let run: Conducted
let paths: Record<'right' | 'open' | 'altered' | 'reshaped' | 'alone' | 'broken', string>

beforeAll(async () => {
  paths = {
    right: writeZooFolder('right', output(...RIGHT)),
    open: withoutShapes(writeZooFolder('open', output(...RIGHT))),
    altered: writeZooFolder('altered', output(...RIGHT.with(4, 525))),
    reshaped: writeZooFolder('reshaped', tensorOf([3, 2], Float32Array.from(RIGHT))),
    alone: writeZooFolder('alone', null),
    broken: writeZooFolder('broken', output(...RIGHT)),
  }
  // A graph that is well-formed and that no runtime can run: what is in it is the device's business.
  writeOnnx(
    {
      name: 'broken',
      irVersion: 8,
      opsets: { '': 13 },
      producer: { name: 'test', version: '' },
      nodes: [{ name: 'n', operator: 'Teleport', domain: '', inputs: ['x'], outputs: ['y'], attributes: {} }],
      inputs: [{ name: 'x', type: 'f32', shape: [2, 2] }],
      outputs: [{ name: 'y', type: 'f32', shape: [2, 3] }],
      initializers: [],
      metadata: {},
    },
    paths.broken,
  )
  run = await conduct({ models: Object.values(paths), devices: ['ort:cpu'] }, home)
}, 60_000)

function unit(name: keyof typeof paths) {
  const found = run.result.units.find(({ model }) => model === paths[name])
  if (!found) throw new Error(`${name} has not ended`)
  return found
}

test('an ONNX file that gives the outputs of its test data passes, and is deterministic', () => {
  expect(unit('right')).toMatchObject({ status: 'pass', reason: null, category: 'onnx', precision: 'fp32' })
  expect(unit('right').checks.map(({ name, status, reference }) => [name, status, reference])).toEqual([
    ['outputs-parity', 'pass', 'test data set'],
    ['determinism', 'pass', null],
  ])
})

test('one that leaves even the rank of its inputs open runs as well', () => {
  expect(unit('open')).toMatchObject({ status: 'pass', reason: null })
})

test('one that differs in one element fails, with its place and both values', () => {
  expect(unit('altered').status).toBe('fail')
  expect(unit('altered').checks[0]).toMatchObject({
    status: 'fail',
    worst: { case: 'data.test_data_set_0', output: 'y', index: [1, 1], reference: 525, device: 519.5 },
  })
})

test('one whose output has another shape fails', () => {
  expect(unit('reshaped').status).toBe('fail')
  expect(unit('reshaped').checks[0]?.reason).toMatch(/\[2, ?3\]/)
  expect(unit('reshaped').checks[0]?.reason).toMatch(/\[3, ?2\]/)
})

test('one with no test data is skipped, since nothing says what is right', () => {
  expect(unit('alone')).toMatchObject({
    status: 'skip',
    reason: expect.stringContaining('no test_data_set_* lies beside the file'),
  })
})

test('one that the device cannot load says so, and the others ran', () => {
  expect(['error', 'skip']).toContain(unit('broken').status)
  expect(unit('broken').reason).toContain('Teleport')
  expect(run.result.counts).toMatchObject({ pass: 2, fail: 2 })
})

test('a golden judges an ONNX file in place of its test data, under any name of its cases', async () => {
  const golden = (name: string, values: readonly number[]) => {
    const path = join(home, `${name}.safetensors`)
    const inputs = { x: tensorOf([2, 2], Float32Array.of(1, 0, 10, 100)) }
    const outputs = new Map([['mine', { inputs, outputs: { y: output(...values) } }]])
    const producer = { engine: 'lab7', device: 'npu', versions: {} }
    writeGolden(path, { model: 'affine', fingerprint: '', producer, precision: 'fp32', outputs })
    return path
  }
  const judge = async (path: string) => {
    const models = [{ model: paths.alone, golden: path }]
    return (await conduct({ models, devices: ['ort:cpu'] }, home)).result.units[0]
  }
  const right = await judge(golden('right', RIGHT))
  expect(right).toMatchObject({ status: 'pass' })
  expect(right?.checks[0]?.reference).toMatch(/^golden of lab7/)
  const wrong = await judge(golden('wrong', RIGHT.with(0, 1.6)))
  expect(wrong?.checks[0]).toMatchObject({ status: 'fail', worst: { case: 'data.mine', output: 'y', index: [0, 0] } })
})
