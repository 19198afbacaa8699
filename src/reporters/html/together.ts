/** All models of a run in one picture: throughput against the batch, and their order by the share of the device's arithmetic. */
import { kindOf } from '../../benchmarks/index.ts'
import type { ResultDocument } from '../../events/result.ts'
import { formatNumber } from '../format.ts'
import {
  type EfficiencyTable,
  efficiencyCells,
  efficiencyHeads,
  efficiencyTables,
  type Measured,
  sharedBenchmarks,
} from '../throughput.ts'
import { scrolling } from './badge.ts'
import { legend, lineChart, type Series, STYLES } from './chart.ts'
import { type Html, html } from './markup.ts'

/** Null where no two units have a benchmark in common. */
export function togetherSection(result: ResultDocument): Html | null {
  const shared = sharedBenchmarks(result)
  if (shared.length === 0) return null
  const tables = new Map(efficiencyTables(result).map(table => [table.benchmark, table]))
  return html`<section aria-labelledby="together"><h2 id="together">All together</h2>${shared.map(
    ({ benchmark, all }) => {
      const table = tables.get(benchmark)
      return html`<div class="panel together">
      <div class="charts">${pictures(benchmark, all)}</div>
      ${table === undefined ? null : ranking(table)}
    </div>`
    },
  )}</section>`
}

/** More lines than can be told apart make several pictures, none of which leaves one out. */
function pictures(benchmark: string, all: readonly Measured[]): Html[] {
  const count = Math.ceil(all.length / STYLES)
  const most = Math.ceil(all.length / count)
  return Array.from({ length: count }, (_, at) =>
    picture(benchmark, all.slice(at * most, (at + 1) * most), count === 1 ? '' : `, ${at + 1} of ${count}`),
  )
}

function picture(benchmark: string, all: readonly Measured[], which: string): Html {
  const { unit, unitInFull, throughput } = kindOf(benchmark)
  const series: Series[] = all.map(({ name, points }) => ({
    name,
    points: points.flatMap(({ batch, metrics }) => {
      const summary = metrics[throughput]
      if (!summary) return []
      const { median: y, medianInterval } = summary
      const [low, high] = medianInterval
      return [{ x: batch, y, low, high, title: `${name}, batch ${batch}: ${formatNumber(y)} ${unit}` }]
    }),
  }))
  return html`<figure><figcaption>Throughput of ${benchmark}${which}</figcaption>${lineChart({
    description: `${unitInFull} against batch size, a line for each of ${all.map(({ name }) => name).join('; ')}`,
    x: { label: 'batch size', isLogarithmic: true },
    y: { label: `${unit} in all, median and its 95 % interval`, isLogarithmic: true },
    series,
  })}${legend(series)}</figure>`
}

function ranking({ benchmark, rows }: EfficiencyTable): Html {
  const cells = efficiencyCells(rows)
  return scrolling(
    `Share of the device’s arithmetic, ${benchmark}`,
    html`<table>
      <caption>By the share of the arithmetic measured on the device</caption>
      <thead><tr><th scope="col" class="number">Rank</th><th scope="col">Model</th>${efficiencyHeads(benchmark).map(
        ([over, head]) => html`<th scope="col" class="number">${over === '' ? head : html`${over}<br>${head}`}</th>`,
      )}</tr></thead>
      <tbody>${rows.map(
        ({ name, mfu }, at) =>
          html`<tr><td class="number">${mfu === null ? '' : at + 1}</td><th scope="row">${name}</th>${(cells[at] ?? []).map(cell => html`<td class="number">${cell}</td>`)}</tr>`,
      )}</tbody>
    </table>`,
  )
}
