/**
 * What onnxruntime's JavaScript packages share: they have one interface, and each its own class of tensors, which is handed
 * to the code here. This folder imports them as types alone, and nothing of Node, since it also runs in a browser's page.
 */
import type { Tensor, TensorConstructor } from 'onnxruntime-node'

/** The package's own class: it tells its tensors from other objects by it. */
export type TensorClass = TensorConstructor
export type Feeds = Record<string, Tensor>
export type Fetches = Record<string, Tensor | null>

/** Gives the memory of an output back at once, where a garbage collection would come tens of MB later. It is then empty. */
export function free({ buffer }: Float32Array | Uint16Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}
