/** How the process of a worker ended, in words. */
import { basename } from 'node:path'
import { type FailureKind, sayBytes } from './failure.ts'
import { isNearlyOutOfMemory, type MemoryReading, memoryCeilingBytes } from './memory.ts'
import type { Exit, WorkerCommand } from './process.ts'

/** What was known of a worker when its process ended. */
export interface Circumstances {
  readonly command: WorkerCommand
  /** Whether its frames broke off within one. */
  readonly isInMidFrame: boolean
  /** The last that is known of its memory. */
  readonly memory: MemoryReading | null
  readonly memoryLimitBytes: number | undefined
}

export interface Ending {
  readonly kind: FailureKind
  /** To follow `the lab7 worker`. */
  readonly what: string
}

/** Over standard streams what ended is the program that leads to the worker, which may be on another machine. */
export function endingOf(exit: Exit, circumstances: Circumstances): Ending {
  const { command, stdio = false } = circumstances.command
  const [program = '(no command)'] = command
  const who = stdio ? `was lost: ${basename(program)} ` : ''
  switch (exit.kind) {
    case 'spawn': {
      const why = exit.error.code === 'ENOENT' ? 'command or directory not found' : exit.error.message
      return { kind: 'spawn', what: `could not be started: ${program}: ${why}` }
    }
    case 'exit': {
      const where = circumstances.isInMidFrame ? ' in mid-frame' : ''
      const why = stdio ? explainCode(program, exit.code) : ''
      return { kind: 'exit', what: `${who}exited with code ${exit.code}${where}${why}` }
    }
    case 'signal': {
      const why = stdio ? '' : explainSignal(exit.signal, circumstances)
      return { kind: 'signal', what: `${who}was killed by ${exit.signal}${why}` }
    }
  }
}

/** ssh(1): it exits with the code of the remote command, or with 255 where an error occurred; also where a signal ended the command. */
function explainCode(program: string, code: number): string {
  if (code !== 255 || !/^ssh(\.exe)?$/.test(basename(program))) return ''
  return ' (the connection broke or could not be made, or the worker there was killed)'
}

function explainSignal(signal: NodeJS.Signals, { memory, memoryLimitBytes }: Circumstances): string {
  switch (signal) {
    case 'SIGSEGV':
    case 'SIGBUS':
    case 'SIGILL':
    case 'SIGFPE':
    case 'SIGABRT':
      return ' (a crash in native code)'
    case 'SIGKILL': {
      if (memory === null) return ' (from outside)'
      const limit = Math.min(memoryLimitBytes ?? Number.POSITIVE_INFINITY, memoryCeilingBytes())
      const held = `it held ${sayBytes(memory.residentBytes)} of ${sayBytes(limit)}`
      return isNearlyOutOfMemory(memory, limit)
        ? ` (which is what the out-of-memory killer does: ${held}, and ${sayBytes(memory.availableBytes)} were free)`
        : ` (from outside; ${held})`
    }
    default:
      return ''
  }
}
