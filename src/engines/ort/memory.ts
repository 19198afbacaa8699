/** The memory of this process. */
import { readFileSync, writeFileSync } from 'node:fs'

/** Watches the peak of the resident memory over a window. */
export class PeakMemory {
  readonly #isExact: boolean
  #sampledBytes = 0

  constructor() {
    this.#isExact = resetPeak()
    this.sample()
  }

  /** Looks now, where the kernel does not keep the peak for us. */
  sample(): void {
    if (!this.#isExact) this.#sampledBytes = Math.max(this.#sampledBytes, process.memoryUsage.rss())
  }

  bytes(): number {
    this.sample()
    return this.#isExact ? readPeak() : this.#sampledBytes
  }
}

/** Linux, proc(5): writing 5 to clear_refs sets the peak back to what is resident now. False where that cannot be done. */
function resetPeak(): boolean {
  try {
    writeFileSync('/proc/self/clear_refs', '5')
    return true
  } catch {
    return false
  }
}

function readPeak(): number {
  const kib = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]
  if (kib === undefined) throw new Error('/proc/self/status holds no VmHWM')
  return Number(kib) * 1024
}
