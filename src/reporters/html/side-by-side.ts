/** The worst prompts of a check with their tokens: both sides above each other, and what else each held to be likely. */
import type { Candidate, CheckResult, SideBySide, Token } from '../../events/result.ts'
import { NOTHING } from '../format.ts'
import {
  focusSentence,
  formatProbability,
  promptLabel,
  type ShownCase,
  shownCases,
  tokenColumns,
  tokenText,
} from '../side-by-side.ts'
import { badge, scrolling } from './badge.ts'
import { type Html, html } from './markup.ts'

export function sideBySidePart(check: CheckResult): Html[] {
  return shownCases(check).map(card)
}

function card({ id, status, sideBySide }: ShownCase): Html {
  return html`<section class="side-by-side" aria-label="${id} token by token">
    <div class="title"><span class="code">${id}</span>${badge(status)}</div>
    <p>${focusSentence(sideBySide)}</p>
    ${prompt(sideBySide)}
    ${scrolling(`Tokens of ${id} on both sides`, sequences(sideBySide))}
    ${sideBySide.candidates.length === 0 ? null : scrolling(`Likely tokens of ${id}`, candidates(sideBySide))}
  </section>`
}

function prompt(shown: SideBySide): Html | null {
  if (shown.prompt.length === 0) return null
  return html`<p class="prompt"><span class="muted">${promptLabel(shown)}</span>${shown.prompt.map(token)}</p>`
}

function token(shown: Token): Html {
  return html`<span class="token" title="token ${shown.id}">${tokenText(shown)}</span>`
}

function sequences(shown: SideBySide): Html {
  const columns = tokenColumns(shown)
  const focus = (isFocus: boolean) => (isFocus ? FOCUS : null)
  const row = (side: 'reference' | 'device') =>
    html`<tr><th scope="row">${shown.sides[side]}</th>${columns.map(column => {
      const said = column[side]
      const mark = column.differs ? DIFFERS : null
      return html`<td${focus(column.isFocus)}>${said === undefined ? html`<span class="muted">${NOTHING}</span>` : html`<span class="token${mark}" title="token ${said.id}">${tokenText(said)}</span>`}</td>`
    })}</tr>`
  return html`<table class="sequence">
    <thead><tr><th scope="col">${shown.kind === 'generated' ? 'New token' : 'Next after'}</th>${columns.map(({ index, isFocus }) => html`<th scope="col"${focus(isFocus)}>${index}</th>`)}</tr></thead>
    <tbody>${row('reference')}${row('device')}</tbody>
  </table>`
}

const FOCUS = html` class="focus"`
const DIFFERS = html` differs`

function candidates(shown: SideBySide): Html {
  const { sides, first, focus } = shown
  const chosen = { reference: shown.reference[focus - first]?.id, device: shown.device[focus - first]?.id }
  const cell = (candidate: Candidate, side: 'reference' | 'device') => {
    const isChosen = chosen[side] === candidate.id
    return html`<td class="nowrap${isChosen ? CHOSEN : null}">${bar(candidate[side], side)}${formatProbability(candidate[side])}${isChosen ? ' ← chosen' : ''}</td>`
  }
  return html`<table class="candidates">
    <thead><tr><th scope="col">Token</th><th scope="col">${sides.reference}</th><th scope="col">${sides.device}</th></tr></thead>
    <tbody>${shown.candidates.map(candidate => html`<tr><th scope="row">${token(candidate)}</th>${cell(candidate, 'reference')}${cell(candidate, 'device')}</tr>`)}</tbody>
  </table>`
}

const CHOSEN = html` chosen`

function bar(probability: number | null, side: 'reference' | 'device'): Html {
  const width = Math.round(100 * Math.min(1, Math.max(0, probability ?? 0)))
  return html`<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="8"/><rect class="${side}" width="${width}" height="8"/></svg>`
}
