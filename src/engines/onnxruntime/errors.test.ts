import { expect, test } from 'vitest'
import { WorkerError } from '../../protocol/failure.ts'
import { workerError } from './errors.ts'

// As onnxruntime-node 1.30 says them.
test.each([
  ['std::bad_alloc', 'out-of-memory'],
  ['BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 4096', 'out-of-memory'],
  ['VK_ERROR_DEVICE_LOST while submitting', 'device-lost'],
  ['NOT_IMPLEMENTED : Could not find an implementation for Foo(1) node with name', 'unsupported'],
  ['Unsupported model IR version: 14, max supported IR version: 13', 'unsupported'],
  ['Unsupported data type: 16', 'unsupported'],
  ['Opset 27 is under development and support for this is limited.', 'unsupported'],
  [
    'This is an invalid model. In Node, Error Unrecognized attribute: left_window_size for operator Attention',
    'unsupported',
  ],
  ['Failed to get a WebGPU adapter: No supported adapters', 'unsupported'],
  ['OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library', 'unsupported'],
  ['Invalid rank for input: x Got: 2 Expected: 3', 'invalid-request'],
  ["Load model nope.onnx failed. File doesn't exist", 'invalid-request'],
  ['head_size shall be a multiple of 16', 'failed'],
])('%s: %s', (message, code) => {
  expect(workerError(new Error(message), 'running the model')).toMatchObject({
    code,
    message: `running the model: ${message}`,
  })
})

test('an answer of our own stays what it is', () => {
  const own = new WorkerError('interrupted', 'interrupted after 3 of 4 tokens')
  expect(workerError(own, 'running the model')).toBe(own)
})
