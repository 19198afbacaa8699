import { expect, test } from 'vitest'
import { parseProfile } from './placement.ts'

type Shapes = Record<string, number[]>[]

function event(operator: string, inputs: Shapes, outputs: Shapes, dur: number, provider = 'CPUExecutionProvider') {
  const args = { op_name: operator, provider, input_type_shape: inputs, output_type_shape: outputs }
  return { cat: 'Node', pid: 1, tid: 1, dur, ts: 0, ph: 'X', name: `${operator}_0_kernel_time`, args }
}

const a = { float: [1, 4, 64] }

test('an fp16 graph that was computed in fp32 shows it', () => {
  const half = { float16: [1, 4, 64] }
  const { operators, computedIn } = parseProfile(
    JSON.stringify([
      { cat: 'Session', pid: 1, tid: 1, dur: 9, ts: 0, ph: 'X', name: 'model_run', args: {} },
      event('Cast', [half], [a], 5),
      event('MatMul', [a, { float: [64, 64] }], [a], 90),
      event('MatMul', [a, { float: [64, 64] }], [a], 90),
      event('Cast', [a], [half], 5),
    ]),
    'fp16',
  )
  expect(computedIn).toEqual(['fp32'])
  expect(operators).toEqual([
    { operator: 'Cast', type: 'fp32', provider: 'CPUExecutionProvider', nodes: 1 },
    { operator: 'MatMul', type: 'fp32', provider: 'CPUExecutionProvider', nodes: 2 },
    { operator: 'Cast', type: 'fp16', provider: 'CPUExecutionProvider', nodes: 1 },
  ])
})

test('packed weights are named by their bits, and the type with most work comes first', () => {
  const packed = (blob: number) => ({ uint8: [64, 2, blob] })
  const { computedIn } = parseProfile(
    JSON.stringify([
      event('MatMul', [a, { float: [64, 32] }], [{ float: [1, 4, 32] }], 10),
      event('MatMulNBits', [a, packed(16), { float: [128] }], [{ float: [1, 4, 96] }], 30),
      event('MatMulNBits', [a, packed(32), { float: [128] }], [a], 20),
      event('DynamicQuantizeMatMul', [a, { int8: [64, 64] }], [a], 15),
    ]),
    'fp16',
  )
  expect(computedIn).toEqual(['int8', 'int4', 'fp32'])
})

test('a small product that took long does not come before a large one: it is the work that counts', () => {
  const small = { float: [1, 4, 2] }
  const { computedIn } = parseProfile(
    JSON.stringify([
      event('MatMul', [a, { float: [64, 2] }], [small], 900),
      event('MatMulNBits', [a, { uint8: [64, 2, 16] }], [a], 30),
    ]),
    'int4',
  )
  expect(computedIn).toEqual(['int4', 'fp32'])
})

test("a convolution's work is that of its window over the channels of its group", () => {
  const image = { float: [1, 3, 8, 8] }
  const products = (channels: number) => [
    event('Conv', [image, { float: [16, 3, 3, 3] }], [{ float: [1, 16, 8, 8] }], 1),
    event('MatMulNBits', [{ float: [1, channels] }, { uint8: [1024, 2, 16] }], [{ float: [1, 1024] }], 1),
  ]
  // 27 multiplications for each of 1024 elements
  expect(parseProfile(JSON.stringify(products(26)), 'int4').computedIn[0]).toBe('fp32')
  expect(parseProfile(JSON.stringify(products(32)), 'int4').computedIn[0]).not.toBe('fp32')
})

test('what fell back to another provider has a row of its own', () => {
  const { operators } = parseProfile(
    JSON.stringify([event('Add', [a, a], [a], 1, 'WebGpuExecutionProvider'), event('Add', [a, a], [a], 1)]),
    'fp32',
  )
  expect(operators.map(row => row.provider)).toEqual(['WebGpuExecutionProvider', 'CPUExecutionProvider'])
})

test('weights that were packed away at load are as wide as the graph was asked for', () => {
  const json = JSON.stringify([event('MatMulNBits', [a, { float: [1536] }], [a], 30)])
  expect(parseProfile(json, 'int8').computedIn).toEqual(['int8'])
  expect(parseProfile(json, 'fp32').computedIn).toEqual(['packed integers'])
})

test('weights that were packed away at load are as wide as the zeros that are left', () => {
  const left = (scales: number[], zeros: number[]) =>
    JSON.stringify([event('MatMulNBits', [a, { float: scales }, { uint8: zeros }], [a], 30)])
  expect(parseProfile(left([64, 18], [64, 9]), 'int8').computedIn).toEqual(['int4'])
  expect(parseProfile(left([64, 5], [64, 3]), 'int8').computedIn).toEqual(['int4']) // half a byte of padding
  expect(parseProfile(left([64, 18], [64, 18]), 'int4').computedIn).toEqual(['int8'])
})

test('symmetric weights are called so where 4 bits are what was asked for', () => {
  const unpacked = JSON.stringify([event('MatMulNBits', [a, { uint8: [64, 2, 16] }, { float: [64, 2] }], [a], 30)])
  const packed = JSON.stringify([event('MatMulNBits', [a, { float: [64, 2] }], [a], 30)])
  for (const json of [unpacked, packed])
    expect(parseProfile(json, 'int4-symmetric').computedIn).toEqual(['int4-symmetric'])
  expect(parseProfile(unpacked, 'int8').computedIn).toEqual(['int4'])
})
