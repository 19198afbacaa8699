import { readdirSync, readFileSync } from 'node:fs'
import { isGone } from '../host/gone.ts'

/** A process on Linux: proc(5). */
export interface Descendant {
  readonly pid: number
  /** Its command line, arguments apart by spaces. */
  readonly command: string
}

/** The processes that a process started, they, and so on, that still run. */
export function descendantsOf(ancestor: number): Descendant[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(Number)
      .map(pid => [pid, parentOf(pid)] as const),
  )
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid)
    return parent !== undefined && (parent === ancestor || isBelow(parent))
  }
  return [...parents.keys()].filter(pid => isBelow(pid) && !isGone(pid)).map(pid => ({ pid, command: commandOf(pid) }))
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
