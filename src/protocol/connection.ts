import type { Readable, Writable } from 'node:stream'
import type { NamedTensors } from '../tensor.ts'
import { encodeFrame, type Frame, FrameDecoder, type Message } from './frames.ts'

export interface ConnectionEvents {
  frame(frame: Frame): void
  /** The peer's bytes ended, or broke. Called once; `error` is null for an end between two frames. */
  closed(error: Error | null, midFrame: boolean): void
}

/** Frames over a pair of byte streams. Knows nothing of calls. */
export class Connection {
  readonly #output: Writable
  readonly #input: Readable
  #isClosed = false
  /** When bytes last came, on the monotonic clock, ms. */
  lastReceivedMs = performance.now()

  constructor(input: Readable, output: Writable, events: ConnectionEvents) {
    this.#input = input
    this.#output = output
    const decoder = new FrameDecoder(frame => events.frame(frame))
    const close = (error: Error | null) => {
      if (this.#isClosed) return
      this.#isClosed = true
      events.closed(error, decoder.isMidFrame)
    }
    input.on('data', (chunk: Uint8Array) => {
      if (this.#isClosed) return
      this.lastReceivedMs = performance.now()
      try {
        decoder.push(chunk)
      } catch (error) {
        close(error instanceof Error ? error : new Error(String(error)))
      }
    })
    input.on('end', () => close(null))
    input.on('error', close)
    input.on('close', () => close(null))
    output.on('error', close)
  }

  /** Writes one frame. Resolves once the stream can take more, so that a slow peer slows its sender down. */
  async send(message: Message, tensors: NamedTensors = {}): Promise<void> {
    const pieces = encodeFrame(message, tensors)
    if (this.#isClosed || !this.#output.writable) return
    this.#output.cork()
    let isReady = true
    for (const piece of pieces) isReady = this.#output.write(piece)
    this.#output.uncork()
    if (!isReady) await drained(this.#output)
  }

  /** Says that no more frames will come. */
  end(): void {
    this.#output.end()
  }

  destroy(): void {
    this.#isClosed = true
    this.#input.destroy()
    this.#output.destroy()
  }
}

function drained(stream: Writable): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      stream.off('drain', done)
      stream.off('close', done)
      stream.off('error', done)
      resolve()
    }
    stream.on('drain', done)
    stream.on('close', done)
    stream.on('error', done)
  })
}
