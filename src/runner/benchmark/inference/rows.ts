/** Some rows of a batch. Pure. */
import type { NamedTensors, TensorData } from '../../../tensor.ts'

/** The most rows that an audit looks at, the first and the last among them. */
const AUDITED_ROWS = 8

/** Rows of a batch, evenly spread. */
export function auditedRows(batch: number): number[] {
  const count = Math.min(batch, AUDITED_ROWS)
  return Array.from({ length: count }, (_, at) => (count === 1 ? 0 : Math.round((at * (batch - 1)) / (count - 1))))
}

/**
 * The rows of every tensor whose first dimension is the batch, copied, so that the rest can be let go; others as they are. Of a batch
 * of one everything is as it is.
 */
export function rowsOf(tensors: NamedTensors, batch: number, rows: readonly number[]): NamedTensors {
  if (batch === 1) return tensors
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, picked(tensor, batch, rows)]))
}

function picked(tensor: TensorData, batch: number, rows: readonly number[]): TensorData {
  const { type, shape, bytes } = tensor
  if (shape[0] !== batch) return tensor
  const size = bytes.byteLength / batch
  const copy = new Uint8Array(rows.length * size)
  for (const [at, row] of rows.entries()) copy.set(bytes.subarray(row * size, (row + 1) * size), at * size)
  return { type, shape: [rows.length, ...shape.slice(1)], bytes: copy }
}
