import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../../tests/temporary.ts'
import { PageServer } from './server.ts'

const server = await PageServer.start()
const status = async (path: string) => (await fetch(new URL(path, server.url))).status

test('it listens on this machine alone, and what lies there is isolated', async () => {
  expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/)
  const { headers } = await fetch(`${server.url}page`)
  expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
  expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp')
})

test('who does not know the token gets nothing', async () => {
  const { origin } = new URL(server.url)
  for (const path of ['/', '/page', `/${'0'.repeat(32)}/page`]) expect((await fetch(origin + path)).status).toBe(404)
  expect(await status('page')).toBe(200)
})

test('modules come as scripts without types, and nothing but modules comes', async () => {
  const response = await fetch(`${server.url}sources/engines/browser/page/main.ts`)
  expect(response.headers.get('content-type')).toBe('text/javascript')
  const text = await response.text()
  expect(text).toContain('Object.assign(globalThis')
  expect(text).not.toContain('interface')
  for (const path of [
    'sources/',
    'sources/nothing.ts',
    'sources/..%2Fpackage.json',
    'sources/..%2f..%2fetc%2fpasswd',
    'runtime/..%2fpackage.json',
    'elsewhere/',
  ])
    expect(await status(path)).toBe(404)
  expect(await status('runtime/ort.wasm.min.mjs')).toBe(200)
})

test('a file is served under the name that it was offered by, until it is withdrawn', async () => {
  const path = join(temporaryDirectory(), 'weights')
  writeFileSync(path, Buffer.from([1, 2, 3]))
  const url = server.offer('model/weights-0', path)
  const response = await fetch(url)
  expect(response.headers.get('content-length')).toBe('3')
  expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([1, 2, 3])
  server.withdraw(['model/weights-0'])
  expect((await fetch(url)).status).toBe(404)
})

test('a call is fetched and answered once it is expected, and not after it is forgotten', async () => {
  const taken: Buffer[] = []
  const url = `${server.url}calls/5`
  expect((await fetch(url)).status).toBe(404)
  server.expect(5, [Uint8Array.of(1), Uint8Array.of(2, 3)], async body => {
    for await (const chunk of body) taken.push(chunk)
  })
  expect([...new Uint8Array(await (await fetch(url)).arrayBuffer())]).toEqual([1, 2, 3])
  expect((await fetch(url, { method: 'POST', body: 'answer' })).status).toBe(200)
  expect(Buffer.concat(taken).toString()).toBe('answer')
  server.forget(5)
  expect((await fetch(url)).status).toBe(404)
})
