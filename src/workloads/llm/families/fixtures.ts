/** A tiny transformer in plain arithmetic, and the ways in which devices get it wrong; for tests alone. */
import { WorkerError } from '../../../protocol/failure.ts'
import { type NamedTensors, tensorOf, toNumbers } from '../../../tensor.ts'
import type { AskedModel } from './family.ts'

export type Fault =
  | 'ignores the mask'
  | 'ignores the window'
  | 'window one too wide'
  | 'window one too narrow'
  | 'ignores the positions'
  | 'counts positions absolutely'
  | 'turns only the queries'
  | 'mixes rows'
  | 'takes no mask'
  | 'takes no positions'
  | 'forgets beyond 64 positions'

export interface ToySettings {
  readonly layers?: number
  /** Positions that a query sees, itself included; null for all. */
  readonly window?: number | null
  readonly vocabulary?: number
  readonly fault?: Fault | null
}

const WIDTH = 8

/** Uniform in [-1, 1), the same for the same seed (a linear congruential generator of Numerical Recipes). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)

const norm = (row: readonly number[]) => row.map(value => value / Math.sqrt(dot(row, row) / WIDTH + 1e-6))

/** One head, rotary positions, no feed-forward part: all that the cases of a device with itself are about. */
export function toyModel({ layers = 2, window = null, vocabulary = 32, fault = null }: ToySettings = {}): AskedModel {
  const draw = random(7)
  const matrix = (rows: number) => Array.from({ length: rows }, () => Array.from({ length: WIDTH }, draw))
  const embedding = matrix(vocabulary)
  const weights = Array.from({ length: layers }, () => ({ q: matrix(WIDTH), k: matrix(WIDTH), v: matrix(WIDTH) }))
  const seen = windowOf(window, fault)

  const turned = (x: readonly number[], position: number): number[] =>
    x.map((value, i) => {
      const half = WIDTH / 2
      const angle = position * 10 ** -(i % half)
      const other = i < half ? -(x[i + half] ?? 0) : (x[i - half] ?? 0)
      return value * Math.cos(angle) + other * Math.sin(angle)
    })

  function forward(ids: readonly number[], mask: readonly number[], positions: readonly number[]): number[][] {
    let x = ids.map((id, at) =>
      (embedding[id] ?? []).map(value =>
        fault === 'counts positions absolutely' ? value + 0.1 * Math.sin(positions[at] ?? 0) : value,
      ),
    )
    for (const { q, k, v } of weights) {
      const normed = x.map(norm)
      const project = (m: readonly number[][]) => normed.map(row => m.map(column => dot(row, column)))
      const keys = project(k).map((key, at) =>
        fault === 'turns only the queries' ? key : turned(key, positions[at] ?? 0),
      )
      const queries = project(q).map((query, at) => turned(query, positions[at] ?? 0))
      const values = project(v)
      x = x.map((row, at) => {
        const visible = keys.map((_, key) => key).filter(key => key <= at && at - key < seen && mask[key] === 1)
        const powers = visible.map(key => Math.exp(dot(queries[at] ?? [], keys[key] ?? []) / Math.sqrt(WIDTH)))
        const total = powers.reduce((sum, power) => sum + power, 0) || 1
        return row.map(
          (value, i) =>
            value + visible.reduce((sum, key, n) => sum + ((powers[n] ?? 0) / total) * (values[key]?.[i] ?? 0), 0),
        )
      })
    }
    if (fault === 'forgets beyond 64 positions') x = x.map((row, at) => (at < 64 ? row : row.map(value => -value)))
    return x.map(row => embedding.map(column => dot(norm(row), column)))
  }

  /** Logits of rows, [row][position][vocabulary]. */
  function answer(rows: number[][], mask: number[][] | null, positions: number[][] | null): number[][][] {
    const isMasked = mask?.some(row => row.some((bit, at) => bit === 0 && row.includes(1, at))) ?? false
    if (fault === 'takes no mask' && isMasked) throw new WorkerError('unsupported', 'this graph takes no mask')
    if (fault === 'takes no positions' && positions)
      throw new WorkerError('unsupported', 'this graph takes no positions')
    const logits = rows.map((ids, row) => {
      const bits = (fault === 'ignores the mask' ? null : mask?.[row]) ?? ids.map(() => 1)
      const own = fault === 'ignores the positions' ? null : positions?.[row]
      return forward(ids, bits, own ?? countReal(bits))
    })
    if (fault !== 'mixes rows' || rows.length === 1) return logits
    const last = logits.at(-1) ?? []
    return logits.map(row => row.map((values, at) => values.map((value, i) => value + 0.01 * (last[at]?.[i] ?? 0))))
  }

  return {
    async run(tensors, logitsToKeep = 0) {
      const rows = rowsOf(tensors, 'input_ids') ?? []
      const logits = answer(rows, rowsOf(tensors, 'attention_mask'), rowsOf(tensors, 'position_ids'))
      return { logits: logitsTensor(logits.map(row => row.slice(-logitsToKeep))) }
    },

    async generate(tensors, { newTokens }) {
      const rows = rowsOf(tensors, 'input_ids') ?? []
      const mask = rowsOf(tensors, 'attention_mask') ?? rows.map(row => row.map(() => 1))
      const forced = rowsOf(tensors, 'forced_ids') ?? []
      const length = rows[0]?.length ?? 0
      const whole = rows.map((row, index) => [...row, ...(forced[index] ?? []).slice(0, newTokens - 1)])
      const bits = mask.map(row => [...row, ...Array<number>(newTokens - 1).fill(1)])
      return { logits: logitsTensor(answer(whole, bits, null).map(row => row.slice(length - 1))) }
    },
  }
}

function windowOf(window: number | null, fault: Fault | null): number {
  if (window === null || fault === 'ignores the window') return Number.POSITIVE_INFINITY
  if (fault === 'window one too wide') return window + 1
  return fault === 'window one too narrow' ? window - 1 : window
}

function countReal(mask: readonly number[]): number[] {
  let next = 0
  return mask.map(bit => (bit === 1 ? next++ : 0))
}

function rowsOf(tensors: NamedTensors, name: string): number[][] | null {
  const tensor = tensors[name]
  if (!tensor) return null
  const [rows = 0, width = 0] = tensor.shape
  const values = toNumbers(tensor)
  return Array.from({ length: rows }, (_, row) => values.slice(row * width, (row + 1) * width))
}

function logitsTensor(logits: number[][][]) {
  const [first = []] = logits
  return tensorOf([logits.length, first.length, first[0]?.length ?? 0], Float32Array.from(logits.flat(2)))
}
