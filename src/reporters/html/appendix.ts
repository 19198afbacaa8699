/** What a reader needs to trust or repeat the run: where it ran, by which thresholds, and how to run it again. */
import type { ResultDocument, Threshold } from '../../events/result.ts'
import { formatBytes, formatThreshold, metricLabel, NOTHING, plural } from '../format.ts'
import { handOn, MEANINGS, reproduceRun, STATUSES } from '../units.ts'
import { badge, facts, scrolling } from './badge.ts'
import { type Html, html } from './markup.ts'

export function whereSection({ host, devices }: ResultDocument): Html {
  return html`<section aria-labelledby="where"><h2 id="where">Where it ran</h2><div class="panel unit">
    <header>${facts('facts', [
      ['system', host.os],
      ['processor', `${host.cpu}, ${plural(host.threads, 'thread')}`],
      ['memory', formatBytes(host.memoryBytes)],
      ...Object.entries(host.versions).map(([name, version]) => [name, version] as const),
    ])}</header>
    <div class="part">${scrolling(
      'Devices',
      html`<table>
        <thead><tr><th scope="col">Device</th><th scope="col">Name</th><th scope="col">Kind</th><th scope="col" class="number">Memory</th><th scope="col">Precisions</th><th scope="col">Properties</th></tr></thead>
        <tbody>${devices.map(
          device =>
            html`<tr><th scope="row" class="nowrap">${device.id}</th><td>${device.name}</td><td>${device.kind}</td><td class="number">${device.memoryBytes === null ? NOTHING : formatBytes(device.memoryBytes)}</td><td class="nowrap">${device.precisions.join(', ')}</td><td class="small wide">${Object.entries(
              device.properties,
            )
              .map(([name, value]) => `${name} ${value}`)
              .join(' · ')}</td></tr>`,
        )}</tbody>
      </table>`,
    )}</div>
  </div></section>`
}

export function thresholdsSection({ units }: ResultDocument): Html | null {
  const rows = new Map<string, { check: string; metric: string; threshold: Threshold; precisions: Set<string> }>()
  for (const unit of units) {
    for (const check of unit.checks) {
      for (const [metric, threshold] of Object.entries(check.thresholds)) {
        const key = JSON.stringify([check.name, metric, threshold])
        const row = rows.get(key) ?? { check: check.name, metric, threshold, precisions: new Set() }
        row.precisions.add(unit.precision)
        rows.set(key, row)
      }
    }
  }
  if (rows.size === 0) return null
  const sorted = [...rows.values()].sort((a, b) => a.check.localeCompare(b.check) || a.metric.localeCompare(b.metric))
  return html`<section aria-labelledby="thresholds"><h2 id="thresholds">Thresholds and their sources</h2><div class="panel">${scrolling(
    'Thresholds',
    html`<table>
      <thead><tr><th scope="col">Check</th><th scope="col">Metric</th><th scope="col">Threshold</th><th scope="col">In</th><th scope="col">Source</th></tr></thead>
      <tbody>${sorted.map(
        ({ check, metric, threshold, precisions }) =>
          html`<tr><th scope="row" class="nowrap">${check}</th><td>${metricLabel(metric)}</td><td class="nowrap">${formatThreshold(metric, threshold)}</td><td>${[...precisions].join(', ')}</td><td class="source">${threshold.source}</td></tr>`,
      )}</tbody>
    </table>`,
  )}</div></section>`
}

export function againSection(result: ResultDocument): Html {
  return html`<section aria-labelledby="again"><h2 id="again">Run it again</h2>
    <pre><code>${reproduceRun(result)}</code></pre>
    ${handOn(result) === null ? null : html`<p>A failed check as a folder to hand on, with its inputs, both outputs and the command that shows it again:</p><pre><code>${handOn(result) ?? ''}</code></pre>`}
    <p class="muted small">A plan that is a file of your own is named by its path. The command of each unit stands at its end. The whole result document is embedded in this file as JSON, in the element <code>assay-result</code>.</p>
    <h2>How to read it</h2>
    <dl class="facts meanings">${STATUSES.map(status => html`<div><dt>${badge(status)}</dt><dd>${MEANINGS[status]}</dd></div>`)}</dl>
  </section>`
}
