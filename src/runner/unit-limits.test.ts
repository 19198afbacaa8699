import { describe, expect, test } from 'vitest'
import { Plan } from '../plan/schema.ts'
import type { FoundDevice } from './discovery.ts'
import { unitLimits } from './unit-limits.ts'

const GIB = 2 ** 30

function planOf(batch: unknown, limits: Readonly<Record<string, number>> = {}): Plan {
  return Plan.parse({ models: ['a'], benchmarks: { generation: { batch } }, limits })
}

function found(kind: 'cpu' | 'gpu', memoryBytes: number | null, stdio = false): FoundDevice {
  return {
    description: { id: 'npu:a', name: 'a', kind, memoryBytes, precisions: ['fp32'], dialect: 'ort', properties: {} },
    ownId: 'npu:a',
    launch: { engine: 'npu', command: ['npu'], stdio },
    forms: ['onnx'],
    methods: [],
    versions: {},
  }
}

describe('a worker that goes to the memory’s limit on purpose', () => {
  test('is stopped below what the machine has free, where its memory is the machine’s own', () => {
    expect(unitLimits(planOf('max'), found('cpu', GIB / 8)).workerMemoryBytes).toBe(Math.floor((0.9 * GIB) / 8))
    const limit = unitLimits(planOf([1, 'max']), found('cpu', null)).workerMemoryBytes ?? 0
    expect(limit).toBeGreaterThan(0)
    expect(limit).toBeLessThanOrEqual(process.constrainedMemory() || 2 ** 50)
    const images = Plan.parse({ models: ['a'], benchmarks: { inference: { batch: 'max' } } })
    expect(unitLimits(images, found('cpu', GIB / 8)).workerMemoryBytes).toBe(Math.floor((0.9 * GIB) / 8))
  })

  test('has the limit that the plan sets, and none where its memory is its own or that of another machine', () => {
    expect(unitLimits(planOf('max', { workerMemoryBytes: 7 }), found('cpu', GIB)).workerMemoryBytes).toBe(7)
    expect(unitLimits(planOf('max'), found('gpu', GIB)).workerMemoryBytes).toBeUndefined()
    expect(unitLimits(planOf('max'), found('cpu', null, true)).workerMemoryBytes).toBeUndefined()
    expect(unitLimits(planOf('max'), found('cpu', GIB, true)).workerMemoryBytes).toBe(Math.floor(0.9 * GIB))
  })
})

test('a worker of a plan without it has no limit of its own', () => {
  expect(unitLimits(planOf([1, 4]), found('cpu', GIB)).workerMemoryBytes).toBeUndefined()
  expect(unitLimits(Plan.parse({ models: ['a'] }), found('cpu', GIB)).workerMemoryBytes).toBeUndefined()
})
