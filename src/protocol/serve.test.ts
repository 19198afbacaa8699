import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { Connection } from './connection.ts'
import { WorkerError } from './failure.ts'
import type { Frame } from './frames.ts'
import { type Handlers, serve } from './serve.ts'

const never = async () => {
  throw new WorkerError('unsupported', 'not in this test')
}

/** A served pair of streams; gives what the host received, and says when something new came. */
function pair(handlers: Partial<Handlers>, interrupt: (id: number) => void = () => undefined) {
  const [toWorker, toHost] = [new PassThrough(), new PassThrough()]
  const frames: Frame[] = []
  let arrived: () => void = () => undefined
  const host = new Connection(toHost, toWorker, {
    frame(frame) {
      frames.push(frame)
      arrived()
    },
    closed: () => undefined,
  })
  const all = { hello: never, load: never, run: never, generate: never, measure: never, unload: never, ...handlers }
  serve(toWorker, toHost, { handlers: all, interrupt, closed: () => undefined })
  const next = async (count: number) => {
    while (frames.length < count)
      await new Promise<void>(resolve => {
        arrived = resolve
      })
    return frames.map(frame => frame.header)
  }
  return { host, next }
}

test('requests are answered in order, and errors of every kind are answers', async () => {
  const { host, next } = pair({
    unload: async ({ handle }) => {
      if (handle === 'lost') throw new WorkerError('device-lost', 'the cable')
      if (handle === 'bug') throw new TypeError('x is undefined')
      return { result: {} }
    },
  })
  const request = (id: number, method: string, params: unknown) => host.send({ kind: 'request', id, method, params })
  await request(1, 'unload', { handle: 'fine' })
  await request(2, 'unload', { handle: 'lost' })
  await request(3, 'unload', { handle: 'bug' })
  await request(4, 'unload', { handle: 5 })
  await request(5, 'dance', {})
  await request(6, 'unload', { handle: 'fine' })
  expect(await next(6)).toMatchObject([
    { id: 1, kind: 'response' },
    { id: 2, kind: 'error', code: 'device-lost', message: 'the cable' },
    { id: 3, kind: 'error', code: 'failed', message: 'x is undefined' },
    { id: 4, kind: 'error', code: 'invalid-request', message: expect.stringContaining('handle') },
    { id: 5, kind: 'error', code: 'unsupported', message: 'no call is named "dance"' },
    { id: 6, kind: 'response' },
  ])
})

test('an interrupt reaches the call in progress, and one that waits is never begun', async () => {
  let giveUp: (error: Error) => void = () => undefined
  const begun: string[] = []
  const { host, next } = pair(
    {
      unload({ handle }) {
        begun.push(handle)
        return new Promise((_, reject) => {
          giveUp = reject
        })
      },
    },
    id => giveUp(new WorkerError('interrupted', `call ${id}`)),
  )
  await host.send({ kind: 'request', id: 1, method: 'unload', params: { handle: 'first' } })
  await host.send({ kind: 'request', id: 2, method: 'unload', params: { handle: 'second' } })
  await host.send({ kind: 'interrupt', id: 2 })
  await host.send({ kind: 'interrupt', id: 1 })
  expect(await next(2)).toMatchObject([
    { id: 1, code: 'interrupted', message: 'call 1' },
    { id: 2, code: 'interrupted', message: 'interrupted before it began' },
  ])
  expect(begun).toEqual(['first'])
})

test('a call that this worker has no handler for is unsupported', async () => {
  const { host, next } = pair({})
  await host.send({ kind: 'request', id: 1, method: 'write', params: { key: 'a', name: 'b', from: 0 } })
  expect(await next(1)).toMatchObject([{ code: 'unsupported', message: 'this worker does not answer write' }])
})
