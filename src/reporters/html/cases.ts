/** A check's cases, those that did not pass first, with texts side by side where there are any. */
import type { CaseResult, CheckResult } from '../../events/result.ts'
import { formatMetric, metricLabel, plural } from '../format.ts'
import { badge, scrolling } from './badge.ts'
import { type Html, html } from './markup.ts'

/** Columns of metrics that still fit; what is bounded comes first, and the rest is in the JSON. */
const METRICS = 5
/** Rows that a page shows; beyond, passing cases are left to the JSON. */
const ROWS = 200

export function casesTable(check: CheckResult): Html | null {
  const { cases } = check
  if (cases.length === 0) return null
  const notPassed = cases.filter(({ status }) => status !== 'pass')
  const shown = [...notPassed, ...cases.filter(({ status }) => status === 'pass')].slice(0, ROWS)
  const measured = new Set(cases.flatMap(({ metrics }) => Object.keys(metrics).filter(name => metrics[name] !== null)))
  const bounded = Object.keys(check.thresholds).filter(name => measured.has(name))
  const metrics = [...new Set([...bounded, ...measured])].slice(0, METRICS)
  const others = cases.length - shown.length
  // The worst stand above, token by token or as images; a table of dozens would push everything else off the screen.
  const isShown = cases.some(({ sideBySide, picture }) => sideBySide !== undefined || picture !== undefined)
  const isOpen = notPassed.length > 0 && !isShown
  return html`<details${isOpen ? OPEN : null}>
    <summary>${plural(cases.length, 'case')}${notPassed.length > 0 ? `, ${notPassed.length} not passed` : ''}</summary>
    ${scrolling(
      `Cases of ${check.name}`,
      html`<table>
        <thead><tr><th scope="col">Case</th><th scope="col">Verdict</th>${metrics.map(name => html`<th scope="col" class="number">${metricLabel(name)}</th>`)}<th scope="col">What was seen</th></tr></thead>
        <tbody>${shown.map(each => caseRow(each, metrics))}</tbody>
      </table>`,
    )}
    ${others > 0 ? html`<p class="muted small">${plural(others, 'more case')} in the JSON document.</p>` : null}
  </details>`
}

/** The attribute of a `details` that is open. */
export const OPEN = html` open`

function caseRow(each: CaseResult, metrics: readonly string[]): Html {
  const { details } = each
  const [expected, got] = [details['expected'] ?? details['reference'], details['got'] ?? details['device']]
  return html`<tr><th scope="row" class="nowrap">${each.id}</th><td>${badge(each.status)}</td>${metrics.map(
    name => html`<td class="number">${formatMetric(name, each.metrics[name])}</td>`,
  )}<td class="wide">${each.reason === null ? null : html`<span class="reason">${each.reason}</span>`}${
    Object.keys(details).length === 0
      ? null
      : html`<dl class="texts">${Object.entries(details).map(
          ([name, text]) =>
            html`<dt>${metricLabel(name)}</dt><dd>${text === got && expected !== undefined ? marked(expected, text) : text}</dd>`,
        )}</dl>`
  }</td></tr>`
}

/** Scripts without spaces have no words to begin with. */
const LONGEST_WORD = 24

/** A text with what follows its first difference from the expected one marked. */
function marked(expected: string, got: string): Html {
  const [ours, theirs] = [[...expected], [...got]]
  let same = 0
  while (same < theirs.length && theirs[same] === ours[same]) same++
  const differsAt = same
  // From the beginning of the word, since half a word marked reads badly.
  while (same > 0 && differsAt - same < LONGEST_WORD && /\S/.test(theirs[same - 1] ?? ' ')) same--
  if (differsAt - same === LONGEST_WORD) same = differsAt
  if (differsAt === theirs.length)
    return differsAt === ours.length ? html`${got}` : html`${got}<mark>(ends here)</mark>`
  return html`${theirs.slice(0, same).join('')}<mark>${theirs.slice(same).join('')}</mark>`
}
