/** A host that asks one question at a time, and may ask wrong ones on purpose. */
import { Connection } from '../protocol/connection.ts'
import type { Frame } from '../protocol/frames.ts'
import type { NamedTensors } from '../tensor.ts'
import { sayMs } from './failure.ts'
import { type WorkerCommand, WorkerProcess, within } from './process.ts'

/** The worker cannot be asked anything more. */
export class NoAnswer extends Error {}

const INTERRUPT_AFTER_MS = 100

export class ConformancePeer {
  readonly #process: WorkerProcess
  readonly #connection: Connection
  readonly #answerMs: number
  #lastId = 0
  #waiting: { id: number; resolve(frame: Frame): void } | null = null
  #onHeartbeat: () => void = () => undefined
  #onLost: (why: string) => void = () => undefined
  #lost: string | null = null

  constructor(command: WorkerCommand, answerMs: number) {
    this.#answerMs = answerMs
    this.#process = new WorkerProcess(command)
    this.#connection = new Connection(this.#process.output, this.#process.input, {
      frame: frame => this.#receive(frame),
      closed: error => void this.#ended(error),
    })
  }

  get stdout(): string {
    return this.#process.stdout.text
  }

  /** One request and its answer. @throws NoAnswer where there is none, or none in time */
  ask(method: string, params: unknown, tensors: NamedTensors = {}): Promise<Frame> {
    return this.#expect(id => this.#connection.send({ kind: 'request', id, method, params }, tensors))
  }

  /** The same, with an interrupt once the call had time to begin. */
  askAndInterrupt(method: string, params: unknown, tensors: NamedTensors): Promise<Frame> {
    return this.#expect(async id => {
      await this.#connection.send({ kind: 'request', id, method, params }, tensors)
      await new Promise(resolve => setTimeout(resolve, INTERRUPT_AFTER_MS))
      await this.#connection.send({ kind: 'interrupt', id })
    })
  }

  /** The longest gap, in ms, over the next `count` heartbeats. @throws Error where they do not come within `ms` */
  async longestSilence(count: number, ms: number): Promise<number> {
    let lastMs = performance.now()
    let longestMs = 0
    let left = count
    const beaten = new Promise<void>(resolve => {
      this.#onHeartbeat = () => {
        longestMs = Math.max(longestMs, performance.now() - lastMs)
        lastMs = performance.now()
        left -= 1
        if (left === 0) resolve()
      }
    })
    const isBeaten = await within(beaten, ms)
    this.#onHeartbeat = () => undefined
    if (!isBeaten) throw new Error(`sent ${count - left} heartbeats in ${sayMs(ms)}`)
    return longestMs
  }

  /** Closes the worker's input, and says how it ended. @throws NoAnswer where it goes on */
  async hangUp(): Promise<string> {
    this.#connection.end()
    const graceMs = 5000
    if (!(await within(this.#process.exited, graceMs))) throw new NoAnswer(`was still running ${sayMs(graceMs)} later`)
    return describeExit(this.#process)
  }

  async kill(): Promise<void> {
    await this.#process.terminate(500)
    this.#connection.destroy()
  }

  async #expect(send: (id: number) => Promise<void>): Promise<Frame> {
    if (this.#lost !== null) throw new NoAnswer(this.#lost)
    const id = ++this.#lastId
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<Frame>((resolve, reject) => {
        this.#waiting = { id, resolve }
        this.#onLost = why => reject(new NoAnswer(why))
        const late = () => reject(new NoAnswer(`gave no answer within ${sayMs(this.#answerMs)}`))
        timer = setTimeout(late, this.#answerMs)
        send(id).catch(reject)
      })
    } finally {
      clearTimeout(timer)
      this.#waiting = null
    }
  }

  #receive(frame: Frame): void {
    const { header } = frame
    if (header.kind === 'heartbeat') this.#onHeartbeat()
    else if (header.kind === 'response' || header.kind === 'error') {
      if (header.id === this.#waiting?.id) this.#waiting.resolve(frame)
      else this.#lose(`answered call ${header.id}, which is not in progress`)
    } else if (header.kind !== 'progress') this.#lose(`sent a ${header.kind}, which only the host may send`)
  }

  async #ended(error: Error | null): Promise<void> {
    if (error !== null && !(await within(this.#process.exited, 500))) return this.#lose(`it sent ${error.message}`)
    this.#lose((await within(this.#process.exited, 500)) ? describeExit(this.#process) : 'closed its frames')
  }

  #lose(why: string): void {
    this.#lost ??= why
    this.#onLost(this.#lost)
  }
}

function describeExit({ exit, stderr }: WorkerProcess): string {
  const tail = stderr.text.trim().split('\n').at(-1) ?? ''
  const last = tail === '' ? '' : ` (its last words: ${tail})`
  switch (exit?.kind) {
    case 'exit':
      return `exited with code ${exit.code}${exit.code === 0 ? '' : last}`
    case 'signal':
      return `was killed by ${exit.signal}${last}`
    case 'spawn':
      return `could not be started: ${exit.error.message}`
    case undefined:
      return 'is still running'
  }
}
