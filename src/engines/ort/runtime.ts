/** onnxruntime-node, loaded so that fp16 works. */
import type * as Ort from 'onnxruntime-node'

/**
 * onnxruntime-common 1.30 turns fp16 values into a Float16Array where the global exists, and the native binding then
 * reads a tensor of zero bytes (Node 24: "not enough space: expected 8, got 0"). It looks for the global once, at the first
 * tensor; without it, fp16 is a Uint16Array in and out, which works.
 */
async function importRuntime(): Promise<typeof Ort> {
  const kept = Object.getOwnPropertyDescriptor(globalThis, 'Float16Array')
  Reflect.deleteProperty(globalThis, 'Float16Array')
  try {
    const ort = await import('onnxruntime-node')
    new ort.Tensor('float32', new Float32Array(1), [1])
    return ort
  } finally {
    if (kept !== undefined) Object.defineProperty(globalThis, 'Float16Array', kept)
  }
}

export const ort = await importRuntime()
