import type { DeviceCeilings } from '../events/result.ts'

/** A machine that others use too, or that grows warm, is another one after minutes; in a short run measuring once is enough. */
const HOLDS_MS = 120_000

/** What devices were measured to give in a run, for as long as it is likely to hold: by device and precision, and bytes/s by device alone. */
export class MeasuredCeilings {
  readonly #known = new Map<string, { readonly value: DeviceCeilings | number; readonly measuredMs: number }>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  get(key: string): DeviceCeilings | number | undefined {
    const known = this.#known.get(key)
    return known === undefined || this.#nowMs() - known.measuredMs > HOLDS_MS ? undefined : known.value
  }

  set(key: string, value: DeviceCeilings | number): void {
    this.#known.set(key, { value, measuredMs: this.#nowMs() })
  }
}
