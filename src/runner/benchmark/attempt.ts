/** A point of a benchmark as it was tried. */

/** What is measured at once; what else a point is, its benchmark knows. */
export interface Batched {
  readonly batch: number
}

/** A point as it was timed; its benchmark knows what was taken. */
export interface Timed<P extends Batched> {
  readonly kind: 'timed'
  readonly point: P
  readonly peakMemoryBytes: number | null
}

/** What a point would need at least, and what is there; null where that is not known. */
export interface Room {
  readonly neededBytes: number | null
  readonly availableBytes: number | null
}

/** A point that gave no figures. */
export interface Untimed<P extends Batched> {
  readonly kind: 'untimed'
  readonly point: P
  readonly status: 'error' | 'skip'
  readonly reason: string
  readonly room: Room
  /** What a larger batch of the same shape would do again: `ended its worker`, `had no room`; null where it may yet do better. */
  readonly ends: string | null
}

export type Attempt<T extends Timed<Batched>> = T | Untimed<T['point']>

/** What was timed. */
export function timed<T extends Timed<Batched>>(attempts: readonly Attempt<T>[]): T[] {
  return attempts.filter(attempt => attempt.kind === 'timed')
}
