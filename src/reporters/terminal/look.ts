/** What a stream can show, and how verdicts look on it. */
import { stripVTControlCharacters } from 'node:util'
import pc from 'picocolors'
import type { Status } from '../../words.ts'

/** What the terminal reporter writes to: `process.stderr`, or anything like it. */
export interface OutputStream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>

type Colors = ReturnType<typeof pc.createColors>

export interface Look {
  readonly colors: Colors
  /** Whether lines may be drawn over. */
  readonly isLive: boolean
  readonly isUnicode: boolean
}

/** Piped output is wrapped for a reader of logs. */
const PIPED_WIDTH = 120

/** https://no-color.org, https://force-color.org; the first wins, since it is a wish and not a guess. */
export function lookOf(stream: OutputStream, env: Environment): Look {
  const isTerminal = stream.isTTY === true && env['TERM'] !== 'dumb'
  const forced = env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '' && env['FORCE_COLOR'] !== '0'
  const hasColors = !env['NO_COLOR'] && (forced || (isTerminal && env['FORCE_COLOR'] !== '0'))
  return { colors: pc.createColors(hasColors), isLive: isTerminal && !env['CI'], isUnicode: speaksUnicode(env) }
}

/** Read anew for each line, since a window is resized while a run goes on. */
export function widthOf(stream: OutputStream, given: number | undefined): number {
  return Math.max(40, given ?? stream.columns ?? PIPED_WIDTH)
}

function speaksUnicode(env: Environment): boolean {
  if (env['TERM'] === 'linux' || env['TERM'] === 'dumb') return false
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''
  return /utf-?8/i.test(locale) || env['WT_SESSION'] !== undefined || env['TERM_PROGRAM'] !== undefined
}

const SYMBOLS: Readonly<Record<Status, readonly [unicode: string, plain: string]>> = {
  pass: ['✓', '+'],
  fail: ['✗', 'x'],
  error: ['!', '!'],
  skip: ['○', '-'],
  inconclusive: ['?', '?'],
}

export function symbol(look: Look, status: Status): string {
  return paint(look, status, SYMBOLS[status][look.isUnicode ? 0 : 1])
}

export function paint({ colors }: Look, status: Status, text: string): string {
  switch (status) {
    case 'pass':
      return colors.green(text)
    case 'fail':
      return colors.red(text)
    case 'error':
      return colors.magenta(text)
    case 'skip':
      return colors.dim(text)
    case 'inconclusive':
      return colors.yellow(text)
  }
}

/** Text that came from a model, a device or a plan, without what would move a cursor or change a colour. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(/(?![\n\t])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '')
}

/** In plain ASCII where the terminal knows no more. */
export function legible(look: Look, text: string): string {
  if (look.isUnicode) return text
  return text.replace(/[−≤≥–·×…∞↓→─█░⚠]/g, character => ASCII[character] ?? '?')
}

const ASCII: Readonly<Record<string, string>> = {
  '≤': '<=',
  '≥': '>=',
  '−': '-',
  '–': '-',
  '·': '-',
  '×': 'x',
  '…': '...',
  '∞': 'inf',
  '↓': 'v',
  '→': '->',
  '─': '-',
  '█': '#',
  '░': '.',
  '⚠': '!',
}

/** How and how wide a text is to be. */
export interface View {
  readonly look: Look
  readonly width: number
}
