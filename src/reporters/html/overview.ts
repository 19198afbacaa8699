/** What is read first: the verdict, the matrix, and what did not pass. */
import type { ResultDocument, UnitResult } from '../../events/result.ts'
import { formatDuration, plural } from '../format.ts'
import { verdictMatrix } from '../matrix.ts'
import { bestThroughput, headline, hint, MEANINGS, notPassed, resume, STATUSES, unitName } from '../units.ts'
import { badge, facts, SIGNS, scrolling } from './badge.ts'
import { type Html, html } from './markup.ts'

/** Where a unit stands on the page. */
export type AnchorOf = (unit: UnitResult) => string

export function verdictSection(result: ResultDocument): Html {
  const { verdict, counts, host, reference } = result
  return html`<section class="verdict ${verdict}" aria-label="Verdict">
    <h1><span class="sign" aria-hidden="true">${SIGNS[verdict]}</span> ${verdict[0]?.toUpperCase() ?? ''}${verdict.slice(1)}${result.complete ? '' : ', incomplete'}</h1>
    <p class="sentence">${headline(result)}</p>
    ${result.complete ? null : html`<p>Go on with it: <code>${resume(result)}</code></p>`}
    <ul class="counts" aria-label="Units by verdict">${STATUSES.map(status => (counts[status] === 0 ? null : html`<li title="${MEANINGS[status]}">${badge(status, `${counts[status]} ${status}`)}</li>`))}</ul>
    ${facts('facts', [
      ['plan', html`<span class="code">${result.plan}</span>`],
      ['run', html`<span class="code">${result.run}</span>`],
      [
        'started',
        html`<time datetime="${result.startedAt}">${result.startedAt.slice(0, 16).replace('T', ' ')} UTC</time>`,
      ],
      ['took', formatDuration(result.durationMs)],
      ['reference', `${reference.device} in ${reference.precision}`],
      ['host', `${host.cpu}, ${plural(host.threads, 'thread')}`],
    ])}
  </section>`
}

export function matrixSection(result: ResultDocument, anchorOf: AnchorOf): Html {
  const { columns, rows } = verdictMatrix(result)
  const groups = [...Map.groupBy(columns, column => column.device)]
  const isFirst = (index: number) => columns[index]?.device !== columns[index - 1]?.device
  return html`<section aria-labelledby="matrix"><h2 id="matrix">Verdicts</h2><div class="panel">${scrolling(
    'Verdict of every model on every device',
    html`<table class="matrix">
      <thead>
        <tr><td></td>${groups.map(([device, own]) => html`<th scope="colgroup" colspan="${own.length}">${device}</th>`)}</tr>
        <tr><th scope="col">Model</th>${columns.map(({ precision }, index) => html`<th scope="col"${isFirst(index) ? FIRST : null}>${precision}</th>`)}</tr>
      </thead>
      <tbody>${rows.map(
        ({ model, cells }) =>
          html`<tr><th scope="row" class="nowrap">${model}</th>${cells.map(
            (units, index) =>
              html`<td${isFirst(index) ? FIRST : null}>${units.length === 0 ? html`<span class="muted" title="not in this run">–</span>` : units.map(unit => matrixCell(unit, anchorOf))}</td>`,
          )}</tr>`,
      )}</tbody>
    </table>`,
  )}</div></section>`
}

const FIRST = html` class="first"`

function matrixCell(unit: UnitResult, anchorOf: AnchorOf): Html {
  const throughput = bestThroughput(unit, 3)
  return html`<a class="badge ${unit.status}" href="#${anchorOf(unit)}" aria-label="${unitName(unit)}: ${unit.status}"><span aria-hidden="true">${SIGNS[unit.status]}</span> ${unit.status}</a>${throughput === null ? null : html`<span class="figure">${throughput}</span>`}`
}

export function attentionSection(result: ResultDocument, anchorOf: AnchorOf): Html | null {
  const units = notPassed(result)
  if (units.length === 0) return null
  return html`<section aria-labelledby="attention"><h2 id="attention">Not passed</h2><ul class="panel attention">${units.map(
    unit =>
      html`<li><div class="head">${badge(unit.status)}<a href="#${anchorOf(unit)}">${unitName(unit)}</a></div><p class="reason">${unit.reason ?? MEANINGS[unit.status]}</p>${hint(unit) === null ? null : html`<p class="muted small">${hint(unit)}</p>`}</li>`,
  )}</ul></section>`
}
