/** A page in the browser, and the calls that its threads answer. */
import type { Page } from 'playwright-core'
import { WorkerError } from '../../protocol/failure.ts'
import { encodeFrame, type Frame, FrameDecoder } from '../../protocol/frames.ts'
import type { NamedTensors } from '../../tensor.ts'
import type { Turn } from '../engine.ts'
import type { PageCall } from './calls.ts'
import type { BrowserProcess } from './launch.ts'
import type { PageCalls, PageDescription } from './page/main.ts'
import type { PageServer } from './server.ts'

/** How often a call in the page is told that it was given up; the page itself answers at once. */
const INTERRUPT_POLL_MS = 50

/** In the page alone. */
declare const assay: PageCalls

/** A call before it has its number. */
export type Asked = PageCall extends infer C ? (C extends PageCall ? Omit<C, 'id'> : never) : never

export class Tab {
  readonly #page: Page
  readonly #server: PageServer
  /** Rejects once the page, or the browser, is gone; the first cause is kept. */
  readonly #lost: Promise<never>
  #lastId = 0
  #onProgress: Turn['progress'] = () => undefined

  private constructor(page: Page, server: PageServer, lost: Promise<never>) {
    this.#page = page
    this.#server = server
    this.#lost = lost
  }

  static async open({ browser }: BrowserProcess, server: PageServer): Promise<Tab> {
    const page = await browser.newPage()
    let lastWords = ''
    page.on('console', message => {
      if (message.type() === 'error') lastWords = ` (its last words: ${message.text().trim()})`
    })
    const lost = new Promise<never>((_, reject) => {
      const lose = (what: string) => reject(new WorkerError('device-lost', `${what}${lastWords}`))
      page.on('crash', () => lose("the browser's tab crashed: out of memory, or a fault in the browser"))
      page.on('close', () => lose("the browser's tab was closed"))
      browser.on('disconnected', () => lose('the browser ended'))
    })
    lost.catch(() => undefined)
    const tab = new Tab(page, server, lost)
    await page.exposeFunction('reportProgress', (done: number, total: number) => tab.#onProgress(done, total))
    const response = await page.goto(`${server.url}page`)
    if (!response?.ok()) throw new Error(`the page was answered with ${response?.status()}`)
    await page.waitForFunction(() => 'assay' in globalThis)
    return tab
  }

  describe(wants: { webgpu: boolean; webnn: boolean }): Promise<PageDescription> {
    return this.#orLost(this.#page.evaluate(given => assay.describe(given), wants))
  }

  async open(handle: string): Promise<void> {
    await this.#orLost(this.#page.evaluate(given => assay.open(given), handle))
  }

  async close(handle: string): Promise<void> {
    await this.#orLost(this.#page.evaluate(given => assay.close(given), handle))
  }

  /** Has a model's thread answer a call. @throws WorkerError as it answers, and `device-lost` where page or browser are gone */
  async call(handle: string, asked: Asked, tensors: NamedTensors, turn: Turn): Promise<Frame> {
    const id = ++this.#lastId
    const watch = setInterval(() => {
      if (!turn.isInterrupted()) return
      clearInterval(watch)
      void this.#page.evaluate(given => assay.interrupt(given), handle).catch(() => undefined)
    }, INTERRUPT_POLL_MS)
    this.#onProgress = (done, total) => turn.progress(done, total)
    try {
      const frame = await this.#orLost(this.#ask(handle, id, asked, tensors))
      if (frame.header.kind === 'error') throw new WorkerError(frame.header.code, frame.header.message)
      return frame
    } finally {
      clearInterval(watch)
      this.#onProgress = () => undefined
      this.#server.forget(id)
    }
  }

  async #ask(handle: string, id: number, asked: Asked, tensors: NamedTensors): Promise<Frame> {
    let answer: Frame | null = null
    const decoder = new FrameDecoder(frame => {
      answer = frame
    })
    this.#server.expect(id, encodeFrame({ kind: 'request', id, ...asked }, tensors), async body => {
      for await (const chunk of body) decoder.push(chunk)
    })
    await this.#page.evaluate(given => assay.call(given.handle, given.id), { handle, id })
    if (answer === null) throw new Error(`the page gave no answer to ${asked.method}`)
    return answer
  }

  #orLost<T>(promise: Promise<T>): Promise<T> {
    // Where the page is gone, playwright says so too, in words of its own and perhaps first.
    const known = promise.catch(async (error: unknown) => {
      if (isGone(error)) await this.#lost
      throw error
    })
    return Promise.race([known, this.#lost])
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && /crashed|has been closed|Target closed|browser has disconnected/i.test(error.message)
}
