/** What each point asks of the device, and how much of its measured limits it reaches. */
import type { BenchmarkPoint, PhaseRoofline } from '../../events/result.ts'
import { type Shape, shapeName } from '../../events/shape.ts'
import { formatCount, formatNumber, formatShare, NOTHING } from '../format.ts'
import { formatRate } from '../saturation.ts'
import { scrolling } from './badge.ts'
import { type Html, html } from './markup.ts'

const COLUMNS: readonly (readonly [head: string, title: string, of: (phase: PhaseRoofline) => string])[] = [
  [
    'computed',
    'The least arithmetic that the model asks for, over the time',
    ({ flops, ms }) => perSecond(flops, ms, 'FLOP/s'),
  ],
  ['read', 'The least bytes that have to be moved, over the time', ({ bytes, ms }) => perSecond(bytes, ms, 'B/s')],
  ['FLOP/byte', 'Arithmetic intensity', ({ intensity }) => formatNumber(intensity, 3)],
  ['MFU', 'Of the arithmetic measured on the device', ({ mfu }) => formatShare(mfu)],
  ['MBU', 'Of the bandwidth measured on the device', ({ mbu }) => formatShare(mbu)],
  [
    'bound by',
    'The limit that is nearer; overhead where a tenth of neither is reached',
    ({ bound }) => bound ?? NOTHING,
  ],
]

/** Null where nothing was timed. */
export function workTable(benchmark: string, shape: Shape, points: readonly BenchmarkPoint[]): Html | null {
  const rows = points.flatMap(point => (Object.keys(point.roofline).length === 0 ? [] : [point]))
  if (rows.length === 0) return null
  const hasPasses = rows.some(({ figures }) => figures['prefillPassTokens'] !== undefined)
  const phases = [...new Set(rows.flatMap(({ roofline }) => Object.keys(roofline)))]
  const cell = (of: (phase: PhaseRoofline) => string, phase: PhaseRoofline | undefined) =>
    phase === undefined ? NOTHING : of(phase)
  const phase = (name: string) => html`<th scope="colgroup" colspan="${COLUMNS.length}">${name}</th>`
  return html`<details>
    <summary>Work against the device’s limits</summary>
    ${scrolling(
      `Work against the device’s limits, ${shapeName(benchmark, shape)}`,
      html`<table>
        <thead>
          <tr><td></td>${hasPasses ? html`<td></td>` : null}${phases.map(phase)}</tr>
          <tr><th scope="col" class="number">Batch</th>${hasPasses ? html`<th scope="col" class="number" title="Prompt tokens that each pass of the prefill really took">Tokens a pass</th>` : null}${phases.map(() => COLUMNS.map(([head, title]) => html`<th scope="col" class="number" title="${title}">${head}</th>`))}</tr>
        </thead>
        <tbody>${rows.map(
          ({ batch, figures, roofline }) =>
            html`<tr><th scope="row" class="number">${batch}</th>${hasPasses ? html`<td class="number">${figures['prefillPassTokens'] ? formatCount(figures['prefillPassTokens']) : NOTHING}</td>` : null}${phases.map(name => COLUMNS.map(([, , of]) => html`<td class="number">${cell(of, roofline[name])}</td>`))}</tr>`,
        )}</tbody>
      </table>`,
    )}
  </details>`
}

function perSecond(amount: number, ms: number, unit: string): string {
  return formatRate(ms > 0 ? amount / (ms / 1000) : null, unit) ?? NOTHING
}
