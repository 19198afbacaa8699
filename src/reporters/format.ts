/** Numbers as a person reads them: in a unit, with at most four significant digits. Every report uses these. */
import { metricOf } from '../benchmarks/index.ts'
import type { Threshold } from '../events/result.ts'

export const NOTHING = '–'

/** A thin grouping of thousands that survives copying into a spreadsheet. */
const group = (digits: string): string => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',')

/** At most `digits` significant digits, without trailing zeros: 0.1235, 12,350, 1.2e-7. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return NOTHING
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '-∞'
  if (value === 0) return '0'
  const rounded = Number(value.toPrecision(digits))
  const magnitude = Math.abs(rounded)
  if (magnitude < 1e-3 || magnitude >= 1e9) return rounded.toExponential().replace('e+', 'e')
  const [whole = '', fraction] = String(rounded).split('.')
  return fraction === undefined ? group(whole) : `${group(whole)}.${fraction}`
}

/**
 * The numbers of a table's column, so that their decimal points stand below each other: as many decimals as give the
 * largest four significant digits, or each number on its own where the smallest would lose itself.
 */
export function formatColumn(values: readonly (number | null | undefined)[]): string[] {
  const magnitudes = values.filter(
    value => value !== null && value !== undefined && Number.isFinite(value) && value !== 0,
  )
  const powers = magnitudes.map(value => Math.floor(Math.log10(Math.abs(Number((value ?? 0).toPrecision(4))))))
  const decimals = Math.max(0, 3 - Math.max(...powers))
  const isEven = powers.length > 0 && Math.max(...powers) < 6 && decimals + Math.min(...powers) >= 1
  return values.map(value => {
    if (value === null || value === undefined || !isEven) return formatNumber(value)
    const [whole = '', fraction] = Number(value.toPrecision(4)).toFixed(decimals).split('.')
    return fraction === undefined ? group(whole) : `${group(whole)}.${fraction}`
  })
}

/** A whole number in full: counts are exact, so none of their digits is noise. */
export function formatCount(value: number): string {
  return group(String(value))
}

/** `1 unit`, `2 units`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

export function formatBytes(bytes: number | null | undefined): string {
  return scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB'])
}

/** 1,240 as 1.24 k, 7.5e9 as 7.5 B: how many parameters a model has. */
export function formatParameters(count: number | null | undefined): string {
  return scaled(count, 1000, ['', 'K', 'M', 'B', 'T'], '')
}

function scaled(value: number | null | undefined, base: number, units: readonly string[], gap = ' '): string {
  if (value === null || value === undefined) return NOTHING
  let power = 0
  while (power < units.length - 1 && Math.abs(value) / base ** power >= base - 0.5) power++
  const shown = value / base ** power
  return `${formatNumber(shown, Math.abs(shown) < 1000 ? 3 : 4)}${gap}${units[power]}`.trimEnd()
}

/** A span of time in the unit that suits it: 0.84 ms, 12.3 s, 2 min 5 s, 3 h 2 min. */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NOTHING
  if (ms < 1000) return `${formatNumber(ms, 3)} ms`
  if (ms < 59_950) return `${formatNumber(ms / 1000, 3)} s`
  const seconds = Math.round(ms / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${seconds % 60} s`
}

export function formatShare(share: number | null | undefined): string {
  return share === null || share === undefined ? NOTHING : `${formatNumber(share * 100, 3)} %`
}

/** Suffixes of metric names that give their unit, as docs/metrics.md names them. */
const SUFFIXES: readonly (readonly [RegExp, string, (value: number | null | undefined) => string])[] = [
  [/Bytes$/, '', formatBytes],
  [/Share$/, '', formatShare],
  [/Ms$/, 'ms', formatNumber],
  [/Db$/, 'dB', formatNumber],
  [/Nats(Mean|Max)?$/, 'nats', formatNumber],
  [/Joules$/, 'J', formatNumber],
  [/Watts$/, 'W', formatNumber],
  [/Percent$/, '%', formatNumber],
]

/** `prefillTokensPerSecond`, `tokensPerSecondPerUser`: tokens/s, the word before it; null for what is no rate. */
function rateUnit(name: string): string | null {
  const [, counted] = /([A-Z]?[a-z]+)PerSecond(?:PerUser)?$/.exec(name) ?? []
  return counted === undefined ? null : `${counted.toLowerCase()}/s`
}

/** A metric's value with the unit that its name gives. */
export function formatMetric(name: string, value: number | null | undefined): string {
  if (value === null || value === undefined) return NOTHING
  // `ttftMs.p50` has the unit of `ttftMs`.
  const [base = name] = name.split('.')
  const rate = rateUnit(base)
  const [, unit, format] = SUFFIXES.find(([pattern]) => pattern.test(base)) ?? [undefined, '', formatNearOne]
  if (rate !== null) return `${formatNumber(value)} ${rate}`
  return unit === '' ? format(value) : `${format(value)} ${unit}`
}

/** The unit of a metric's bare value, by its name; '' for a plain number or a share of 1. */
export function metricUnit(name: string): string {
  const [base = name] = name.split('.')
  const [, unit] = SUFFIXES.find(([pattern]) => pattern.test(base)) ?? [undefined, rateUnit(base) ?? '']
  return base.endsWith('Bytes') ? 'B' : unit
}

/** Shares and cosines that are not quite one, which four digits would hide: 1 − 3e-7. */
function formatNearOne(value: number | null | undefined): string {
  const text = formatNumber(value)
  if (text !== '1' || value === 1 || value === null || value === undefined) return text
  return `1 ${value < 1 ? '−' : '+'} ${formatNumber(Math.abs(value - 1), 2)}`
}

/** Names that the field writes its own way. */
const LABELS: Readonly<Record<string, string>> = {
  maxAbs: 'max abs error',
  meanAbs: 'mean abs error',
  relL2: 'relative L2 error',
  positionRelL2: 'relative L2 error, worst position',
  klNatsMean: 'KL divergence, mean',
  klNatsMax: 'KL divergence, worst position',
  flips: 'top-1 flips',
  topkMin: 'top-10 overlap, worst position',
  nonFinite: 'NaN or Inf',
  snrDb: 'SNR',
  top1: 'top-1 agreement',
  topk: 'top-10 overlap',
  peakMemoryBytes: 'peak memory',
  peakMemoryShare: 'peak memory share',
  outsideDeviceShare: 'outside the device',
}

/** A metric's name as words: `prefillMs` is `prefill`, and the unit goes with the value. */
export function metricLabel(name: string): string {
  const known = LABELS[name] ?? metricOf(name)?.label
  if (known !== undefined) return known
  const [base, ...quantile] = name.split('.')
  if (quantile.length > 0 && base !== undefined) return `${metricLabel(base)} ${quantile.join('.')}`
  return name
    .replace(/(Bytes|Ms|Db|Nats)$/, '')
    .replace(/Watts$/, 'Power')
    .replace(/Joules$/, 'Energy')
    .replace(/Percent$/, 'Use')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
}

const COMPARISONS = { 'at-most': '≤', 'at-least': '≥', equal: '=' } as const

/** `≤ 0.5 nats`. */
export function formatThreshold(name: string, { limit, comparison }: Pick<Threshold, 'limit' | 'comparison'>): string {
  return `${COMPARISONS[comparison]} ${formatMetric(name, limit)}`
}

/** Whether a value meets a threshold; null where there is no value. */
export function meets(
  value: number | null | undefined,
  threshold: Pick<Threshold, 'limit' | 'comparison'>,
): boolean | null {
  if (value === null || value === undefined) return null
  switch (threshold.comparison) {
    case 'at-most':
      return value <= threshold.limit
    case 'at-least':
      return value >= threshold.limit
    case 'equal':
      return value === threshold.limit
  }
}

/** A measured value beside its limit; where rounding would show the two as one, the side on which it lies. */
export function formatMeasured(
  name: string,
  value: number | null | undefined,
  threshold: Pick<Threshold, 'limit' | 'comparison'>,
): string {
  const text = formatMetric(name, value)
  if (value === null || value === undefined || value === threshold.limit) return text
  if (text !== formatMetric(name, threshold.limit)) return text
  return `just ${value < threshold.limit ? 'under' : 'over'} ${text}`
}
