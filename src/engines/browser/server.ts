/** Serves the page, onnxruntime-web and the models to the browser of this worker, and carries tensors, on this machine alone. */
import { randomBytes } from 'node:crypto'
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'

/** The sources, or the build: the page's modules are among them, and import each other as they do here. */
const SOURCES = fileURLToPath(new URL('../../', import.meta.url))
const RUNTIME = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'))

/** What a page needs to share memory between threads, and to be given clocks of 5 us: https://web.dev/articles/coop-coep */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
}

const TYPES: Readonly<Record<string, string>> = {
  '.ts': 'text/javascript',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
}

/** A call of the page's: what it fetches, and where its answer goes. */
interface Call {
  readonly frame: readonly Uint8Array[]
  readonly take: (body: IncomingMessage) => Promise<void>
}

/** What there is to be had, by name. */
interface Shelves {
  readonly files: Map<string, string>
  readonly calls: Map<string, Call>
}

export class PageServer {
  /** Where everything lies: `http://127.0.0.1:PORT/TOKEN/`. Who does not know the token gets nothing. */
  readonly url: string
  readonly #shelves: Shelves

  private constructor(url: string, shelves: Shelves) {
    this.url = url
    this.#shelves = shelves
  }

  static async start(): Promise<PageServer> {
    const token = randomBytes(16).toString('hex')
    const shelves: Shelves = { files: new Map(), calls: new Map() }
    const server = createServer((request, response) => {
      answer(request, response, token, shelves).catch((error: unknown) => response.destroy(asError(error)))
    })
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
    // An address on a port: it was asked to listen on one.
    const { port } = server.address() as AddressInfo
    return new PageServer(`http://127.0.0.1:${port}/${token}/`, shelves)
  }

  /** Serves a file under a name of its own, streamed; gives its URL. */
  offer(name: string, path: string): string {
    this.#shelves.files.set(name, path)
    return `${this.url}files/${name}`
  }

  withdraw(names: readonly string[]): void {
    for (const name of names) this.#shelves.files.delete(name)
  }

  /** Keeps a call's frame until the page fetches `calls/ID`, and hands what it sends there to `take`. */
  expect(id: number, frame: Call['frame'], take: Call['take']): void {
    this.#shelves.calls.set(String(id), { frame, take })
  }

  forget(id: number): void {
    this.#shelves.calls.delete(String(id))
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  token: string,
  { files, calls }: Shelves,
): Promise<void> {
  const [, given, kind, ...rest] = new URL(request.url ?? '/', 'http://127.0.0.1').pathname.split('/')
  const name = rest.join('/')
  if (given !== token) return refuse(response)
  switch (kind) {
    case 'page':
      response.writeHead(200, { ...ISOLATION, 'Content-Type': 'text/html' })
      response.end(
        `<!doctype html><link rel="icon" href="data:," /><script type="module" src="sources/engines/browser/page/main${extname(import.meta.filename)}"></script>`,
      )
      return
    case 'sources':
      return sendModule(response, name)
    case 'runtime':
      return /^[\w.-]+$/.test(name) ? sendFile(response, join(RUNTIME, name)) : refuse(response)
    case 'files': {
      const path = files.get(name)
      return path === undefined ? refuse(response) : sendFile(response, path)
    }
    case 'calls': {
      const call = calls.get(name)
      if (call === undefined) return refuse(response)
      if (request.method === 'POST') await call.take(request)
      response.writeHead(200, ISOLATION)
      if (request.method !== 'POST') for (const bytes of call.frame) response.write(bytes)
      response.end()
      return
    }
    default:
      return refuse(response)
  }
}

/** A module of ours: in a checkout with its types taken out, as Node itself does. */
function sendModule(response: ServerResponse, name: string): void {
  const path = join(SOURCES, name)
  const isModule = /^[\w./-]+\.(ts|js)$/.test(name) && !name.includes('..')
  if (!isModule || !existsSync(path)) {
    refuse(response)
    return
  }
  const text = readFileSync(path, 'utf8')
  response.writeHead(200, { ...ISOLATION, 'Content-Type': 'text/javascript' })
  response.end(path.endsWith('.ts') ? stripTypeScriptTypes(text) : text)
}

async function sendFile(response: ServerResponse, path: string): Promise<void> {
  if (!existsSync(path)) return refuse(response)
  response.writeHead(200, {
    ...ISOLATION,
    'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
    'Content-Length': statSync(path).size,
  })
  // Several MB at a time: a model is read at the disk's speed.
  await pipeline(createReadStream(path, { highWaterMark: 4 * 1024 * 1024 }), response)
}

function refuse(response: ServerResponse): void {
  response.writeHead(404, ISOLATION)
  response.end()
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
