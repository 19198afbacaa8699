/** The browser that is installed here. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { WorkerError } from '../../protocol/failure.ts'

/** What Chromium, Chrome and Edge are called on a path. Others have no WebGPU that a program can drive so. */
const NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'microsoft-edge',
  'msedge',
]

/** Where their installers put them, where that is on no path. */
const USUAL: Partial<Record<NodeJS.Platform, (env: NodeJS.ProcessEnv) => string[]>> = {
  linux: () => [
    '/usr/bin/chromium',
    '/snap/bin/chromium',
    '/opt/google/chrome/chrome',
    '/opt/microsoft/msedge/microsoft-edge',
  ],
  darwin: ({ HOME = '' }) =>
    ['', HOME].flatMap(root =>
      ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
        name => `${root}/Applications/${name}.app/Contents/MacOS/${name}`,
      ),
    ),
  win32: env =>
    [env['PROGRAMFILES'], env['PROGRAMFILES(X86)'], env['LOCALAPPDATA']]
      .filter(root => root !== undefined)
      .flatMap(root => [
        `${root}\\Google\\Chrome\\Application\\chrome.exe`,
        `${root}\\Chromium\\Application\\chrome.exe`,
        `${root}\\Microsoft\\Edge\\Application\\msedge.exe`,
      ]),
}

const INSTALL: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'apt-get install chromium',
  darwin: 'brew install --cask chromium',
  win32: 'winget install Google.Chrome',
}

/**
 * The program of a Chromium, Chrome or Edge: the one that ASSAY_BROWSER names, else the first on the path, else where they
 * usually are. @throws WorkerError `unsupported`, with how to get one
 */
export function findBrowser(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  const named = env['ASSAY_BROWSER']
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named
    throw new WorkerError('unsupported', `there is no browser at ${named}, which ASSAY_BROWSER names`)
  }
  const ending = platform === 'win32' ? '.exe' : ''
  const folders = (env['PATH'] ?? '').split(delimiter).filter(folder => folder !== '')
  const found = [
    ...NAMES.flatMap(name => folders.map(folder => join(folder, `${name}${ending}`))),
    ...(USUAL[platform]?.(env) ?? []),
  ].find(path => existsSync(path))
  if (found !== undefined) return found
  const install = INSTALL[platform]
  const how = install === undefined ? '' : `${install}, or `
  throw new WorkerError('unsupported', `no Chromium, Chrome or Edge is installed here: ${how}name one in ASSAY_BROWSER`)
}
