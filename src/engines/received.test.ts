import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { METHODS } from '../protocol/messages.ts'
import { type TensorData, tensorOf } from '../tensor.ts'
import type { Turn } from './engine.ts'
import { receivedFiles } from './received.ts'

const TURN: Turn = { isInterrupted: () => false, progress: () => undefined }
const KEY = '0af3'
const CONTENT = Buffer.from('the quick brown fox')
const fox = file('fox.txt', CONTENT)

function file(name: string, content: Buffer) {
  return { name, size: content.length, sha256: createHash('sha256').update(content).digest('hex') }
}

function site() {
  const home = temporaryDirectory()
  const received = receivedFiles(home)
  return {
    home,
    folder: join(home, 'received', KEY),
    ask: async (...files: readonly (typeof fox)[]) =>
      (await received.artifact({ key: KEY, files: [...files] }, {}, TURN)).result,
    write: (name: string, from: number, bytes: Uint8Array) =>
      received.write({ key: KEY, name, from }, { bytes: tensorOf([bytes.length], bytes) }),
    received,
  }
}

test('what is written in pieces is whole once its checksum is right, and stays where it is', async () => {
  const { ask, write, folder } = site()
  expect(await ask(fox)).toEqual({ path: null, missing: [{ name: 'fox.txt', from: 0 }] })
  await write('fox.txt', 0, CONTENT.subarray(0, 7))
  expect(await ask(fox)).toEqual({ path: null, missing: [{ name: 'fox.txt', from: 7 }] })
  expect(existsSync(join(folder, 'fox.txt'))).toBe(false)
  await write('fox.txt', 7, CONTENT.subarray(7))
  expect(existsSync(join(folder, 'fox.txt'))).toBe(false) // whole in size, and not yet looked at
  expect(await ask(fox)).toEqual({ path: folder, missing: [] })
  expect(readFileSync(join(folder, 'fox.txt'))).toEqual(CONTENT)
  expect(readdirSync(folder)).toEqual(['fox.txt'])
  const { mtimeNs } = statSync(join(folder, 'fox.txt'), { bigint: true })
  expect(await ask(fox)).toEqual({ path: folder, missing: [] })
  expect(statSync(join(folder, 'fox.txt'), { bigint: true }).mtimeNs).toBe(mtimeNs)
})

test('files in folders, and empty ones, are files too', async () => {
  const { ask, write, folder } = site()
  const [deep, empty] = [file('onnx/w/part.bin', CONTENT), file('empty', Buffer.alloc(0))]
  expect((await ask(deep, empty)).missing).toEqual([
    { name: deep.name, from: 0 },
    { name: 'empty', from: 0 },
  ])
  await write(deep.name, 0, CONTENT)
  await write('empty', 0, Buffer.alloc(0))
  expect(await ask(deep, empty)).toEqual({ path: folder, missing: [] })
  expect(readFileSync(join(folder, 'onnx', 'w', 'part.bin'))).toEqual(CONTENT)
})

describe('a file that is not what it should be is deleted, and wanted from its first byte:', () => {
  const spoiled = Buffer.from(CONTENT)
  spoiled[3] = 0
  test.each([
    ['of the right size with other bytes', 'fox.txt', spoiled],
    ['too short', 'fox.txt', CONTENT.subarray(0, 5)],
    ['too long', 'fox.txt', Buffer.concat([CONTENT, CONTENT])],
    ['in transit, of the right size with other bytes', 'fox.txt.part', spoiled],
    ['in transit, too long', 'fox.txt.part', Buffer.concat([CONTENT, CONTENT])],
  ])('%s', async (_, name, content) => {
    const { ask, folder } = site()
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, name), content)
    expect(await ask(fox)).toEqual({ path: null, missing: [{ name: 'fox.txt', from: 0 }] })
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('refused:', () => {
  test('a piece that does not begin where the file ends, which is left as it was', async () => {
    const { write, folder } = site()
    await write('fox.txt', 0, CONTENT.subarray(0, 7))
    for (const from of [0, 6, 8])
      await expect(write('fox.txt', from, CONTENT)).rejects.toMatchObject({
        code: 'invalid-request',
        message: expect.stringContaining('7 bytes of '),
      })
    expect(readFileSync(join(folder, 'fox.txt.part'), 'utf8')).toBe('the qui')
  })

  test.each<[string, Record<string, TensorData>]>([
    ['no tensor', {}],
    ['another type', { bytes: tensorOf([1], Float32Array.of(1)) }],
    ['another rank', { bytes: tensorOf([1, 1], Uint8Array.of(1)) }],
  ])('a write with %s', async (_, tensors) => {
    const { received } = site()
    await expect(received.write({ key: KEY, name: 'fox.txt', from: 0 }, tensors)).rejects.toMatchObject({
      code: 'invalid-request',
    })
  })

  test.each(['fox.txt', 'fox.txt.part'])('files that clash: %s', async name => {
    await expect(site().ask(fox, { ...fox, name })).rejects.toMatchObject({ code: 'invalid-request' })
  })

  test.each(['../fox', '/etc/passwd', 'a/../../fox', '..', '.', '', 'a//b', 'a/', 'a\\..\\b', 'C:fox', 'fox\0'])(
    'the name %j, which could lead out of the folder',
    name => {
      expect(METHODS.write.params.safeParse({ key: KEY, name, from: 0 }).success).toBe(false)
      expect(METHODS.artifact.params.safeParse({ key: KEY, files: [{ ...fox, name }] }).success).toBe(false)
      expect(METHODS.write.params.safeParse({ key: KEY, name: 'a/fox.txt', from: 0 }).success).toBe(true)
    },
  )

  test.each(['', '..', 'a/b', 'A', 'a'.repeat(129)])('the key %j', key => {
    expect(METHODS.write.params.safeParse({ key, name: 'fox', from: 0 }).success).toBe(false)
    expect(METHODS.artifact.params.safeParse({ key, files: [fox] }).success).toBe(false)
  })
})

test('more than the disk has room for is refused before anything comes, with the figures', async () => {
  const huge = { ...fox, size: 2 ** 50 }
  await expect(site().ask(huge)).rejects.toMatchObject({
    code: 'failed',
    message: expect.stringMatching(/^the disk of .* has [\d.]+ MiB free, and 1073741824\.0 MiB have to go there/),
  })
})

test.skipIf(process.platform !== 'linux')(
  'a disk that is full in mid-file: an error, and nothing of the file stays',
  async () => {
    const { write, folder } = site()
    mkdirSync(folder, { recursive: true })
    symlinkSync('/dev/full', join(folder, 'fox.txt.part')) // full(4): every write fails with ENOSPC
    await expect(write('fox.txt', 0, CONTENT)).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringMatching(
        /^the disk is full: 0\.0 MiB of .*fox\.txt\.part do not fit, with [\d.]+ MiB free/,
      ),
    })
    expect(readdirSync(folder)).toEqual([])
  },
)

test('an interrupt is heeded between two files', async () => {
  const { received } = site()
  const turn: Turn = { isInterrupted: () => true, progress: () => undefined }
  await expect(received.artifact({ key: KEY, files: [fox] }, {}, turn)).rejects.toMatchObject({ code: 'interrupted' })
})
