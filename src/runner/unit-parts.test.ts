import { expect, test } from 'vitest'
import type { Placement } from '../protocol/messages.ts'
import { remarksOn } from './unit-parts.ts'

const row = (operator: string, provider: string, nodes = 1) => ({ operator, type: 'f32', provider, nodes })
const placed = (operators: Placement['operators'], ...computedIn: string[]): Placement => ({ operators, computedIn })

test.each<[string, Placement | null, 'fp32' | 'fp16', string, string[]]>([
  ['a device that says nothing', null, 'fp16', 'npu:0', []],
  [
    'what was asked for, where it was asked',
    placed([row('MatMul', 'CPUExecutionProvider')], 'fp32'),
    'fp32',
    'ort:cpu',
    [],
  ],
  [
    'fp16 that was computed in fp32',
    placed([row('MatMul', 'CPUExecutionProvider')], 'fp32', 'fp16'),
    'fp16',
    'ort:cpu',
    ['asked for fp16; most of its matrix products were computed in fp32'],
  ],
  [
    'a provider of another spelling',
    placed([row('MatMul', 'WebGpuExecutionProvider')], 'fp32'),
    'fp32',
    'ort:webgpu',
    [],
  ],
  [
    'operators that fell back',
    placed(
      [
        row('MatMul', 'CUDAExecutionProvider', 40),
        row('Gather', 'CPUExecutionProvider', 2),
        row('Shape', 'CPUExecutionProvider', 3),
      ],
      'fp32',
    ),
    'fp32',
    'ort:cuda:0',
    ['5 nodes ran elsewhere than on ort:cuda:0: Gather, Shape'],
  ],
  ['the CPU, which has no elsewhere', placed([row('MatMul', 'DnnlExecutionProvider')], 'fp32'), 'fp32', 'ort:cpu', []],
  ['nothing computed', placed([]), 'fp16', 'ort:cpu', []],
])('remarks on %s', (_, placement, precision, device, remarks) => {
  expect(remarksOn(placement, precision, device)).toEqual(remarks)
})
