/** The images of a check's worst cases, with the boxes of both sides drawn over them and the figures of each beside it. */
import type { CaseResult, CheckResult, Picture, PictureBox } from '../../events/result.ts'
import { formatCount, formatMetric, formatNumber, metricLabel } from '../format.ts'
import { badge, facts, scrolling } from './badge.ts'
import { type Html, html } from './markup.ts'

type Side = PictureBox['side']

/** In the order in which they are drawn, the later over the earlier; each has a stroke of its own, so that colour is not needed. */
const SIDES: readonly Side[] = ['truth', 'reference', 'device']

export function picturesPart({ cases }: Pick<CheckResult, 'cases'>): Html | null {
  const shown = cases.flatMap(each => (each.picture === undefined ? [] : [card(each, each.picture)]))
  return shown.length === 0 ? null : html`<div class="pictures">${shown}</div>`
}

function card({ id, status, reason, metrics, details }: CaseResult, picture: Picture): Html {
  const { boxes } = picture
  const figures = Object.entries(metrics).flatMap(([name, value]) =>
    value === null ? [] : [[metricLabel(name), formatMetric(name, value)] as const],
  )
  const texts = Object.entries(details).map(([name, text]) => [metricLabel(name), text] as const)
  return html`<figure class="picture" aria-label="${id}">
    <div>${drawn(id, picture)}${boxes.length === 0 ? null : key(boxes)}</div>
    <figcaption>
      <div class="title"><span class="code">${id}</span>${badge(status)}</div>
      ${reason === null ? null : html`<p class="reason small">${reason}</p>`}
      ${facts('figures', [...texts, ...figures])}
      ${boxes.length === 0 ? null : boxesTable(id, boxes)}
    </figcaption>
  </figure>`
}

/** Px of a picture below which it is enlarged as squares, so that its pixels can be seen. */
const SMALL = 160

function drawn(id: string, { url, width, height, boxes }: Picture): Html {
  const ordered = SIDES.flatMap(side => boxes.filter(box => box.side === side))
  const text = Math.max(width, height) / 18
  return html`<svg class="photo${Math.max(width, height) < SMALL ? ' small-photo' : ''}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${described(id, boxes)}">
    <image href="${url}" width="${width}" height="${height}"/>
    ${ordered.map(box => outline(box, text, width))}
  </svg>`
}

function described(id: string, boxes: readonly PictureBox[]): string {
  const counts = SIDES.flatMap(side => {
    const own = boxes.filter(box => box.side === side)
    const alone = own.filter(({ isMatched }) => !isMatched).length
    return own.length === 0 ? [] : [`${boxCount(own.length)} of the ${side}, ${alone} without a partner`]
  })
  return counts.length === 0 ? `image of ${id}` : `image of ${id}: ${counts.join('; ')}`
}

/** A box, light under its own stroke so that it shows on any ground; one without a partner has its label. */
function outline({ side, box, label, score, isMatched }: PictureBox, text: number, width: number): Html {
  const [x1, y1, x2, y2] = box.map(place)
  const at = html`x="${x1 ?? 0}" y="${y1 ?? 0}" width="${Math.max(0, (x2 ?? 0) - (x1 ?? 0))}" height="${Math.max(0, (y2 ?? 0) - (y1 ?? 0))}"`
  const name = `${label}${score === null ? '' : ` ${formatNumber(score, 3)}`}`
  // Inside the box, the device's at its foot, so that both can be read where two boxes are nearly one; never beyond the picture.
  const isRight = (x1 ?? 0) + (x2 ?? 0) > width
  const [x, anchor] = isRight ? [(x2 ?? 0) - text / 3, 'end'] : [(x1 ?? 0) + text / 3, 'start']
  const baseline = side === 'device' ? (y2 ?? 0) - text / 2 : (y1 ?? 0) + text * 1.2
  return html`<g class="box ${side}${isMatched ? '' : ' alone'}"><title>${side}: ${name}${isMatched ? '' : ', no partner'}</title><rect class="halo" ${at}/><rect class="line" ${at}/>${
    isMatched
      ? null
      : html`<text x="${place(x)}" y="${place(baseline)}" text-anchor="${anchor}" font-size="${place(text)}">${side === 'truth' ? '' : `${side[0]?.toUpperCase()} `}${name}</text>`
  }</g>`
}

/** Which stroke is whose. */
function key(boxes: readonly PictureBox[]): Html {
  const sides = SIDES.filter(side => boxes.some(box => box.side === side))
  return html`<ul class="legend">${sides.map(
    side =>
      html`<li><svg class="box ${side}" viewBox="0 0 26 12" width="26" height="12" aria-hidden="true"><rect class="halo" x="2" y="2" width="22" height="8"/><rect class="line" x="2" y="2" width="22" height="8"/></svg> ${side}</li>`,
  )}</ul>`
}

function boxesTable(id: string, boxes: readonly PictureBox[]): Html {
  const alone = boxes.filter(({ isMatched, side }) => !isMatched && side !== 'truth')
  const rows = [...alone, ...boxes.filter(box => !alone.includes(box))]
  return html`<details>
    <summary>${boxCount(boxes.length)}${alone.length === 0 ? '' : `, ${alone.length} without a partner`}</summary>
    ${scrolling(
      `Boxes of ${id}`,
      html`<table>
        <thead><tr><th scope="col">Side</th><th scope="col">Label</th><th scope="col" class="number">Score</th><th scope="col" class="number">x1, y1, x2, y2<br>px</th><th scope="col">Partner</th></tr></thead>
        <tbody>${rows.map(
          ({ side, label, score, box, isMatched }) =>
            html`<tr><th scope="row">${side}</th><td>${label}</td><td class="number">${formatNumber(score, 3)}</td><td class="number">${box.map(edge => formatNumber(edge)).join(', ')}</td><td>${isMatched ? 'yes' : 'none'}</td></tr>`,
        )}</tbody>
      </table>`,
    )}
  </details>`
}

function boxCount(count: number): string {
  return count === 1 ? '1 box' : `${formatCount(count)} boxes`
}

/** Hundredths of a pixel are finer than any screen. */
const place = (value: number): number => Math.round(value * 100) / 100
