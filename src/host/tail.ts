import type { Readable } from 'node:stream'

const TAIL_BYTES = 8 * 1024

/** Drains a stream for as long as it lives, and keeps the last 8 KiB of it. */
export class Tail {
  #chunks: Buffer[] = []
  #size = 0
  readonly ended: Promise<void>

  constructor(stream: Readable | null) {
    if (stream === null) {
      this.ended = Promise.resolve()
      return
    }
    stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#size += chunk.length
      for (;;) {
        const oldest = this.#chunks[0]
        if (oldest === undefined || this.#size - oldest.length < TAIL_BYTES) break
        this.#chunks.shift()
        this.#size -= oldest.length
      }
    })
    this.ended = new Promise(resolve => {
      stream.on('close', resolve)
      // A broken pipe ends what can be read, and 'close' follows.
      stream.on('error', () => resolve())
    })
  }

  get text(): string {
    return Buffer.concat(this.#chunks).subarray(-TAIL_BYTES).toString('utf8')
  }
}
