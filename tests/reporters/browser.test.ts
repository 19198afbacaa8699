/** The HTML report in a real browser without a network: what a customer sees on a desk and on a phone, by day and by night. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resultOf } from '../../src/events/document.ts'
import { REPORTERS } from '../../src/reporters/index.ts'
import { log, UNITS } from './fixture.ts'
import { imagesDocument } from './images.ts'
import {
  announcePrint,
  background,
  boxStrokes,
  focusedText,
  leastContrast,
  matrixTexts,
  openAllDetails,
  pageWidth,
  unreachableScrollers,
} from './in-page.js'

const USUAL = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]
const executablePath = [process.env['ASSAY_BROWSER'], ...USUAL].find(path => path !== undefined && existsSync(path))
const why = executablePath === undefined ? ' (skipped: no Chromium here; name one in ASSAY_BROWSER)' : ''

describe.skipIf(executablePath === undefined)(`the HTML report in a browser${why}`, { timeout: 60_000 }, () => {
  let directory = ''
  let url = ''
  let imagesUrl = ''
  let browser: Browser

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'assay-browser-'))
    const result = resultOf(log())
    if (result === null || executablePath === undefined) throw new Error('nothing to show, or nothing to show it in')
    const path = join(directory, 'report.html')
    writeFileSync(path, REPORTERS.html.render(result))
    url = pathToFileURL(path).href
    const images = join(directory, 'images.html')
    writeFileSync(images, REPORTERS.html.render(imagesDocument()))
    imagesUrl = pathToFileURL(images).href
    browser = await chromium.launch({
      executablePath,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    })
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    rmSync(directory, { recursive: true })
  })

  /** Opens the report, and fails where the page complains or asks for anything but itself. */
  async function open(
    scheme: 'light' | 'dark',
    width: number,
    use: (page: Page) => Promise<void>,
    from = url,
  ): Promise<void> {
    const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height: 900 }, offline: true })
    try {
      const page = await context.newPage()
      const complaints: string[] = []
      const requests: string[] = []
      page.on('console', message => complaints.push(message.text()))
      page.on('pageerror', error => complaints.push(error.message))
      page.on('request', request => requests.push(request.url()))
      await page.goto(from)
      await use(page)
      expect(complaints).toEqual([])
      // A link within the page asks for the page again.
      expect(
        requests
          .map(request => request.replace(/#.*/, ''))
          .filter(request => request !== from && !request.startsWith('data:')),
      ).toEqual([])
    } finally {
      await context.close()
    }
  }

  test('shows each verdict in the matrix, and leads from there to the unit', () =>
    open('light', 1280, async page => {
      expect(await page.evaluate(matrixTexts)).toEqual([
        ['zoo/llama', '✓ pass', '✓ pass', '✗ fail', '✓ pass', '○ skip', '✗ fail'],
        ['arch/llama@1b', '? inconclusive', '–', '–', '! error', '–', '–'],
      ])
      const { model, device, precision } = UNITS.crashed
      await page.getByRole('link', { name: `${model} on ${device} in ${precision}: error` }).click()
      const target = page.locator('article:target')
      await target.waitFor()
      expect(await target.locator('h3').textContent()).toBe(`${model} on ${device} in ${precision}`)
      expect((await target.boundingBox())?.y).toBeLessThan(900)
    }))

  test.each(['light', 'dark'] as const)('is legible in the %s scheme, and the button changes to the other', scheme =>
    open(scheme, 1280, async page => {
      await page.evaluate(openAllDetails)
      const first = await page.evaluate(leastContrast)
      expect(first.ratio, first.text).toBeGreaterThanOrEqual(4.5)
      const before = await page.evaluate(background)
      await page.getByRole('button', { name: scheme === 'light' ? 'Dark theme' : 'Light theme' }).press('Enter')
      expect(await page.evaluate(background)).not.toBe(before)
      const second = await page.evaluate(leastContrast)
      expect(second.ratio, second.text).toBeGreaterThanOrEqual(4.5)
    }),
  )

  test.each([400, 768, 1280])('does not overflow a window of %d px, opened details included', width =>
    open('light', width, async page => {
      await page.evaluate(openAllDetails)
      expect(await page.evaluate(pageWidth)).toBe(width)
    }),
  )

  test('can be read without a pointer: wide tables and details are reached by keyboard, and charts have names', () =>
    open('light', 400, async page => {
      expect(await page.evaluate(unreachableScrollers)).toEqual([])
      await page.keyboard.press('Tab')
      expect(await page.evaluate(focusedText)).toBe('Skip to the verdicts')
      const charts = page.getByRole('img')
      expect(await charts.count()).toBeGreaterThan(10)
      for (const chart of await charts.all()) expect(await chart.getAttribute('aria-label')).toBeTruthy()
    }))

  test('shows where throughput saturates, what the model wrote instead, and what a point says', () =>
    open('light', 1280, async page => {
      expect(await page.getByText('saturates at 16').count()).toBe(1)
      expect(await page.locator('mark').allTextContents()).toEqual(['six six six six'])
      expect(await page.locator('.token.differs').allTextContents()).toEqual([' seven', '⟨2⟩', ' six'])
      expect(await page.locator('.side-by-side .focus').allTextContents()).toEqual(['2', ' seven', ' six'])
      expect(await page.locator('.candidates tr', { hasText: 'seven' }).textContent()).toBe(' seven97.1 % ← chosen21 %')
      expect(await page.getByText('reference chose “ seven” (97.1 %), device chose “ six” (60.2 %).').count()).toBe(1)
      expect(await page.locator('article .chart title', { hasText: 'batch 16: 5,133 tokens/s' }).count()).toBe(1)
    }))

  test('is printed on white with all details open', () =>
    open('dark', 1280, async page => {
      await page.emulateMedia({ media: 'print' })
      await page.evaluate(announcePrint)
      expect(await page.locator('details:not([open])').count()).toBe(0)
      expect(await page.evaluate(background)).toBe('rgb(255, 255, 255)')
      const { ratio, text } = await page.evaluate(leastContrast)
      expect(ratio, text).toBeGreaterThanOrEqual(4.5)
    }))

  test.each(['light', 'dark'] as const)(
    'shows images with their boxes, legible in the %s scheme and on a phone',
    scheme =>
      open(
        scheme,
        400,
        async page => {
          await page.evaluate(openAllDetails)
          expect(await page.evaluate(pageWidth)).toBe(400)
          const { ratio, text } = await page.evaluate(leastContrast)
          expect(ratio, text).toBeGreaterThanOrEqual(4.5)
          expect(await page.getByRole('img', { name: /^image of / }).count()).toBe(3)
          const strokes = await page.locator('.photo .box .line').evaluateAll(boxStrokes)
          // Truth, reference and device: no two have the same width and dashes, whatever their colours.
          expect(new Set(strokes.slice(0, 1).concat(strokes[2] ?? '', strokes[4] ?? '')).size).toBe(3)
        },
        imagesUrl,
      ),
  )
})
