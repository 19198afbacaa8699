/** What a reader chooses between, side by side: the precisions of a model on a device, its devices in a precision. */
import type { ResultDocument } from '../../events/result.ts'
import { ALTERNATIVE_HEADS, type AlternativesTable, alternativeCells, alternativesTables } from '../alternatives.ts'
import { scrolling } from './badge.ts'
import { type Html, html } from './markup.ts'

export function alternativesSection(result: ResultDocument): Html | null {
  const tables = alternativesTables(result)
  if (tables.length === 0) return null
  return html`<section aria-labelledby="alternatives"><h2 id="alternatives">Side by side</h2>${tables.map(alternativesTable)}</section>`
}

function alternativesTable({ model, shared, of, rows }: AlternativesTable): Html {
  const cells = alternativeCells(rows)
  const preposition = of === 'precision' ? 'on' : 'in'
  return html`<div class="panel">${scrolling(
    `${model} ${preposition} ${shared}`,
    html`<table>
      <caption>${model} <span class="muted">${preposition}</span> ${shared}</caption>
      <thead><tr><th scope="col">${of === 'precision' ? 'Precision' : 'Device'}</th>${ALTERNATIVE_HEADS.map(([over, head]) => html`<th scope="col" class="number">${over === '' ? head : `${over}, ${head}`}</th>`)}</tr></thead>
      <tbody>${rows.map(({ name }, at) => html`<tr><th scope="row" class="nowrap">${name}</th>${(cells[at] ?? []).map(cell => html`<td class="number">${cell}</td>`)}</tr>`)}</tbody>
    </table>`,
  )}</div>`
}
