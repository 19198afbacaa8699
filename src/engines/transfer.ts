import type { NamedTensors, TensorData } from '../tensor.ts'

/**
 * Tensors ready to move to another thread: each over a whole buffer of its own, so that nothing is copied and no
 * neighbour moves with it. `transfer` goes beside the message, and this thread cannot use the tensors afterwards.
 */
export function ownTensors(tensors: NamedTensors): { tensors: NamedTensors; transfer: ArrayBuffer[] } {
  const transfer = new Set<ArrayBuffer>()
  const own = (tensor: TensorData): TensorData => {
    const { bytes } = tensor
    const isWhole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
    const owned = isWhole && !transfer.has(bytes.buffer) ? bytes : bytes.slice()
    if (owned.buffer instanceof ArrayBuffer) transfer.add(owned.buffer)
    return { ...tensor, bytes: owned }
  }
  const owned = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, own(tensor)]))
  return { tensors: owned, transfer: [...transfer] }
}
