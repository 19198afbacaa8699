import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'

export interface MemoryReading {
  /** What the worker held. */
  readonly residentBytes: number
  /** What the machine, or this process's control group, still had. */
  readonly availableBytes: number
}

/** Resident memory of a process from /proc, or null where there is none to read (other systems; the process is gone). */
export function readResidentBytes(pid: number): number | null {
  try {
    const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return kib === undefined ? null : Number(kib) * 1024
  } catch {
    return null
  }
}

/** Whether `pid` is a process on this machine, of the process group `group`; a pid that a remote worker tells is not. */
export function isInGroup(pid: number, group: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // proc(5): pid (comm) state ppid pgrp; comm may hold spaces and brackets.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) === group
  } catch {
    return false
  }
}

/** The most memory that processes here can have, in bytes: the machine's, or the control group's where that is less. */
export function memoryCeilingBytes(): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem()
}

/** Whether memory was so short that the out-of-memory killer is the likely sender of a SIGKILL. */
export function isNearlyOutOfMemory(reading: MemoryReading, limitBytes: number): boolean {
  return reading.residentBytes > 0.8 * limitBytes || reading.availableBytes < 0.1 * memoryCeilingBytes()
}
