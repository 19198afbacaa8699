import { readFileSync } from 'node:fs'

/** Whether a process is gone; one that nobody has waited for yet (a zombie) is. */
export function isGone(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
  } catch {
    return true
  }
}
