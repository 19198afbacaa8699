/** A comparison as GitHub Flavored Markdown. */
import { bold, code, details, type Inline, inline, joined, markdownTable } from '../reporters/markdown/text.ts'
import type { ComparisonDocument, Gate } from './document.ts'
import { byChance, headline, sayGate, sectionsOf } from './sections.ts'
import {
  NUMERIC_HEAD,
  numericRows,
  OUTPUT_HEAD,
  outputRows,
  SPEED_HEAD,
  sideTitle,
  speedTables,
  VERDICT_HEAD,
  verdictRows,
} from './table.ts'

export function renderMarkdown(comparison: ComparisonDocument): string {
  const { a, b, gate } = comparison
  const chance = byChance(comparison)
  const blocks = [
    '# Comparison',
    [sideTitle('A', a), sideTitle('B', b)].map(line => `- ${inline(line)}`).join('\n'),
    inline(bold(headline(comparison))),
    ...(gate === null ? [] : [renderGate(gate)]),
    ...sectionsOf(comparison).map(({ title, findings }) =>
      [
        `## ${title}`,
        '',
        ...[...Map.groupBy(findings, ({ about }) => about)].flatMap(([about, own]) => [
          ...(about === null ? [] : [`- ${inline(code(about))}`]),
          ...own.map(({ sentence }) => `${about === null ? '' : '  '}- ${inline(sentence)}`),
        ]),
      ].join('\n'),
    ),
    ...(chance === null ? [] : [inline(chance)]),
    ...speedTables(comparison).map(({ title, rows }) =>
      folded(
        title,
        tableOf(
          SPEED_HEAD,
          rows.map(({ cells }) => cells),
        ),
      ),
    ),
    folded('Verdicts that differ', tableOf(VERDICT_HEAD, verdictRows(comparison))),
    folded('Numbers of the checks', tableOf(NUMERIC_HEAD, numericRows(comparison))),
    folded('Outputs of the goldens', tableOf(OUTPUT_HEAD, outputRows(comparison))),
  ]
  return `${blocks.filter(block => block !== '').join('\n\n')}\n`
}

function tableOf(head: readonly string[], rows: readonly (readonly Inline[])[]): string {
  return (
    markdownTable(
      head.map(name => ({ head: name })),
      rows,
    ) ?? ''
  )
}

function folded(title: string, body: string): string {
  return body === '' ? '' : details(title, body)
}

function renderGate(gate: Gate): string {
  const { failed, regressions, inconclusive } = gate
  const list = (title: string, items: readonly string[]) =>
    items.length === 0 ? [] : ['', inline(bold(`${title}:`)), '', ...items.map(item => `- ${inline(item)}`)]
  return [
    inline(joined(bold(failed ? 'FAIL' : 'PASS'), ` (${sayGate(gate)})`)),
    ...list('regressions', regressions),
    ...list('cannot be told', inconclusive),
  ].join('\n')
}
