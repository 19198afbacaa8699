import type { Status } from '../../words.ts'
import { type Html, html } from './markup.ts'

export const SIGNS: Readonly<Record<Status, string>> = {
  pass: '✓',
  fail: '✗',
  error: '!',
  inconclusive: '?',
  skip: '○',
}

/** A status as sign, word and colour, so that any one of them suffices. */
export function badge(status: Status, text: string = status): Html {
  return html`<span class="badge ${status}"><span aria-hidden="true">${SIGNS[status]}</span> ${text}</span>`
}

/** A table that is wider than the page scrolls within itself, by keyboard too. */
export function scrolling(label: string, table: Html): Html {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`
}

/** Names and values, without those that have no value. */
export function facts(
  className: string,
  entries: readonly (readonly [name: string, value: Html | string | null])[],
): Html {
  return html`<dl class="${className}">${entries.map(([name, value]) =>
    value === null ? null : html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>`
}
