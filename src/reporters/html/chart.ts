/** Charts as inline SVG: pure functions of their values. Colours, and so light and dark, come from the page's style. */
import { formatCount, formatNumber, formatParameters } from '../format.ts'
import { type Html, html } from './markup.ts'
import { decades, linear, logarithmic, roundTicks, type Scale, thin, ticksFromZero } from './scale.ts'

/** About the width at which a chart is shown, so that its text is as large as the page's. */
const SIZE = { width: 370, height: 240 } as const
const PLOT = { left: 50, right: 360, top: 24, bottom: 192 } as const

interface Tick {
  readonly at: number
  readonly label: string
}

interface ChartPoint {
  readonly x: number
  readonly y: number
  /** An interval around y. */
  readonly low?: number | undefined
  readonly high?: number | undefined
  /** What a pointer at rest is told. */
  readonly title: string
}

export interface Series {
  readonly name: string
  readonly points: readonly ChartPoint[]
}

export interface LineChart {
  /** What the chart shows, for those who do not see it. */
  readonly description: string
  /** Logarithmic for what doubles, such as a batch size; ticks then stand at the points. */
  readonly x: { readonly label: string; readonly isLogarithmic: boolean }
  /** Logarithmic where lines of far different height are to be compared; linear axes begin at 0. */
  readonly y: { readonly label: string; readonly isLogarithmic?: boolean }
  readonly series: readonly Series[]
  /** A vertical line: where something happens. */
  readonly mark?: { readonly x: number; readonly label: string } | undefined
  /** A horizontal line: what must be met. */
  readonly limit?: { readonly y: number; readonly label: string } | undefined
}

/** Distinguishable colours with a shape and a dash each, so that no series is known by its colour alone. */
export const STYLES = 6
/** Beyond this many points a line has no markers. */
const MANY_POINTS = 24

export function lineChart(chart: LineChart): Html {
  const points = chart.series.flatMap(series => series.points)
  const xs = [...new Set(points.map(point => point.x))].sort((a, b) => a - b)
  const largest = Math.max((chart.limit?.y ?? 0) * 1.1, ...points.map(point => point.high ?? point.y))
  const yTicks = chart.y.isLogarithmic
    ? roundTicks(Math.min(...points.map(point => point.low ?? point.y)), largest)
    : ticksFromZero(largest)
  const [first = 0, last = 1] = [xs[0], xs.at(-1)]
  const inset = xs.length === 1 ? 0.5 : 0
  const x = chart.x.isLogarithmic
    ? logarithmic(first * 2 ** -inset, last * 2 ** inset, PLOT.left + 14, PLOT.right - 14)
    : linear(first - inset, last + inset, PLOT.left + 4, PLOT.right - 4)
  const y = chart.y.isLogarithmic
    ? logarithmic(yTicks[0] ?? 1, yTicks.at(-1) ?? 10, PLOT.bottom, PLOT.top)
    : linear(0, yTicks.at(-1) ?? 1, PLOT.bottom, PLOT.top)
  const xTicks = chart.x.isLogarithmic ? thin(xs, 8) : wholeTicks(first, last)
  return frame(chart.description, chart.x.label, chart.y.label, {
    xTicks: xTicks.map(value => ({ at: x(value), label: formatCount(value) })),
    yTicks: yTicks.map(value => ({ at: y(value), label: formatNumber(value, 3) })),
    content: html`${chart.limit ? limitLine(y(chart.limit.y), chart.limit.label) : null}
      ${chart.mark ? markLine(x(chart.mark.x), chart.mark.label) : null}
      ${chart.series.map((series, index) => line(series, index, x, y))}`,
  })
}

/** Names of series beside the strokes and shapes that the chart gives them; nothing for one series. */
export function legend(series: readonly Series[]): Html | null {
  if (series.length < 2) return null
  return html`<ul class="legend">${series.map(
    ({ name }, index) =>
      html`<li><svg viewBox="0 0 26 12" width="26" height="12" aria-hidden="true" class="series s${index % STYLES}"><line x1="1" y1="6" x2="25" y2="6"/>${shape(index, 13, 6)}</svg> ${name}</li>`,
  )}</ul>`
}

export interface Bar {
  readonly label: string
  readonly count: number
  readonly title: string
  /** Set apart from the others: no bin of the same kind. */
  readonly isApart: boolean
}

/** Bars on a logarithmic axis of counts, since the few in the tail are those that matter. */
export function barChart(chart: {
  readonly description: string
  readonly xLabel: string
  readonly bars: readonly Bar[]
}): Html {
  const { bars } = chart
  const yTicks = decades(Math.max(1, ...bars.map(bar => bar.count)))
  // Half below one, so that a single error still has a bar.
  const y = logarithmic(0.5, yTicks.at(-1) ?? 10, PLOT.bottom, PLOT.top)
  const apart = bars.some(bar => bar.isApart) ? 0.6 : 0
  const slot = (PLOT.right - PLOT.left) / (bars.length + apart)
  const left = (index: number) => PLOT.left + slot * (index + (bars[index]?.isApart ? 0 : apart))
  const stride = Math.ceil(bars.length / 8)
  const isLabelled = (index: number) => bars[index]?.isApart || (bars.length - 1 - index) % stride === 0
  return frame(chart.description, chart.xLabel, 'elements', {
    xTicks: bars.flatMap((bar, index) => (isLabelled(index) ? [{ at: left(index) + slot / 2, label: bar.label }] : [])),
    yTicks: yTicks.map(value => ({ at: y(value), label: formatParameters(value) })),
    content: html`${bars.map((bar, index) =>
      bar.count === 0
        ? null
        : html`<rect class="bar${bar.isApart ? ' apart' : ''}" x="${place(left(index) + slot * 0.08)}" width="${place(slot * 0.84)}" y="${place(y(bar.count))}" height="${place(PLOT.bottom - y(bar.count))}"><title>${bar.title}</title></rect>`,
    )}`,
  })
}

function frame(
  description: string,
  xLabel: string,
  yLabel: string,
  parts: { readonly xTicks: readonly Tick[]; readonly yTicks: readonly Tick[]; readonly content: Html },
): Html {
  return html`<svg class="chart" viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label="${description}">
    ${parts.yTicks.map(
      ({ at, label }) =>
        html`<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${place(at)}" y2="${place(at)}"/><text class="tick" x="${PLOT.left - 7}" y="${place(at + 4)}" text-anchor="end">${label}</text>`,
    )}
    <line class="axis" x1="${PLOT.left}" x2="${PLOT.right}" y1="${PLOT.bottom}" y2="${PLOT.bottom}"/>
    ${parts.xTicks.map(
      ({ at, label }) =>
        html`<line class="axis" x1="${place(at)}" x2="${place(at)}" y1="${PLOT.bottom}" y2="${PLOT.bottom + 4}"/>${tickLabel(at, label)}`,
    )}
    <text class="axis-label" x="${(PLOT.left + PLOT.right) / 2}" y="${SIZE.height - 8}" text-anchor="middle">${xLabel}</text>
    <text class="axis-label" x="4" y="11">${yLabel}</text>
    ${parts.content}
  </svg>`
}

/** `2^-7` is set as a power. */
function tickLabel(at: number, label: string): Html {
  const [base = '', exponent] = label.split('^')
  const power =
    exponent === undefined ? null : html`<tspan dy="-5" class="exponent">${exponent.replace('-', '−')}</tspan>`
  return html`<text class="tick" x="${place(at)}" y="${PLOT.bottom + 19}" text-anchor="middle">${base}${power}</text>`
}

function line(series: Series, index: number, x: Scale, y: Scale): Html {
  const path = series.points.map(point => `${place(x(point.x))},${place(y(point.y))}`).join(' ')
  const isDense = series.points.length > MANY_POINTS
  return html`<g class="series s${index % STYLES}">
    ${series.points.map(point =>
      point.low === undefined || point.high === undefined
        ? null
        : html`<line class="interval" x1="${place(x(point.x))}" x2="${place(x(point.x))}" y1="${place(y(point.low))}" y2="${place(y(point.high))}"/>`,
    )}
    <polyline points="${path}"/>
    ${(isDense ? thin(series.points, 12) : series.points).map(
      point =>
        html`<g class="${isDense ? 'quiet' : 'point'}">${shape(index, x(point.x), y(point.y))}<title>${point.title}</title></g>`,
    )}
  </g>`
}

function shape(index: number, x: number, y: number): Html {
  const at = (dx: number, dy: number) => `${place(x + dx)},${place(y + dy)}`
  switch (index % STYLES) {
    case 0:
      return html`<circle cx="${place(x)}" cy="${place(y)}" r="4"/>`
    case 1:
      return html`<rect x="${place(x - 3.6)}" y="${place(y - 3.6)}" width="7.2" height="7.2"/>`
    case 2:
      return html`<polygon points="${at(0, -5)} ${at(4.6, 3.6)} ${at(-4.6, 3.6)}"/>`
    case 3:
      return html`<polygon points="${at(0, -5.2)} ${at(5.2, 0)} ${at(0, 5.2)} ${at(-5.2, 0)}"/>`
    case 4:
      return html`<polygon points="${at(0, 5)} ${at(4.6, -3.6)} ${at(-4.6, -3.6)}"/>`
    default:
      return html`<polygon points="${at(-1.6, -4.6)} ${at(1.6, -4.6)} ${at(1.6, -1.6)} ${at(4.6, -1.6)} ${at(4.6, 1.6)} ${at(1.6, 1.6)} ${at(1.6, 4.6)} ${at(-1.6, 4.6)} ${at(-1.6, 1.6)} ${at(-4.6, 1.6)} ${at(-4.6, -1.6)} ${at(-1.6, -1.6)}"/>`
  }
}

function markLine(at: number, label: string): Html {
  const isRight = at > (PLOT.left + PLOT.right) / 2
  return html`<line class="mark" x1="${place(at)}" x2="${place(at)}" y1="${PLOT.top}" y2="${PLOT.bottom}"/>
    <text class="mark-label" x="${place(at + (isRight ? -6 : 6))}" y="${PLOT.bottom - 8}" text-anchor="${isRight ? 'end' : 'start'}">${label}</text>`
}

/** What must be met is met by lying below; curves rise to the right, so the label stands where they are far. */
function limitLine(at: number, label: string): Html {
  const isLow = at > (PLOT.top + PLOT.bottom) / 2
  return html`<line class="limit" x1="${PLOT.left}" x2="${PLOT.right}" y1="${place(at)}" y2="${place(at)}"/>
    <text class="limit-label" x="${isLow ? PLOT.right - 6 : PLOT.left + 6}" y="${place(at - 5)}" text-anchor="${isLow ? 'end' : 'start'}">${label}</text>`
}

/** Whole numbers, as positions are, from 0 or from the first. */
function wholeTicks(first: number, last: number): number[] {
  const ticks = ticksFromZero(last, 6).filter(tick => Number.isInteger(tick) && tick >= first && tick <= last)
  return ticks.includes(first) || (ticks[0] ?? 0) - first < (last - first) / 12 ? ticks : [first, ...ticks]
}

/** Tenths of a unit are finer than any screen. */
const place = (value: number): number => Math.round(value * 10) / 10
