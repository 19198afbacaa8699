/** The devices and precisions in which a model ran, side by side. */
import type { ResultDocument } from '../../events/result.ts'
import { type AlternativesTable, alternativesTables } from '../alternatives.ts'
import { scrolling } from './badge.ts'
import { type Html, html } from './markup.ts'

export function alternativesSection(result: ResultDocument): Html | null {
  const tables = alternativesTables(result)
  if (tables.length === 0) return null
  return html`<section aria-labelledby="alternatives"><h2 id="alternatives">Side by side</h2>${tables.map(alternativesTable)}</section>`
}

function alternativesTable({ model, columns, rows }: AlternativesTable): Html {
  return html`<div class="panel">${scrolling(
    `${model} side by side`,
    html`<table>
      <caption>${model}</caption>
      <thead><tr><th scope="col">Device</th><th scope="col">Precision</th>${columns.map(({ head: [over, head] }) => html`<th scope="col" class="number">${over === '' ? head : `${over}, ${head}`}</th>`)}</tr></thead>
      <tbody>${rows.map(({ device, precision, cells }) => html`<tr><th scope="row" class="nowrap">${device}</th><td>${precision}</td>${cells.map(cell => html`<td class="number">${cell}</td>`)}</tr>`)}</tbody>
    </table>`,
  )}</div>`
}
