/** What ended a unit before its end: whose fault it was, in one sentence. */
import { AssayError } from '../errors.ts'
import { WorkerFailure } from '../host/index.ts'
import { WorkerError } from '../protocol/failure.ts'
import type { Fault, Status } from '../words.ts'

export interface Outcome {
  readonly status: Status
  readonly reason: string
  readonly fault: Fault | null
}

/** Ends a unit that a device cannot run. */
export class Skip extends Error {}

/** Marks what went wrong on the reference's side, so that the device is not blamed. */
export class ReferenceFault extends Error {
  constructor(cause: unknown) {
    super('the reference failed', { cause })
  }
}

/** Runs what is the reference's work; its failures are the reference's fault. */
export async function onReference<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof AssayError) throw error
    throw new ReferenceFault(error)
  }
}

/** Whether an error only says that the run was interrupted. */
export function isInterruption(error: unknown): boolean {
  if (error instanceof ReferenceFault) return isInterruption(error.cause)
  if (error instanceof WorkerFailure) return error.kind === 'interrupt' || error.kind === 'stopped'
  return error instanceof WorkerError && error.code === 'interrupted'
}

export function outcomeOf(error: unknown): Outcome {
  if (error instanceof Skip) return { status: 'skip', reason: error.message, fault: null }
  if (error instanceof ReferenceFault) {
    const { status, reason } = outcomeOf(error.cause)
    return { status: status === 'skip' ? 'error' : status, reason: `the reference: ${reason}`, fault: 'reference' }
  }
  if (error instanceof WorkerError && error.code === 'unsupported')
    return { status: 'skip', reason: error.message, fault: null }
  if (error instanceof WorkerError)
    return { status: 'error', reason: `${error.code}: ${error.message}`, fault: 'device' }
  if (error instanceof WorkerFailure) return { status: 'error', reason: withTail(error), fault: 'device' }
  if (error instanceof AssayError) {
    const place = error.where === undefined ? '' : ` (${error.where})`
    if (error.code === 'onnx-unsupported') return { status: 'skip', reason: `${error.message}${place}`, fault: null }
    return { status: 'error', reason: `${error.message}${place}`, fault: 'assay' }
  }
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { status: 'error', reason: `a bug in Assay: ${reason}`, fault: 'assay' }
}

/** The last words of a worker say more than its exit code. */
function withTail({ message, stderrTail }: WorkerFailure): string {
  const tail = stderrTail.trim().split('\n').slice(-5).join('\n')
  return tail === '' ? message : `${message}; it wrote last:\n${tail}`
}
