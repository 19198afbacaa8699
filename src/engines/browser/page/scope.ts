/** What this code uses of a browser, as types. The compiler's own DOM would make its globals words of every other file. */

export interface GpuAdapter {
  readonly info: Readonly<Record<'vendor' | 'architecture' | 'device' | 'description', string>> & {
    readonly isFallbackAdapter?: boolean
  }
  readonly limits: Readonly<Record<string, number>>
  readonly features: Iterable<string>
}

export interface PageThread {
  postMessage(message: unknown): void
  terminate(): void
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onerror: ((event: { readonly message?: string }) => void) | null
}

interface BrowserScope {
  readonly crossOriginIsolated: boolean
  readonly navigator: {
    readonly userAgent: string
    readonly hardwareConcurrency: number
    readonly gpu?: { requestAdapter(options?: { forceFallbackAdapter?: boolean }): Promise<GpuAdapter | null> }
    readonly ml?: { createContext(options?: { deviceType?: string }): Promise<unknown> }
  }
  readonly Worker: new (url: URL, options: { type: 'module' }) => PageThread
}

/** The global object of a page and of its threads. */
export const scope = globalThis as unknown as BrowserScope

/** The global object of a thread. */
export const threadScope = globalThis as unknown as Pick<PageThread, 'postMessage' | 'onmessage'>
