/** The worker's side of a connection: parses requests by METHODS, answers them one after another, in order. */
import type { Readable, Writable } from 'node:stream'
import type { NamedTensors } from '../tensor.ts'
import { Connection } from './connection.ts'
import { WorkerError } from './failure.ts'
import { describeIssue, type Frame } from './frames.ts'
import { METHODS, type Method, type Params, type Result } from './messages.ts'

export interface Answer<M extends Method> {
  readonly result: Result<M>
  readonly tensors?: NamedTensors
}

export interface RequestContext {
  readonly id: number
  progress(done: number, total: number): void
}

type Handler<M extends Method> = (
  params: Params<M>,
  tensors: NamedTensors,
  context: RequestContext,
) => Promise<Answer<M>>

/** Calls that only a worker answers which keeps files for the host. */
export type FileMethod = 'artifact' | 'write'

/** One function for each call of the protocol. A WorkerError that it throws is the answer; so is any other error, as `failed`. */
export type Handlers = { readonly [M in Exclude<Method, FileMethod>]: Handler<M> } & {
  readonly [M in FileMethod]?: Handler<M>
}

export interface ServeOptions {
  readonly handlers: Handlers
  /** The call `id` should be given up; it is in progress. */
  interrupt(id: number): void
  /** The host is gone, or broke the protocol (then with the error). */
  closed(error: Error | null): void
}

/** Answers a host over two streams; gives the connection, for heartbeats. */
export function serve(input: Readable, output: Writable, options: ServeOptions): Connection {
  let queue = Promise.resolve()
  /** The call in progress, or 0; and the newest that began. Ids of a host only grow. */
  let current = 0
  let newest = 0
  const interrupted = new Set<number>()

  async function answer(frame: Frame): Promise<void> {
    const { header } = frame
    if (header.kind !== 'request') return
    const { id } = header
    current = id
    newest = id
    try {
      if (interrupted.delete(id)) throw new WorkerError('interrupted', 'interrupted before it began')
      const { result, tensors } = await dispatch(options.handlers, frame, {
        id,
        progress: (done, total) => void connection.send({ kind: 'progress', id, done, total }),
      })
      await connection.send({ kind: 'response', id, result }, tensors)
    } catch (error) {
      const code = error instanceof WorkerError ? error.code : 'failed'
      await connection.send({
        kind: 'error',
        id,
        code,
        message: error instanceof Error ? error.message : String(error),
      })
    } finally {
      current = 0
    }
  }

  const connection = new Connection(input, output, {
    frame(frame) {
      const { header } = frame
      if (header.kind === 'request') queue = queue.then(() => answer(frame))
      else if (header.kind === 'interrupt') {
        if (header.id === current) options.interrupt(header.id)
        else if (header.id > newest) interrupted.add(header.id)
      }
    },
    closed: error => options.closed(error),
  })
  return connection
}

async function dispatch(
  handlers: Handlers,
  { header, tensors }: Frame,
  context: RequestContext,
): Promise<{ result: unknown; tensors?: NamedTensors }> {
  if (header.kind !== 'request') throw new WorkerError('invalid-request', 'not a request')
  if (!isMethod(header.method))
    throw new WorkerError('unsupported', `no call is named ${JSON.stringify(header.method)}`)
  return call(handlers, header.method, header.params, tensors, context)
}

async function call<M extends Method>(
  handlers: Handlers,
  method: M,
  params: unknown,
  tensors: NamedTensors,
  context: RequestContext,
): Promise<Answer<M>> {
  const parsed = METHODS[method].params.safeParse(params)
  if (!parsed.success) throw new WorkerError('invalid-request', `${method}: ${describeIssue(parsed.error)}`)
  // Parsed by this method's own schema on the line above; the table's type does not carry that through a generic index.
  const handler = handlers[method] as Handler<M> | undefined
  if (handler === undefined) throw new WorkerError('unsupported', `this worker does not answer ${method}`)
  return handler(parsed.data as Params<M>, tensors, context)
}

function isMethod(name: string): name is Method {
  return Object.hasOwn(METHODS, name)
}
