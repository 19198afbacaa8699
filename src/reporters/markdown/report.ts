/** The report in Markdown, for a pull request, a job's summary or a wiki: what failed first, what passed folded away. */
import type { ResultDocument, UnitResult } from '../../events/result.ts'
import { alternativesTables } from '../alternatives.ts'
import { formatDuration, plural } from '../format.ts'
import { verdictMatrix } from '../matrix.ts'
import type { Reporter } from '../reporter.ts'
import { efficiencyCells, efficiencyHeads, efficiencyTables } from '../throughput.ts'
import { handOn, headline, isFlaky, MEANINGS, notPassed, reproduce, resume, tally, unitName, WHOSE } from '../units.ts'
import { benchmarkPart } from './benchmark.ts'
import { checksPart } from './checks.ts'
import { signed } from './sign.ts'
import { code, details, escapeMarkdown, inline, joined, markdownTable } from './text.ts'

export const markdown: Reporter = {
  name: 'markdown',
  extension: 'md',
  render: result =>
    `${[...verdictPart(result), ...notPassedPart(result), ...alternativesPart(result), ...efficiencyPart(result), ...unitsPart(result), ...wherePart(result)].join('\n\n')}\n`,
}

function verdictPart(result: ResultDocument): string[] {
  const { verdict, plan, run, startedAt, durationMs, reference, host, complete } = result
  const facts = [
    inline('plan ', code(plan)),
    inline('run ', code(run)),
    inline('reference ', code(`${reference.device} ${reference.precision}`)),
    inline(host.cpu),
    `${startedAt.slice(0, 16).replace('T', ' ')} UTC`,
    `took ${formatDuration(durationMs)}`,
  ]
  return [
    `# ${signed(verdict, verdict.toUpperCase())}${complete ? '' : ', incomplete'}`,
    escapeMarkdown(headline(result)),
    ...(complete ? [] : [inline('Go on with it: ', code(resume(result)))]),
    facts.join(' · '),
    ...matrixPart(result),
  ]
}

function matrixPart(result: ResultDocument): string[] {
  const { columns, rows } = verdictMatrix(result)
  const table = markdownTable(
    [{ head: 'model' }, ...columns.map(({ device, precision }) => ({ head: joined(code(device), ` ${precision}`) }))],
    rows.map(({ model, cells }) => [
      code(model),
      ...cells.map(units => (units.length === 0 ? '–' : units.map(({ status }) => signed(status, status)).join(', '))),
    ]),
  )
  return table === null ? [] : ['## Verdicts', table]
}

function alternativesPart(result: ResultDocument): string[] {
  return alternativesTables(result).flatMap(({ model, columns, rows }) => {
    const table = markdownTable(
      [
        { head: 'device' },
        { head: 'precision' },
        ...columns.map(({ head: [over, head] }) => ({ head: over === '' ? head : `${over}, ${head}`, isNumber: true })),
      ],
      rows.map(({ device, precision, cells }) => [code(device), precision, ...cells]),
    )
    return table === null ? [] : [`## ${inline(code(model), ' side by side')}`, table]
  })
}

function efficiencyPart(result: ResultDocument): string[] {
  return efficiencyTables(result).flatMap(({ benchmark, rows }) => {
    const cells = efficiencyCells(rows)
    const table = markdownTable(
      [
        { head: 'rank', isNumber: true },
        { head: 'model' },
        ...efficiencyHeads(benchmark).map(([over, head]) => ({
          head: over === '' ? head : `${over} ${head}`,
          isNumber: true,
        })),
      ],
      rows.map(({ name, mfu }, at) => [mfu === null ? '' : String(at + 1), code(name), ...(cells[at] ?? [])]),
    )
    return table === null ? [] : [`## All together: ${escapeMarkdown(benchmark)}`, table]
  })
}

function notPassedPart(result: ResultDocument): string[] {
  const units = notPassed(result)
  if (units.length === 0) return []
  const items = units.map(unit => {
    const { status, reason, fault } = unit
    const blame = fault === null ? '' : `by fault of ${WHOSE[fault]}: `
    const again = status === 'skip' ? '' : `<br>${inline('again: ', code(reproduce(unit)))}`
    return `- ${signed(status, status)}: ${escapeMarkdown(`${unitName(unit)}: ${blame}${reason ?? MEANINGS[status]}`)}${again}`
  })
  const command = handOn(result)
  const folder = command === null ? [] : [inline('A failed check as a folder to hand on: ', code(command))]
  return ['## Not passed', items.join('\n'), ...folder]
}

/** Those that did not pass come first, and open. */
function unitsPart(result: ResultDocument): string[] {
  const first = notPassed(result).filter(unit => unit.checks.length + unit.benchmarks.length > 0)
  const passed = result.units.filter(({ status }) => status === 'pass')
  return [
    ...first.flatMap(unit => [`## ${escapeMarkdown(unitTitle(unit))}`, ...unitBody(unit)]),
    ...passed.map(unit => details(`${unitTitle(unit)}: ${tally(unit)}`, unitBody(unit).join('\n\n'))),
  ]
}

function unitTitle(unit: UnitResult): string {
  return `${signed(unit.status, unitName(unit))}${isFlaky(unit) ? ' (flaky)' : ''}`
}

function unitBody(unit: UnitResult): string[] {
  const { placement, settings, attempts, loadMs, remarks } = unit
  const facts = [
    tally(unit),
    placement === null ? '' : `computed in ${placement.computedIn.join(', ')}`,
    ...Object.entries(settings).map(([name, value]) => `${name} ${value}`),
    attempts > 1 ? plural(attempts, 'attempt') : '',
    loadMs === null ? '' : `loaded in ${formatDuration(loadMs)}`,
  ]
  return [
    escapeMarkdown(facts.filter(fact => fact !== '').join(' · ')),
    ...remarks.map(remark => `> ${escapeMarkdown(remark)}`),
    ...checksPart(unit.checks),
    ...unit.benchmarks.flatMap(benchmarkPart),
  ]
}

function wherePart({ host, devices, schema }: ResultDocument): string[] {
  const table = markdownTable(
    [{ head: 'device' }, { head: 'name' }, { head: 'precisions' }, { head: 'properties' }],
    devices.map(({ id, name, precisions, properties }) => [
      code(id),
      name,
      precisions.join(', '),
      Object.entries(properties)
        .map(([key, value]) => `${key} ${value}`)
        .join(' · '),
    ]),
  )
  const versions = Object.entries(host.versions).map(([name, version]) => `${name} ${version}`)
  return [
    details(
      'Where it ran',
      [inline(`${host.cpu}, ${plural(host.threads, 'thread')}, ${host.os}`), ...present(table)].join('\n\n'),
    ),
    `<sub>${escapeMarkdown(versions.join(' · '))} · ${schema}</sub>`,
  ]
}

function present(text: string | null): string[] {
  return text === null ? [] : [text]
}
