import { totalmem } from 'node:os'
import { describe, expect, test } from 'vitest'
import { type LanguageModel, openModel } from '../build/model.ts'
import type { DeviceDescription } from '../protocol/messages.ts'
import type { FoundDevice } from './discovery.ts'
import { noRoom, type Placement } from './room.ts'

function listed(reference: string): LanguageModel {
  const model = openModel(reference)
  if (model.kind !== 'llm') throw new Error('no language model')
  return model
}

/** 30.1 M parameters and two tables of 1024 x 64 angles: 120.7 MB in fp32. */
const SMALL = listed('arch/llama-3-8b@1/8')
/** Trillions of parameters: more than any machine or disk holds. */
const ENORMOUS = listed('arch/llama-3-70b@4')
const NO_LIMITS = { loadMs: 1, callMs: 1, attempts: 1 }
const MB = 1e6

function device(
  described: Partial<DeviceDescription>,
  { stdio = false, forms = ['onnx'] as FoundDevice['forms'] } = {},
): FoundDevice {
  return {
    description: {
      id: 'npu:npu',
      name: 'NPU',
      kind: 'npu',
      memoryBytes: null,
      precisions: ['fp32', 'fp16'],
      dialect: 'ort',
      properties: {},
      ...described,
    },
    ownId: 'npu:npu',
    launch: { engine: 'npu', command: ['npu'], stdio },
    forms,
    methods: [],
    versions: {},
  }
}

const CALLS = [{ slots: 640, logits: 1 }]
const placed = (found: FoundDevice, precision: Placement['precision'] = 'fp32'): Placement => ({
  found,
  precision,
  calls: CALLS,
})

function reasonFor(
  own: FoundDevice,
  reference: FoundDevice | null = null,
  { model = SMALL, isTogether = false, limits = {}, precision = 'fp32' as Placement['precision'] } = {},
): string | null {
  const other = reference && placed(reference)
  return noRoom(
    model,
    { device: placed(own, precision), reference: other, isTogether },
    { ...NO_LIMITS, ...limits },
    '/tmp',
  )
}

describe('the device', () => {
  test('has room for a model that is smaller than its memory, and none for one that is larger', () => {
    expect(reasonFor(device({ memoryBytes: 130 * MB }))).toBeNull()
    expect(reasonFor(device({ memoryBytes: 100 * MB }))).toBe(
      'weights 121 MB + cache 2.6 MB + logits 0.1 MB do not fit the 100 MB of npu:npu',
    )
  })

  test('has room at a smaller precision', () => {
    expect(reasonFor(device({ memoryBytes: 100 * MB }), null, { precision: 'fp16' })).toBeNull()
  })

  test('that takes directories is asked for its parameters', () => {
    const own = device({ memoryBytes: 100 * MB }, { forms: ['huggingface'] })
    expect(reasonFor(own)).toContain('weights 120 MB')
    expect(reasonFor(own, null, { precision: 'fp16' })).toBeNull()
  })

  test('whose memory nobody knows is believed to have it', () => {
    expect(reasonFor(device({ kind: 'gpu' }))).toBeNull()
  })

  test('on the host that does not say its memory has what is free on the machine', () => {
    expect(reasonFor(device({ kind: 'cpu' }), null, { model: ENORMOUS })).toMatch(/ GB that are free on this machine$/)
  })

  test('behind a command is on a machine of its own', () => {
    expect(reasonFor(device({ kind: 'cpu', memoryBytes: 1e15 }, { stdio: true }), null, { model: ENORMOUS })).toMatch(
      /disk/,
    )
  })

  test('on the host has no more than the plan allows a worker; an accelerator has its own', () => {
    const limits = { workerMemoryBytes: 100 * MB }
    expect(reasonFor(device({ kind: 'cpu' }), null, { limits })).toMatch(
      /do not fit the 100 MB that limits\.workerMemoryBytes leaves a worker$/,
    )
    expect(reasonFor(device({ kind: 'gpu' }), null, { limits })).toBeNull()
  })
})

describe('the reference', () => {
  const gpu = device({ id: 'npu:gpu', kind: 'gpu' })

  test('must have room too, and is named', () => {
    const reference = device({ id: 'ort:cpu', memoryBytes: 100 * MB })
    expect(reasonFor(gpu, reference)).toBe(
      'the reference ort:cpu fp32: weights 121 MB + cache 2.6 MB + logits 0.1 MB do not fit the 100 MB of ort:cpu; a golden made on another machine can judge in its place',
    )
  })

  test('that audits a benchmark has no golden in its place', () => {
    const reference = device({ id: 'ort:cpu', memoryBytes: 100 * MB })
    expect(reasonFor(gpu, reference, { isTogether: true })).not.toContain('golden')
  })

  test('shares the host with the device under test while it audits, and only then', () => {
    const host = device({ kind: 'cpu', memoryBytes: 200 * MB })
    const reference = device({ id: 'ort:cpu', kind: 'cpu', memoryBytes: 200 * MB })
    expect(reasonFor(host, reference)).toBeNull()
    expect(reasonFor(host, reference, { isTogether: true })).toBe(
      'weights 121 MB + cache 2.6 MB + logits 0.1 MB, beside 123 MB of the reference ort:cpu fp32, do not fit the 200 MB of npu:npu',
    )
    expect(reasonFor(device({ kind: 'gpu', memoryBytes: 200 * MB }), reference, { isTogether: true })).toBeNull()
  })
})

test('the disk must have room for the graph, where the memory has', () => {
  expect(totalmem()).toBeLessThan(1e15)
  expect(reasonFor(device({ kind: 'gpu', memoryBytes: 1e15 }), null, { model: ENORMOUS })).toMatch(
    /^\d+\.\d GB of built files do not fit the [\d.]+ [GM]B that the disk of \/tmp has free; ASSAY_HOME moves them$/,
  )
})
