import { expect, test } from 'vitest'
import { WorkerError } from '../../protocol/failure.ts'
import { sessionOptions } from './options.ts'

test('options by name, entries of onnxruntime by their dot, and options of the provider', () => {
  const options = sessionOptions(
    'webgpu',
    {
      threads: 3,
      enableCpuMemArena: false,
      'session.disable_prepacking': true,
      'provider.preferredLayout': 'NHWC',
    },
    8,
  )
  expect(options).toEqual({
    intraOpNumThreads: 3,
    graphOptimizationLevel: 'all',
    enableCpuMemArena: false,
    extra: expect.objectContaining({ 'session.disable_prepacking': '1' }),
    executionProviders: [{ name: 'webgpu', preferredLayout: 'NHWC' }],
  })
})

test('an option that nobody knows is refused by name', () => {
  expect(() => sessionOptions('cpu', { thread: 3 }, 8)).toThrow(WorkerError)
  expect(() => sessionOptions('cpu', { thread: 3 }, 8)).toThrow('no option is named thread')
})
