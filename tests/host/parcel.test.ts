/** Files that go to a real worker over its standard streams, which keeps them in a home of its own. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { engineCommand } from '../../src/engines/index.ts'
import { type Parcel, sendParcel, startWorker, stopAllWorkers, type WorkerHandle } from '../../src/host/index.ts'
import type { Method } from '../../src/protocol/messages.ts'
import { temporaryDirectory } from '../temporary.ts'

const MIB = 2 ** 20
const PIECE = 4 * MIB
const signal = new AbortController().signal

type Worker = Pick<WorkerHandle, 'engine' | 'call'>

/** Three files: of some pieces, of a few bytes, and an empty one. */
function parcel(folder = temporaryDirectory()): Parcel {
  const large = Buffer.alloc(2.5 * PIECE)
  for (let at = 0; at < large.length; at += 8) large.writeDoubleLE(Math.sin(at), at)
  const contents = { 'model.onnx': Buffer.from('graph'), 'model.onnx.data': large, 'empty.txt': Buffer.alloc(0) }
  const files = Object.entries(contents).map(([name, content]) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return { name, path, sizeBytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }
  })
  return { key: 'key', files }
}

function start(home: string): Promise<WorkerHandle> {
  const devices = ['ort:cpu']
  return startWorker({ engine: 'lab7', command: engineCommand('ort'), stdio: true, env: { ASSAY_HOME: home }, devices })
}

/** A worker whose calls are noted; `before` may end one by throwing. */
function noting(worker: WorkerHandle, before: (method: Method, count: number) => void = () => undefined) {
  const written: { name: string; from: number; bytes: number }[] = []
  const noted: Worker = {
    engine: worker.engine,
    async call(method, params, tensors = {}, options = {}) {
      before(method, written.length)
      const reply = await worker.call(method, params, tensors, options)
      if (method === 'write' && 'name' in params && 'from' in params)
        written.push({ name: params.name, from: params.from, bytes: tensors['bytes']?.bytes.byteLength ?? -1 })
      return reply
    },
  }
  return { noted, written }
}

function send(worker: Worker, what: Parcel, onProgress: (done: number, total: number) => void = () => undefined) {
  return sendParcel(worker, what, { signal, onProgress })
}

function same(what: Parcel, folder: string): boolean {
  return what.files.every(({ name, path }) => readFileSync(path).equals(readFileSync(join(folder, name))))
}

afterEach(stopAllWorkers)

test('everything goes over in pieces, once: a second run sends nothing', async () => {
  const [home, what] = [temporaryDirectory(), parcel()]
  const first = noting(await start(home))
  const progress: [number, number][] = []
  const folder = await send(first.noted, what, (done, total) => progress.push([done, total]))
  expect(folder).toBe(join(home, 'received', 'key'))
  expect(same(what, folder)).toBe(true)
  expect(first.written.filter(({ name }) => name === 'model.onnx.data')).toEqual([
    { name: 'model.onnx.data', from: 0, bytes: PIECE },
    { name: 'model.onnx.data', from: PIECE, bytes: PIECE },
    { name: 'model.onnx.data', from: 2 * PIECE, bytes: PIECE / 2 },
  ])
  const total = 2.5 * PIECE + 'graph'.length
  expect(progress[0]).toEqual([0, total])
  expect(progress.at(-1)).toEqual([total, total])

  const second = noting(await start(home))
  expect(await send(second.noted, what, () => expect.unreachable())).toBe(folder)
  expect(second.written).toEqual([])
})

test('after a cut only the rest goes over', async () => {
  const [home, what] = [temporaryDirectory(), parcel()]
  const cut = noting(await start(home), (_, count) => {
    if (count === 3) throw new Error('the line was cut')
  })
  await expect(send(cut.noted, what)).rejects.toThrow('the line was cut')
  const left = new Map(what.files.map(({ name, sizeBytes }) => [name, sizeBytes]))
  for (const { name, bytes } of cut.written) left.set(name, (left.get(name) ?? 0) - bytes)

  const second = noting(await start(home))
  expect(same(what, await send(second.noted, what))).toBe(true)
  for (const { name } of what.files) {
    const sent = second.written.filter(write => write.name === name).reduce((sum, { bytes }) => sum + bytes, 0)
    expect([name, sent]).toEqual([name, left.get(name)])
  }
  expect(second.written.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(2 * PIECE)
})

describe('what lies over there spoilt is found, and goes over again, it alone:', () => {
  test.each<[string, (path: string) => void]>([
    ['other bytes', path => writeFileSync(path, Buffer.alloc(statSync(path).size))],
    ['cut short', path => truncateSync(path, 100)],
  ])('%s', async (_, spoil) => {
    const [home, what] = [temporaryDirectory(), parcel()]
    const folder = await send(await start(home), what)
    spoil(join(folder, 'model.onnx.data'))
    const again = noting(await start(home))
    await send(again.noted, what)
    expect(same(what, folder)).toBe(true)
    expect(new Set(again.written.map(({ name }) => name))).toEqual(new Set(['model.onnx.data']))
  })
})

test('two hosts that send the same at once both end with it whole', async () => {
  const [home, what] = [temporaryDirectory(), parcel()]
  const workers = await Promise.all([start(home), start(home)])
  const folders = await Promise.all(workers.map(worker => send(worker, what)))
  expect(new Set(folders)).toEqual(new Set([join(home, 'received', 'key')]))
  expect(same(what, folders[0] ?? '')).toBe(true)
  expect(readdirSync(folders[0] ?? '').toSorted()).toEqual(['empty.txt', 'model.onnx', 'model.onnx.data'])
})

test('a file that is not what its checksum says never counts as whole: it is given up, and said', async () => {
  const [home, what] = [temporaryDirectory(), parcel()]
  const [first, ...rest] = what.files
  if (first === undefined) throw new Error('no file')
  const wrong = { ...what, files: [{ ...first, sha256: '0'.repeat(64) }, ...rest] }
  await expect(send(await start(home), wrong)).rejects.toMatchObject({
    code: 'engine-failed',
    message: expect.stringMatching(/^model\.onnx did not become whole over there/),
  })
  expect(existsSync(join(home, 'received', 'key', 'model.onnx'))).toBe(false)
})

test('a file that became shorter is an error that names it', async () => {
  const [home, what] = [temporaryDirectory(), parcel()]
  const data = what.files.find(({ name }) => name === 'model.onnx.data')
  truncateSync(data?.path ?? '', PIECE)
  await expect(send(await start(home), what)).rejects.toMatchObject({ code: 'model-invalid', where: data?.path })
})

describe('an answer about other files is the worker’s mistake:', () => {
  const answering = (result: unknown): Worker => ({
    engine: 'lab7',
    // What a worker says is not checked against what it was asked until here.
    call: async () => ({ result, tensors: {} }) as never,
  })
  test.each([
    ['nothing', { path: null, missing: [] }, 'has not got the files, and misses none of them'],
    ['a stranger', { path: null, missing: [{ name: 'a', from: 0 }] }, 'misses "a", which it was not told of'],
    ['too much', { path: null, missing: [{ name: 'model.onnx', from: 6 }] }, 'has 6 bytes of model.onnx, which has 5'],
  ])('%s', async (_, result, message) => {
    await expect(send(answering(result), parcel())).rejects.toMatchObject({
      code: 'protocol-invalid',
      message: `the lab7 worker ${message}`,
    })
  })
})

test('what another host began anew of a file that is whole already does not stay', async () => {
  const [home, what] = [temporaryDirectory(), parcel()]
  const folder = await send(await start(home), what)
  writeFileSync(join(folder, 'model.onnx.part'), 'begun anew')
  expect(await send(await start(home), what)).toBe(folder)
  expect(readdirSync(folder).toSorted()).toEqual(['empty.txt', 'model.onnx', 'model.onnx.data'])
})
