/** Prepares images in threads of their own, so that a device need not wait for them more than it must. */
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { AssayError, type ErrorCode } from '../../errors.ts'
import type { ImageSource } from './dataset.ts'
import type { Prepared, Recipe } from './prepare.ts'

export interface ThreadRequest {
  readonly id: number
  readonly source: ImageSource
}

export type ThreadAnswer =
  | { readonly id: number; readonly image: Prepared }
  | {
      readonly id: number
      /** Without a code it is no fault of the image's. */
      readonly error: {
        readonly code: ErrorCode | null
        readonly message: string
        readonly where: string | undefined
        readonly hint: string | undefined
      }
    }

/** A processor that decodes keeps up with more than one fast device; more threads than this only hold memory. */
const MOST_THREADS = 16

interface Waiting {
  resolve(image: Prepared): void
  reject(error: Error): void
}

/** Threads that prepare images for one model. Close it, or the process does not end. */
export class Preparer {
  readonly #threads: readonly Worker[]
  readonly #waiting = new Map<number, Waiting>()
  #asked = 0
  #broken: Error | null = null

  /** @param threads - one processor is left to the device by default */
  constructor(recipe: Recipe, threads = Math.min(MOST_THREADS, Math.max(1, availableParallelism() - 1))) {
    const script = new URL(`./thread${extname(import.meta.filename)}`, import.meta.url)
    this.#threads = Array.from({ length: threads }, () => {
      const thread = new Worker(script, { workerData: recipe })
      thread.on('message', (answer: ThreadAnswer) => this.#receive(answer))
      thread.on('error', error => this.#break(error instanceof Error ? error : new Error(String(error))))
      return thread
    })
  }

  get threads(): number {
    return this.#threads.length
  }

  /** Throws AssayError('image-invalid') naming the file. */
  prepare(source: ImageSource): Promise<Prepared> {
    if (this.#broken !== null) return Promise.reject(this.#broken)
    const id = this.#asked++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#threads[id % this.#threads.length]?.postMessage({ id, source } satisfies ThreadRequest)
    })
  }

  async close(): Promise<void> {
    this.#break(new Error('the images are no longer wanted'))
    await Promise.all(this.#threads.map(thread => thread.terminate()))
  }

  #receive(answer: ThreadAnswer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('image' in answer) {
      waiting?.resolve(answer.image)
      return
    }
    const { code, message, where, hint } = answer.error
    const place = { ...(where !== undefined && { where }), ...(hint !== undefined && { hint }) }
    waiting?.reject(code === null ? new Error(message) : new AssayError(code, message, place))
  }

  #break(error: Error): void {
    this.#broken ??= error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
