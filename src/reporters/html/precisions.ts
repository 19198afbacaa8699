/** What fewer bits cost and bring: a table for each model on each device that ran in more than one precision. */
import type { ResultDocument } from '../../events/result.ts'
import { PRECISION_HEADS, precisionCells, precisionTables } from '../precisions.ts'
import { scrolling } from './badge.ts'
import { type Html, html } from './markup.ts'

export function precisionsSection(result: ResultDocument): Html | null {
  const tables = precisionTables(result)
  if (tables.length === 0) return null
  return html`<section aria-labelledby="precisions"><h2 id="precisions">Precisions side by side</h2>${tables.map(
    ({ model, device, rows }) => {
      const cells = precisionCells(rows)
      return html`<div class="panel">${scrolling(
        `Precisions of ${model} on ${device}`,
        html`<table>
          <caption>${model} <span class="muted">on</span> ${device}</caption>
          <thead><tr><th scope="col">Precision</th>${PRECISION_HEADS.map(([over, head]) => html`<th scope="col" class="number">${over === '' ? head : `${over}, ${head}`}</th>`)}</tr></thead>
          <tbody>${rows.map(({ precision }, at) => html`<tr><th scope="row">${precision}</th>${(cells[at] ?? []).map(cell => html`<td class="number">${cell}</td>`)}</tr>`)}</tbody>
        </table>`,
      )}</div>`
    },
  )}</section>`
}
