import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { Tail } from './tail.ts'

/** How a worker is started. */
export interface WorkerCommand {
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]] | readonly string[]
  /** Frames over standard input and output, for a worker behind ssh; else on descriptors 3 and 4. */
  readonly stdio?: boolean
  /** Added to Assay's own environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** The devices that will be used, where that is known: the worker need not look for others, which takes time. */
  readonly devices?: readonly string[]
}

export type Exit =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'spawn'; readonly error: NodeJS.ErrnoException }

const isWindows = process.platform === 'win32'
const live = new Set<WorkerProcess>()
let isExitHooked = false

/** A worker's process, its descriptors and its process group. Knows nothing of frames. */
export class WorkerProcess {
  readonly input: Writable
  readonly output: Readable
  readonly stdout: Tail
  readonly stderr: Tail
  readonly exited: Promise<Exit>
  exit: Exit | null = null
  readonly #child: ChildProcess

  constructor({ command, stdio = false, env = {}, cwd, devices }: WorkerCommand) {
    const [program = '', ...args] = command
    const child = spawn(program, args, {
      // A group of its own: it can be killed with all its children, and Ctrl-C reaches Assay alone.
      detached: !isWindows,
      windowsHide: true,
      stdio: stdio ? ['pipe', 'pipe', 'pipe'] : ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...(stdio ? {} : { ASSAY_FDS: '3,4' }),
        ...(devices === undefined ? {} : { ASSAY_DEVICES: devices.join(',') }),
        ...env,
      },
      ...(cwd === undefined ? {} : { cwd }),
    })
    this.#child = child
    const input = stdio ? child.stdin : child.stdio[3]
    const output = stdio ? child.stdout : child.stdio[4]
    // Both exist: spawn was asked for pipes. The types of child_process cannot say so for descriptors above 2.
    this.input = input as Writable
    this.output = output as Readable
    this.stdout = new Tail(stdio ? null : child.stdout)
    this.stderr = new Tail(child.stderr)
    this.exited = new Promise(resolve => {
      const settle = (exit: Exit) => {
        this.exit ??= exit
        resolve(exit)
      }
      child.on('error', error => {
        if (child.pid === undefined) settle({ kind: 'spawn', error })
      })
      child.on('exit', (code, signal) =>
        settle(signal === null ? { kind: 'exit', code: code ?? 0 } : { kind: 'signal', signal }),
      )
    })
    register(this)
    void this.exited.then(() => {
      // Whatever it started and left behind.
      this.kill('SIGKILL')
      live.delete(this)
    })
  }

  get pid(): number | null {
    return this.#child.pid ?? null
  }

  /** Sends a signal to the worker and all its children; does nothing where they are gone. */
  kill(signal: NodeJS.Signals): void {
    const { pid } = this.#child
    if (pid === undefined) return
    try {
      if (isWindows) this.#child.kill(signal)
      else process.kill(-pid, signal)
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }

  /** Asks with SIGTERM, insists with SIGKILL after `graceMs`; resolves once it is gone and its output is read. */
  async terminate(graceMs: number): Promise<Exit> {
    if (this.exit === null) {
      this.kill('SIGTERM')
      if (!(await within(this.exited, graceMs))) this.kill('SIGKILL')
    }
    const exit = await this.exited
    // A child that left the group may hold the pipes open for ever.
    await within(Promise.all([this.stderr.ended, this.stdout.ended]), OUTPUT_GRACE_MS)
    return exit
  }
}

/** How long to wait for the last words of a worker that is gone. */
const OUTPUT_GRACE_MS = 200

/** Whether `promise` settles within `ms`. */
export async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(resolve, ms, false)
  })
  try {
    return await Promise.race([promise.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Kills every worker at once. For the moment in which this process ends. */
function killAll(): void {
  for (const worker of live) worker.kill('SIGKILL')
}

function register(worker: WorkerProcess): void {
  live.add(worker)
  if (isExitHooked) return
  isExitHooked = true
  process.on('exit', killAll)
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM')
}
