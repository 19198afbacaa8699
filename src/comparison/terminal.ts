/** A comparison as text for a terminal. */
import { legible, paint, printable, symbol, type View } from '../reporters/terminal/look.ts'
import { type Column, table, wrap } from '../reporters/terminal/text.ts'
import type { Status } from '../words.ts'
import type { ComparisonDocument, Finding, Gate } from './document.ts'
import { byChance, headline, sayGate, sectionsOf } from './sections.ts'
import { OUTPUT_HEAD, outputRows, SPEED_HEAD, sideTitle, speedTables } from './table.ts'

export function renderTerminal(comparison: ComparisonDocument, view: View): string {
  const { bold, dim } = view.look.colors
  const chance = byChance(comparison)
  const blocks = [
    [sideTitle('A', comparison.a), sideTitle('B', comparison.b)].map(line => dim(printable(line))),
    ...speedTables(comparison).map(({ title, rows }) => [
      bold(printable(title)),
      ...cells(
        SPEED_HEAD,
        rows.map(row => row.cells),
        view,
      ),
    ]),
    comparison.outputs.length === 0 ? [] : cells(OUTPUT_HEAD, outputRows(comparison), view),
    ...sectionsOf(comparison).map(({ title, findings }) => [
      bold(title),
      ...byAbout(findings).flatMap(([about, own]) => [
        ...(about === null ? [] : [`  ${printable(about)}`]),
        ...own.flatMap(finding => line(finding, about === null ? 2 : 4, view)),
      ]),
    ]),
    chance === null ? [] : wrap(chance, view.width).map(text => dim(text)),
    comparison.gate === null ? [] : gateLines(comparison.gate, view),
    [bold(headline(comparison))],
  ].filter(lines => lines.length > 0)
  return legible(view.look, `\n${blocks.map(lines => lines.join('\n')).join('\n\n')}\n`)
}

function cells(head: readonly string[], rows: readonly (readonly string[])[], { width, look }: View): string[] {
  const columns: Column[] = head.map((name, index) => ({
    header: [name],
    ...(index > 0 && index < head.length - 1 ? { align: 'right' as const } : {}),
    ...(index === head.length - 1 ? { isFlexible: true } : {}),
  }))
  return table(
    columns,
    rows.map(row => row.map(printable)),
    { width, indent: 2, header: look.colors.dim },
  )
}

function byAbout(findings: readonly Finding[]): (readonly [string | null, Finding[]])[] {
  return [...Map.groupBy(findings, ({ about }) => about)]
}

const SIGNS: Readonly<Record<Finding['change'], Status | null>> = {
  better: 'pass',
  worse: 'fail',
  unknown: 'inconclusive',
  none: null,
  neutral: null,
}

function line({ change, sentence }: Finding, indent: number, { look, width }: View): string[] {
  const status = SIGNS[change]
  const sign = status === null ? '·' : symbol(look, status)
  return wrap(printable(sentence), width - indent - 2).map(
    (text, index) =>
      `${' '.repeat(indent)}${index === 0 ? sign : ' '} ${status === null ? text : paint(look, status, text)}`,
  )
}

function gateLines(gate: Gate, view: View): string[] {
  const { failed, regressions, inconclusive } = gate
  const status = failed ? 'fail' : 'pass'
  const list = (title: string, items: readonly string[]) =>
    items.length === 0
      ? []
      : [
          `  ${title}`,
          ...items.flatMap(item => wrap(`- ${printable(item)}`, view.width - 4).map(text => `    ${text}`)),
        ]
  return [
    `${symbol(view.look, status)} ${view.look.colors.bold(paint(view.look, status, status.toUpperCase()))}  ${sayGate(gate)}`,
    ...list('regressions', regressions),
    ...list('cannot be told', inconclusive),
  ]
}
