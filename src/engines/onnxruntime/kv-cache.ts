/** What the loop asks of a key/value cache, wherever it lies. */
import type { Feeds, Fetches } from './runtime.ts'

export interface KvCache {
  /** Slots in use. */
  readonly length: number
  /** Slots of the past that a pass is fed, empty ones included. */
  readonly slots: number
  /** Makes room for `tokens` more, and puts the past into `feeds` and the wanted present into `fetches`. */
  prepare(tokens: number, feeds: Feeds, fetches: Fetches): void
  /** Takes what a pass gave. */
  advance(tokens: number, results: Feeds): void
  /** Whether its memory is what a new cache for as much would have. */
  fits(batch: number, expected: number): boolean
  /** Forgets everything, and keeps the memory: what is left in it is beyond the length, and is not read. */
  clear(): void
  /** Gives the memory back. */
  dispose(): void
}

export type Values = Float32Array | Uint16Array

export function roundUp(slots: number, step: number): number {
  return Math.max(1, Math.ceil(slots / step)) * step
}
