import type { ElementType } from '../tensor.ts'

export interface WeightInfo {
  readonly type: ElementType
  readonly shape: readonly number[]
}

/** Named weights that are read piece by piece, so that no checkpoint has to fit in memory. */
export interface WeightSource {
  readonly weights: ReadonlyMap<string, WeightInfo>
  /**
   * The raw little-endian bytes `[offset, offset + length)` of one weight, row-major.
   * The returned memory is only good until the next call.
   */
  read(name: string, offset: number, length: number): Uint8Array
  close(): void
}
