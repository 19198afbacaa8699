/** The resident memory of a process of this user, and its peak. */
import { readFileSync, writeFileSync } from 'node:fs'

/** Watches the peak of this process's resident memory over a window. */
export class PeakMemory {
  readonly #isExact: boolean
  #sampledBytes = 0

  constructor() {
    this.#isExact = resetPeak(process.pid)
    this.sample()
  }

  /** Looks now, where the kernel does not keep the peak for us. */
  sample(): void {
    if (!this.#isExact) this.#sampledBytes = Math.max(this.#sampledBytes, process.memoryUsage.rss())
  }

  bytes(): number {
    this.sample()
    return this.#isExact ? (peakBytes(process.pid) ?? this.#sampledBytes) : this.#sampledBytes
  }
}

/** Linux, proc(5): writing 5 to clear_refs sets the peak back to what is resident now. False where that cannot be done. */
export function resetPeak(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
    return true
  } catch {
    return false
  }
}

/** The most that was resident since the peak was set back; null where there is no /proc, or no such process. */
export function peakBytes(pid: number): number | null {
  return readStatus(pid, 'VmHWM')
}

/** What is resident now; null as above. */
export function residentBytes(pid: number): number | null {
  return readStatus(pid, 'VmRSS')
}

function readStatus(pid: number, field: 'VmHWM' | 'VmRSS'): number | null {
  try {
    const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return kib === undefined ? null : Number(kib) * 1024
  } catch {
    return null
  }
}
