import { expect, test } from 'vitest'
import { formatPlan, narrowPlan } from './narrow.ts'
import { parsePlan } from './parse.ts'
import { unitsOf } from './units.ts'

const plan = parsePlan(
  `
name: two
models:
  - zoo/llama
  - { model: ./mine, precisions: [int8], golden: g.safetensors }
precisions: [fp32, fp16]
devices: [ort:cpu]
benchmarks: { generation: { batch: [1], targets: { ttftMs: 100 } } }
engines: { npu: { command: [./npu-worker, --quiet] } }
options: { ort: { threads: 2, session.disable_prepacking: '1' } }
`,
  'plan.yaml',
)
const nothing = { models: null, devices: null, precisions: null }
const categoryOf = (model: string) => (model.endsWith('.onnx') ? 'onnx' : 'llm')
const idsOf = (narrowed: typeof plan) => unitsOf(narrowed, ['ort:cpu'], categoryOf).map(({ header }) => header.id)

test('a plan that is written out and read again is the same plan', () => {
  expect(parsePlan(formatPlan(plan), 'again')).toEqual(plan)
})

test('a plan narrowed by nothing is the same plan', () => {
  expect(narrowPlan(plan, nothing)).toEqual(plan)
})

test('a model that the plan names keeps what belongs to it', () => {
  expect(narrowPlan(plan, { ...nothing, models: ['./mine'] }).models).toEqual([
    { model: './mine', precisions: ['int8'], golden: 'g.safetensors' },
  ])
})

test('a model that the plan does not name is run with what the plan says for all', () => {
  expect(idsOf(narrowPlan(plan, { ...nothing, models: ['other'] }))).toEqual([
    'other ort:cpu fp32',
    'other ort:cpu fp16',
  ])
})

test('asked-for precisions hold for every model, also for those that name their own', () => {
  expect(idsOf(narrowPlan(plan, { ...nothing, precisions: ['bf16'] }))).toEqual([
    'zoo/llama ort:cpu bf16',
    './mine ort:cpu bf16',
  ])
})

test('units are models, then devices, then precisions, and an .onnx file runs once on each device', () => {
  const units = unitsOf(
    narrowPlan(plan, { ...nothing, models: ['zoo/llama', 'a.onnx'] }),
    ['ort:cpu', 'npu:npu'],
    categoryOf,
  )
  expect(units.map(({ header }) => `${header.category} ${header.id}`)).toEqual([
    'llm zoo/llama ort:cpu fp32',
    'llm zoo/llama ort:cpu fp16',
    'llm zoo/llama npu:npu fp32',
    'llm zoo/llama npu:npu fp16',
    'onnx a.onnx ort:cpu fp32',
    'onnx a.onnx npu:npu fp32',
  ])
})

test('a matrix that was multiplied out by mistake is refused', () => {
  const devices = Array.from({ length: 6000 }, (_, index) => `ort:cpu:${index}`)
  expect(() => unitsOf(plan, devices, categoryOf)).toThrow(/18000 units, more than 10000/)
})
