/**
 * The protocol's frames (docs/protocol.md) with what a browser has: both ends are this program's own, so that what a host
 * checks of a foreign worker's frame is not checked again.
 */
import {
  BYTES_PER_ELEMENT,
  type ElementType,
  elementCount,
  type NamedTensors,
  type TensorData,
} from '../../../tensor.ts'

interface TensorHeader {
  readonly name: string
  readonly type: ElementType
  readonly shape: number[]
}

/** A frame as the pieces to send, in order; the tensors' memory is not copied. */
export function encodeFrame(header: object, tensors: NamedTensors = {}): Uint8Array<ArrayBuffer>[] {
  const entries = Object.entries(tensors)
  const list = entries.map(([name, { type, shape }]): TensorHeader => ({ name, type, shape: [...shape] }))
  const json = new TextEncoder().encode(JSON.stringify({ ...header, tensors: list }))
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, json.length, true)
  // Over memory that is not shared: outputs of onnxruntime-web are copies of its own.
  return [length, json, ...entries.map(([, { bytes }]) => bytes as Uint8Array<ArrayBuffer>)]
}

/** The frame that fills a buffer; each tensor gets memory of its own, so that it is aligned. */
export function decodeFrame<H>(buffer: ArrayBuffer): { header: H; tensors: NamedTensors } {
  const length = new DataView(buffer).getUint32(0, true)
  // Written by this program, on the other side.
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))) as H & {
    tensors: TensorHeader[]
  }
  let offset = 4 + length
  const tensors: Record<string, TensorData> = {}
  for (const { name, type, shape } of header.tensors) {
    const size = elementCount(shape) * BYTES_PER_ELEMENT[type]
    tensors[name] = { type, shape, bytes: new Uint8Array(buffer.slice(offset, offset + size)) }
    offset += size
  }
  return { header, tensors }
}
