import { EXIT } from '../exit-code.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** npm and npx pass on the signal that the terminal has sent already: within this time, two are one. */
const SAME_MS = 500

interface Interruption {
  readonly signal: AbortSignal
  /** Gives the signals back to Node. */
  release(): void
}

/**
 * The first interruption aborts the signal, so that what runs can end in order; the second ends the process at once,
 * and every worker with it (the host kills them as the process exits).
 */
function catchInterrupts(tell: (line: string) => void): Interruption {
  const controller = new AbortController()
  let firstMs = 0
  const onSignal = () => {
    if (!controller.signal.aborted) {
      firstMs = performance.now()
      tell('Interrupted: stopping in order. Interrupt again to stop at once.')
      controller.abort()
    } else if (performance.now() - firstMs > SAME_MS) process.exit(EXIT.interrupted)
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  return {
    signal: controller.signal,
    release: () => {
      for (const name of SIGNALS) process.off(name, onSignal)
    },
  }
}

/** Does something that an interruption ends in order. */
export async function interruptibly<T>(
  tell: (line: string) => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interruption = catchInterrupts(tell)
  try {
    return await work(interruption.signal)
  } finally {
    interruption.release()
  }
}
