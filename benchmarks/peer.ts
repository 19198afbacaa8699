/** A peer in a process of its own that answers one JSON line for each that it is sent. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'

export class Peer {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface

  private constructor(child: ChildProcess, reader: Interface) {
    this.#child = child
    this.#reader = reader
    this.#lines = reader[Symbol.asyncIterator]()
  }

  /** Starts a command and waits for its first line. */
  static async start(command: string, args: readonly string[]): Promise<{ peer: Peer; greeting: unknown }> {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] })
    const peer = new Peer(child, createInterface({ input: child.stdout }))
    return { peer, greeting: await peer.#next() }
  }

  ask(command: object): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`)
    return this.#next()
  }

  stop(): void {
    this.#reader.close()
    this.#child.kill()
  }

  async #next(): Promise<unknown> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error('the peer ended')
    return JSON.parse(value)
  }
}
