/** The real binary as a child process, with a home and a working directory of its own. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { temporaryDirectory } from '../temporary.ts'

export const ROOT = resolve(import.meta.dirname, '..', '..')
const MAIN = join(ROOT, 'src', 'cli', 'main.ts')

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Where commands of one test run: nothing of the developer's own is seen or touched. */
export interface Site {
  readonly cwd: string
  readonly home: string
  /** Everything that commands have left behind. */
  written(): string[]
  assay(...words: string[]): Promise<Finished>
  start(...words: string[]): Running
}

export interface Running {
  readonly pid: number
  readonly finished: Promise<Finished>
  /** Resolves once standard error has said it. */
  says(text: string): Promise<void>
  kill(signal: NodeJS.Signals): void
}

export function newSite(): Site {
  const folder = temporaryDirectory()
  const [cwd, home] = [join(folder, 'cwd'), join(folder, 'home')]
  mkdirSync(cwd)
  const list = (path: string) => (existsSync(path) ? readdirSync(path, { recursive: true }).map(String) : [])
  const start = (...words: string[]) => launch([MAIN, ...words], cwd, home)
  return {
    cwd,
    home,
    written: () => [...list(cwd), ...(existsSync(home) ? ['home', ...list(home)] : [])],
    start,
    assay: (...words) => start(...words).finished,
  }
}

/** A workload small enough to be no part of a test's time: prompts.json and text.txt. */
export function writeWorkload(cwd: string): void {
  const prompts = [{ id: 'france', text: 'The capital of France is', answer: 'Paris' }]
  writeFileSync(join(cwd, 'prompts.json'), JSON.stringify({ prompts }))
  writeFileSync(join(cwd, 'text.txt'), 'The capital of France is Paris. 2 + 2 = 4.')
}

/** Starts Node with these words; without the developer's own settings of colours and locale. */
export function launch(words: readonly string[], cwd: string, home: string): Running {
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const env = { PATH, NODE_COMPILE_CACHE, HOME: home, ASSAY_HOME: home, LANG: 'C.UTF-8' }
  const child = spawn(process.execPath, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const finished = new Promise<Finished>((done, failed) => {
    child.on('error', failed)
    child.on('close', (code, signal) => done({ code, signal, stdout, stderr }))
  })
  return {
    pid: child.pid ?? 0,
    finished,
    says: text =>
      new Promise((heard, failed) => {
        const listen = () => {
          if (stderr.includes(text)) heard()
        }
        child.stderr.on('data', listen)
        listen()
        void finished.then(() => failed(new Error(`it ended without saying ${JSON.stringify(text)}:\n${stderr}`)))
      }),
    kill: signal => {
      child.kill(signal)
    },
  }
}
