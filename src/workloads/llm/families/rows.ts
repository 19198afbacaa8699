/** Parts of batched logits [rows, positions, vocabulary]. A tensor of another form stays as it is, for the check to name. */
import { BYTES_PER_ELEMENT, elementCount, type TensorData } from '../../../tensor.ts'

/** Given positions of one row, [1, kept, vocabulary]. */
export function positionsOf(
  logits: TensorData | undefined,
  { rows, width, row = 0 }: { readonly rows: number; readonly width: number; readonly row?: number },
  positions: readonly number[],
): TensorData | undefined {
  if (logits === undefined) return undefined
  const { type, shape, bytes } = logits
  const [batch, length, vocabulary = 0] = shape
  const isWhole = bytes.length === elementCount(shape) * BYTES_PER_ELEMENT[type]
  if (shape.length !== 3 || batch !== rows || length !== width || !isWhole) return logits
  const size = vocabulary * BYTES_PER_ELEMENT[type]
  const kept = new Uint8Array(positions.length * size)
  for (const [index, position] of positions.entries()) {
    const start = (row * width + position) * size
    kept.set(bytes.subarray(start, start + size), index * size)
  }
  return { type, shape: [1, positions.length, vocabulary], bytes: kept }
}

/** All positions of one row, [1, width, vocabulary]. */
export function rowOf(
  logits: TensorData | undefined,
  size: { readonly rows: number; readonly width: number; readonly row: number },
): TensorData | undefined {
  return positionsOf(logits, size, upTo(size.width))
}

/** 0, 1, ... count - 1. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

/** Outputs by name, those that a device did not give left out. */
export function given(outputs: Readonly<Record<string, TensorData | undefined>>): Record<string, TensorData> {
  return Object.fromEntries(
    Object.entries(outputs).flatMap(([name, tensor]) => (tensor === undefined ? [] : [[name, tensor]])),
  )
}

/** Tensors [1, 1, vocabulary] as one of [1, tensors, vocabulary]; nothing where one is missing or of another form. */
export function joined(tensors: readonly (TensorData | undefined)[]): TensorData | undefined {
  const [first] = tensors
  const alike = tensors.filter(tensor => tensor?.type === first?.type && tensor?.bytes.length === first?.bytes.length)
  if (first === undefined || alike.length < tensors.length) return undefined
  const bytes = Buffer.concat(alike.flatMap(tensor => tensor?.bytes ?? []))
  return { type: first.type, shape: [1, tensors.length, first.shape.at(-1) ?? 0], bytes: new Uint8Array(bytes) }
}
