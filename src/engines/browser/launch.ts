/** Starts the browser: without a window, with a profile of its own, and with a keeper that ends it if this process cannot. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { type Browser, chromium } from 'playwright-core'
import { z } from 'zod'
import { WorkerError } from '../../protocol/failure.ts'

/** A cold disk; more than this is a hang. */
const LAUNCH_MS = 60_000

export interface BrowserProcess {
  readonly browser: Browser
  /** Its processes that hold models now: the pages' and the GPU's. */
  processes(): Promise<number[]>
}

const Processes = z.object({ processInfo: z.array(z.object({ type: z.string(), id: z.int().positive() })) })

/** @throws WorkerError `unsupported` for a program that is no such browser, or does not start here */
export async function launchBrowser(executablePath: string): Promise<BrowserProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'assay-browser-'))
  const tell = startKeeper(folder)
  const browser = await launch(executablePath, folder)
  const session = await browser.newBrowserCDPSession()
  const list = async () => Processes.parse(await session.send('SystemInfo.getProcessInfo')).processInfo
  const own = (await list()).find(({ type }) => type === 'browser')?.id
  if (own === undefined) throw new Error('the browser names no process of its own')
  tell(own)
  browser.on('disconnected', () => tell(0))
  const processes = async () => (await list()).filter(({ type }) => /renderer|GPU/i.test(type)).map(({ id }) => id)
  return { browser, processes }
}

async function launch(executablePath: string, folder: string): Promise<Browser> {
  // Playwright and the browser make their folders where this says, crash reports and all; the keeper removes them.
  const temporary = join(folder, 'tmp')
  mkdirSync(temporary)
  process.env['TMPDIR'] = temporary
  try {
    return await chromium.launch({
      executablePath,
      headless: true,
      timeout: LAUNCH_MS,
      args: [...GPU_ARGUMENTS, ...(process.platform === 'linux' && !gpuExists() ? SOFTWARE_GPU : [])],
      env: { ...process.env, TMPDIR: temporary, XDG_CONFIG_HOME: temporary, XDG_CACHE_HOME: temporary },
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new WorkerError('unsupported', `the browser at ${executablePath} does not start: ${lastWords(reason)}`)
  }
}

/** WebGPU on Linux is behind a flag, and on Vulkan: https://developer.chrome.com/docs/web-platform/webgpu/troubleshooting-tips */
const GPU_ARGUMENTS = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan,WebMachineLearningNeuralNetwork',
  '--ignore-gpu-blocklist',
]
/** Chromium's own driver, which computes on the CPU. */
const SOFTWARE_GPU = ['--use-webgpu-adapter=swiftshader']

function gpuExists(): boolean {
  return existsSync('/dev/dri') || existsSync('/dev/nvidia0') || existsSync('/dev/dxg')
}

function startKeeper(folder: string): (browser: number) => void {
  const script = fileURLToPath(new URL(`./keeper${extname(import.meta.filename)}`, import.meta.url))
  // Out of this worker's group, with which it would be killed.
  const keeper = spawn(process.execPath, [script, folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  keeper.unref()
  keeper.stdin.on('error', () => undefined)
  return browser => keeper.stdin.write(`${browser}\n`)
}

/** Of playwright's account, what the browser itself said and how it ended; else its first line. */
function lastWords(account: string): string {
  const lines = stripVTControlCharacters(account).split('\n')
  const told = lines.flatMap(
    line => /\[pid=\d+\](?:\[err\] | <process did exit: )(.*?)>?$/.exec(line.trim())?.[1] ?? [],
  )
  return [...new Set(told)].slice(0, 3).join('; ') || (lines[0] ?? '')
}
