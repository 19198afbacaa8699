import { WorkerError } from '../../protocol/failure.ts'
import type { WorkerErrorCode } from '../../protocol/messages.ts'

/** onnxruntime-node gives its errors as text alone; these are the parts of it that its versions share. First match wins. */
const CODES: readonly [RegExp, WorkerErrorCode][] = [
  [
    /bad_alloc|failed to allocate|allocation failed|out of memory|OUT_OF_DEVICE_MEMORY|OUT_OF_HOST_MEMORY/i,
    'out-of-memory',
  ],
  [/device (was )?lost|DEVICE_LOST|DEVICE_REMOVED|DEVICE_HUNG|CUDA error 999|illegal memory access/i, 'device-lost'],
  [
    /NOT_IMPLEMENTED|could not find an implementation|shader-f16|is not a registered function|not supported/i,
    'unsupported',
  ],
  // A file of a newer ONNX than the runtime's.
  [
    /unsupported model IR version|opset \d+ is under development|unsupported data type: \d+|unrecognized attribute: \w+ for operator/i,
    'unsupported',
  ],
  [/failed to get a webgpu adapter|failed to load shared library|no supported adapters/i, 'unsupported'],
  [/file doesn't exist|no such file|protobuf parsing failed|INVALID_PROTOBUF|INVALID_GRAPH/i, 'invalid-request'],
  [/invalid rank for input|got invalid dimensions|unexpected input data type|invalid feed input/i, 'invalid-request'],
]

/** What onnxruntime threw, as the answer of this worker. */
export function workerError(error: unknown, doing: string): WorkerError {
  if (error instanceof WorkerError) return error
  const message = (error instanceof Error ? error.message : String(error)).trim()
  const code = CODES.find(([pattern]) => pattern.test(message))?.[1] ?? 'failed'
  return new WorkerError(code, `${doing}: ${message}`)
}
