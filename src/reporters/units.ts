/** What several reports say of a unit or a run, in words. */
import { kindOf } from '../benchmarks/index.ts'
import type { ResultDocument, UnitResult } from '../events/result.ts'
import type { Status } from '../words.ts'
import { formatNumber, plural } from './format.ts'

export const STATUSES: readonly Status[] = ['pass', 'fail', 'error', 'inconclusive', 'skip']

/** One sentence for somebody who has never seen a report of this kind. */
export const MEANINGS: Readonly<Record<Status, string>> = {
  pass: 'ran, and met every threshold',
  fail: 'ran, and is wrong or too slow',
  error: 'could not be run',
  skip: 'the device cannot do this, so nothing was judged',
  inconclusive: 'ran, but what was measured cannot tell right from wrong',
}

/** Whose fault an error is: `by fault of the device`. */
export const WHOSE = { device: 'the device', reference: 'the reference', assay: 'Assay' } as const

/** `zoo/llama on ort:cpu in fp16`. */
export function unitName(unit: Pick<UnitResult, 'model' | 'device' | 'precision'>): string {
  return `${unit.model} on ${unit.device} in ${unit.precision}`
}

/** The best throughput of each of a unit's benchmarks, `1,234 tokens/s`; null where none was measured. */
export function bestThroughput({ benchmarks }: UnitResult, digits?: number): string | null {
  const best = benchmarks.flatMap(({ name, points }) => {
    const { throughput, unit } = kindOf(name)
    const rate = Math.max(0, ...points.map(point => point.metrics[throughput]?.median ?? 0))
    return rate > 0 ? [`${formatNumber(rate, digits)} ${unit}`] : []
  })
  return best.length === 0 ? null : best.join(', ')
}

/** The verdict of a run as sentences, the worst first. */
export function headline(result: ResultDocument): string {
  const { counts } = result
  const judged = result.units.length - counts.skip
  const parts = [
    counts.error > 0 ? `${plural(counts.error, 'unit')} could not be run` : '',
    counts.fail > 0 ? `${plural(counts.fail, 'unit')} gave wrong results or missed a target` : '',
    counts.inconclusive > 0 ? `${plural(counts.inconclusive, 'unit')} could not be judged` : '',
    passed(counts.pass, judged),
    counts.skip > 0 ? `${plural(counts.skip, 'unit')} ${counts.skip === 1 ? 'was' : 'were'} skipped` : '',
  ].filter(part => part !== '')
  const unfinished = ' The run is not complete: units are missing, and the verdict is that of the rest.'
  const text = parts.join('; ')
  return `${text[0]?.toUpperCase()}${text.slice(1)}.${result.complete ? '' : unfinished}`
}

function passed(pass: number, judged: number): string {
  if (judged === 0) return 'no unit was judged'
  if (pass < judged) return `${pass} of ${plural(judged, 'unit')} met every threshold`
  return `${judged === 1 ? 'the one unit' : `all ${plural(judged, 'unit')}`} met every threshold`
}

/** Units that did not pass, the worst first. */
export function notPassed(result: ResultDocument): UnitResult[] {
  const order: readonly Status[] = ['error', 'fail', 'inconclusive', 'skip']
  return order.flatMap(status => result.units.filter(unit => unit.status === status))
}

/** `3 of 8 checks, 4 of 4 benchmark points passed`: what stands behind a unit's status. */
export function tally(unit: UnitResult): string {
  const points = unit.benchmarks.flatMap(benchmark => benchmark.points)
  const parts = [
    share(
      unit.checks.map(check => check.status),
      'check',
    ),
    share(
      points.map(point => point.status),
      'benchmark point',
    ),
  ].filter(part => part !== '')
  return parts.length === 0 ? 'nothing judged' : parts.join(', ')
}

function share(statuses: readonly Status[], noun: string): string {
  const judged = statuses.filter(status => status !== 'skip')
  if (judged.length === 0) return ''
  const passed = judged.filter(status => status === 'pass').length
  return passed === judged.length ? plural(passed, noun) : `${passed} of ${plural(judged.length, noun)}`
}

/** Passed, but only after an attempt that did not. */
export function isFlaky(unit: UnitResult): boolean {
  return unit.attempts > 1 && unit.status === 'pass'
}

/** What to do about a unit that did not pass; null where there is nothing to do. */
export function hint(unit: UnitResult): string | null {
  switch (unit.status) {
    case 'pass':
    case 'skip':
      return null
    case 'fail':
    case 'inconclusive':
      return `Run it alone: ${reproduce(unit)}`
    case 'error':
      return `${BLAME[unit.fault ?? 'assay']} Run it alone: ${reproduce(unit)}`
  }
}

const BLAME = {
  device: 'The fault lies with the device, its driver or its runtime.',
  reference: 'The fault lies with the reference, so nothing is known of the device.',
  assay: 'The fault lies with Assay or its installation, not with the device.',
} as const

/** The command that runs one unit alone. */
export function reproduce(unit: UnitResult): string {
  const isAbout = (parts: readonly { readonly status: Status }[]) => parts.some(part => part.status === unit.status)
  const command = isAbout(unit.benchmarks) && !isAbout(unit.checks) ? 'bench' : 'parity'
  return `assay ${command} ${quote(unit.model)} --device ${unit.device} --precision ${unit.precision}`
}

/** The commands that do a run again: those of its units where it was no plan but a command of its own, `parity MODEL`. */
export function reproduceRun(result: ResultDocument): string {
  if (!/^(parity|bench) /.test(result.plan)) return `assay run ${quote(result.plan)}`
  return result.units.map(reproduce).join('\n')
}

/** The command that makes a folder of a failed check, to be handed on; null where none failed. */
export function handOn({ run, units }: Pick<ResultDocument, 'run' | 'units'>): string | null {
  const hasFailed = units.some(unit => unit.checks.some(check => check.status === 'fail'))
  return hasFailed ? `assay repro ${quote(run)}` : null
}

/** The command that goes on with an unfinished run. */
export function resume(result: ResultDocument): string {
  return `assay run --resume ${quote(result.run)}`
}

/** A word for a POSIX shell: what is not plainly harmless stands in single quotes. */
function quote(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
