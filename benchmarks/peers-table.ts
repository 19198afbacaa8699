/** The rows of peers.ts, what they should show, and both as text. Pure. */
import type { Divergence } from './peers-errors.ts'
import type { RuntimeName } from './runtimes.ts'

/** Medians in ms of the prefill pass and of one decode step. */
export interface RowSpeed {
  readonly prefillMs: number
  readonly decodeMs: number
  /** How many of the greedy tokens are torch's; null where torch did not run. */
  readonly tokensAsTorch: number | null
}

/** Against the same runtime's fp32, and against torch's; null where that did not run, or is the row itself. */
export interface RowError {
  readonly own: Divergence | null
  readonly torch: Divergence | null
  readonly perplexity: number
}

export interface Row {
  readonly runtime: RuntimeName
  readonly precision: string
  /** The precision of Assay's that it stands beside. */
  readonly beside: string
  readonly batch: number
  readonly speed: RowSpeed | null
  readonly error: RowError | null
}

export interface Target {
  readonly claim: string
  readonly measured: number | null
  readonly bound: { readonly atLeast: number } | { readonly atMost: number }
}

type Times = 'prefillMs' | 'decodeMs'

export function tokensPerSecond({ speed, batch }: Row): number | null {
  return speed && (1000 * batch) / speed.decodeMs
}

/** How many times as long the row takes as Assay in the precision that it stands beside. */
function timesAssay(rows: readonly Row[], row: Row, time: Times): number | null {
  const own = find(rows, 'assay', row.beside)
  return row.speed && own?.speed && row.runtime !== 'assay' ? row.speed[time] / own.speed[time] : null
}

function find(rows: readonly Row[], runtime: RuntimeName, precision: string, batch = 1): Row | undefined {
  return rows.find(row => row.runtime === runtime && row.precision === precision && row.batch === batch)
}

/** Which ratios are asked for, and what was measured: the list, with each peer's time over Assay's. */
export function targetsOf(rows: readonly Row[]): Target[] {
  const speed = (own: string, time: Times, runtime: RuntimeName, precision: string, atLeast: number): Target => {
    const row = find(rows, runtime, precision)
    const claim = `${own} ${time === 'prefillMs' ? 'prefill' : 'decode'}, times as fast as ${runtime} ${precision}`
    return { claim, measured: row ? timesAssay(rows, row, time) : null, bound: { atLeast } }
  }
  const error = (precision: string, type: string): Target => {
    const own = find(rows, 'assay', precision)?.error?.own
    const theirs = find(rows, 'llama.cpp', type)?.error?.own
    const measured = own && theirs ? own.kl / theirs.kl : null
    return { claim: `${precision} KL against own fp32, over llama.cpp ${type}'s`, measured, bound: { atMost: 1 } }
  }
  const [one, four] = [1, 4].map(batch => {
    const row = find(rows, 'assay', 'fp32', batch)
    return row ? tokensPerSecond(row) : null
  })
  return [
    speed('fp32', 'prefillMs', 'torch', 'fp32', 1.3),
    speed('fp32', 'prefillMs', 'llama.cpp', 'F32', 2),
    speed('fp32', 'decodeMs', 'llama.cpp', 'F32', 1),
    speed('fp32', 'decodeMs', 'genai', 'fp32', 1.3),
    speed('int8', 'prefillMs', 'llama.cpp', 'Q8_0', 1),
    speed('int8', 'decodeMs', 'llama.cpp', 'Q8_0', 1.2),
    error('int8', 'Q8_0'),
    speed('int4', 'prefillMs', 'llama.cpp', 'Q4_1', 1),
    speed('int4', 'decodeMs', 'llama.cpp', 'Q4_1', 1.3),
    error('int4', 'Q4_1'),
    {
      claim: 'fp32 tokens/s of batch 4 over batch 1',
      measured: one && four ? four / one : null,
      bound: { atLeast: 2.5 },
    },
  ]
}

/** Null where it was not measured. */
export function isMet({ measured, bound }: Target): boolean | null {
  if (measured === null) return null
  return 'atLeast' in bound ? measured >= bound.atLeast : measured <= bound.atMost
}

const number = (value: number | null | undefined, digits = 3) =>
  value === null || value === undefined ? '' : value >= 1000 ? value.toFixed(0) : value.toPrecision(digits)
const small = (value: number | undefined) => (value === undefined ? '' : value.toExponential(3))

export function renderRows(rows: readonly Row[], tokens: number): string {
  const heads = ['runtime', 'precision', 'batch', 'prefill ms', 'decode ms', 'tokens/s', 'x Assay', 'x Assay']
  const errorHeads = ['KL own fp32', 'KL torch fp32', 'top-1', 'perplexity', 'tokens as torch']
  const lines = rows.map(row => [
    row.runtime,
    row.precision,
    String(row.batch),
    number(row.speed?.prefillMs),
    number(row.speed?.decodeMs),
    number(tokensPerSecond(row)),
    number(timesAssay(rows, row, 'prefillMs')),
    number(timesAssay(rows, row, 'decodeMs')),
    small(row.error?.own?.kl),
    small(row.error?.torch?.kl),
    number(row.error?.torch?.top1, 4),
    number(row.error?.perplexity, 6),
    row.speed?.tokensAsTorch == null ? '' : `${row.speed.tokensAsTorch} of ${tokens}`,
  ])
  return columns([[...heads, ...errorHeads], ['', '', '', '', '', '', 'prefill', 'decode'], ...lines])
}

export function renderTargets(targets: readonly Target[]): string {
  const words = { true: 'yes', false: 'NO', null: '' }
  const lines = targets.map(target => [
    target.claim,
    target.measured === null ? 'not measured' : number(target.measured),
    'atLeast' in target.bound ? `>= ${target.bound.atLeast}` : `<= ${target.bound.atMost}`,
    words[`${isMet(target)}`],
  ])
  return columns([['target', 'measured', 'wanted', 'met'], ...lines])
}

function columns(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, at) => Math.max(...lines.map(line => line[at]?.length ?? 0)))
  return lines
    .map(line =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
