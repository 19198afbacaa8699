import type { ResultDocument } from '../../events/result.ts'
import { formatDuration, plural } from '../format.ts'
import type { WrittenReport } from '../reporter.ts'
import { handOn, headline, hint, MEANINGS, notPassed, resume, STATUSES, unitName } from '../units.ts'
import { alternatives } from './alternatives.ts'
import { efficiency } from './efficiency.ts'
import { legible, paint, printable, symbol, type View } from './look.ts'
import { matrix } from './matrix.ts'
import { benchmarkTable, checkTable } from './tables.ts'
import { wrap } from './text.ts'

/** Beyond this many units, only those that did not pass are shown in detail; a report has them all. */
const MANY_UNITS = 12

/** The whole result as text: matrix, each unit's tables, the reasons of what did not pass, and the verdict last, where the eye is. */
export function summary(result: ResultDocument, written: readonly WrittenReport[], view: View): string {
  const blocks = [
    matrix(result, view),
    ...details(result, view),
    alternatives(result, view),
    efficiency(result, view),
    reasons(result, view),
    reports(written, view),
    verdict(result, view),
  ].filter(lines => lines.length > 0)
  return legible(view.look, `\n${blocks.map(lines => lines.join('\n')).join('\n\n')}\n`)
}

function details(result: ResultDocument, view: View): string[][] {
  const { bold, dim } = view.look.colors
  const isShort = result.units.length <= MANY_UNITS
  return result.units
    .filter(unit => (isShort || unit.status !== 'pass') && unit.checks.length + unit.benchmarks.length > 0)
    .map(unit => [
      `${symbol(view.look, unit.status)} ${bold(printable(unit.model))}  ${unit.device}  ${unit.precision}`,
      ...unit.remarks.flatMap(remark => wrap(`⚠ ${printable(remark)}`, view.width - 2).map(line => `  ${dim(line)}`)),
      ...checkTable(unit, view),
      ...unit.benchmarks.flatMap(benchmark => ['', ...benchmarkTable(benchmark, unit.ceilings, view)]),
    ])
}

function reasons(result: ResultDocument, view: View): string[] {
  const { bold, dim } = view.look.colors
  const indented = (text: string, indent: number, style: (line: string) => string = line => line) =>
    wrap(printable(text), view.width - indent).map(line => ' '.repeat(indent) + style(line))
  const lines = notPassed(result).flatMap(unit => {
    const parts = [...unit.checks, ...unit.benchmarks].filter(part => part.status !== 'pass' && part.reason !== null)
    const own = parts.length > 0 && unit.reason?.startsWith(`${parts.find(part => part.status === unit.status)?.name}:`)
    const advice = hint(unit)
    return [
      '',
      `${symbol(view.look, unit.status)} ${printable(unitName(unit))}: ${paint(view.look, unit.status, unit.status)}${unit.fault === null ? '' : dim(` (${unit.fault})`)}`,
      ...(own ? [] : indented(unit.reason ?? MEANINGS[unit.status], 2)),
      ...parts.flatMap(part => indented(`${part.name}: ${part.reason}`, 2)),
      ...(advice === null ? [] : indented(`→ ${advice}`, 2, dim)),
    ]
  })
  return lines.length === 0 ? [] : [bold('Not passed'), ...lines]
}

function reports(written: readonly WrittenReport[], view: View): string[] {
  return written.map(({ name, path }) => `${view.look.colors.dim(`${name} report`)}  ${printable(path)}`)
}

function verdict(result: ResultDocument, view: View): string[] {
  const { bold, dim } = view.look.colors
  const folder = handOn(result)
  const counts = STATUSES.filter(status => result.counts[status] > 0)
    .map(status => paint(view.look, status, `${result.counts[status]} ${status}`))
    .join(dim(' · '))
  return [
    `${symbol(view.look, result.verdict)} ${bold(paint(view.look, result.verdict, result.verdict.toUpperCase()))}  ${counts}`,
    ...wrap(headline(result), view.width - 2).map(line => `  ${line}`),
    `  ${dim(`${plural(result.units.length, 'unit')} in ${formatDuration(result.durationMs)}`)}`,
    ...(folder === null ? [] : [`  ${dim(`→ A failed check as a folder to hand on: ${folder}`)}`]),
    ...(result.complete ? [] : [`  ${dim(`→ Go on with it: ${resume(result)}`)}`]),
  ]
}
