/** A peer in a process of its own that answers one JSON line for each that it is sent. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'

/** Characters of its standard error that are kept, for when it dies. */
const TAIL = 2000

export class Peer {
  readonly #child: ChildProcess
  readonly #exit: Promise<unknown>
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface
  #stderr = ''

  private constructor(child: ChildProcess, reader: Interface) {
    this.#child = child
    this.#exit = once(child, 'close')
    this.#lines = reader[Symbol.asyncIterator]()
    this.#reader = reader
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-TAIL)
    })
  }

  /** Starts a command and waits for its first line. */
  static async start(command: string, args: readonly string[]): Promise<{ peer: Peer; greeting: unknown }> {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    const peer = new Peer(child, createInterface({ input: child.stdout }))
    return { peer, greeting: await peer.#next() }
  }

  ask(command: object): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`)
    return this.#next()
  }

  /** Ends the process and waits until it is gone, so that nothing of it runs beside whatever is measured next. */
  async stop(): Promise<void> {
    this.#reader.close()
    this.#child.kill()
    await this.#exit
  }

  async #next(): Promise<unknown> {
    const { value, done } = await this.#lines.next()
    if (!done) return JSON.parse(value)
    await this.#exit
    throw new Error(`the peer ended: ${this.#child.spawnargs.join(' ')}\n${this.#stderr}`)
  }
}
