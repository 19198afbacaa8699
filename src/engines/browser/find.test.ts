import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findBrowser } from './find.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-find-'))
const named = join(folder, 'my-browser')
const chrome = join(folder, 'google-chrome')
for (const path of [named, chrome]) writeFileSync(path, '')
afterAll(() => rmSync(folder, { recursive: true }))

/** A platform whose usual places are empty here, whatever is installed. */
const elsewhere = 'freebsd'

test('the browser that ASSAY_BROWSER names comes before one on the path', () => {
  expect(findBrowser({ ASSAY_BROWSER: named, PATH: folder }, elsewhere)).toBe(named)
})

test('without a name, one on the path is found', () => {
  expect(findBrowser({ PATH: `/nowhere:${folder}` }, elsewhere)).toBe(chrome)
  expect(findBrowser({ ASSAY_BROWSER: '', PATH: folder }, elsewhere)).toBe(chrome)
})

test('a name that leads nowhere is said, and nothing else is taken in its place', () => {
  expect(() => findBrowser({ ASSAY_BROWSER: '/nowhere/chrome', PATH: folder }, elsewhere)).toThrow(
    'there is no browser at /nowhere/chrome, which ASSAY_BROWSER names',
  )
})

test('where there is none, it says how to get one, and that the device is not supported', () => {
  expect(() => findBrowser({ PATH: '' }, 'win32')).toThrow(
    expect.objectContaining({
      code: 'unsupported',
      message:
        'no Chromium, Chrome or Edge is installed here: winget install Google.Chrome, or name one in ASSAY_BROWSER',
    }),
  )
})
