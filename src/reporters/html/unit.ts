/** One unit: who, what was remarked, its checks and benchmarks, and the command that shows it again. */

import type { UnitResult } from '../../events/result.ts'
import type { DeviceDescription, Placement } from '../../protocol/messages.ts'
import { formatCount, formatDuration, formatMetric, formatParameters, metricLabel, plural } from '../format.ts'
import { isFlaky, MEANINGS, reproduce, tally, WHOSE } from '../units.ts'
import { badge, facts, scrolling } from './badge.ts'
import { benchmarkPart } from './benchmark.ts'
import { checksPart } from './checks.ts'
import { type Html, html } from './markup.ts'

export function unitArticle(unit: UnitResult, anchor: string, device: DeviceDescription | undefined): Html {
  return html`<article class="panel unit ${unit.status}" id="${anchor}" aria-labelledby="${anchor}-title">
    <header>
      <div class="title"><h3 id="${anchor}-title">${unit.model} <span class="muted">on</span> ${unit.device} <span class="muted">in</span> ${unit.precision}</h3>${badge(unit.status)}${isFlaky(unit) ? badge('inconclusive', 'flaky') : null}</div>
      ${unit.status === 'pass' ? null : html`<p class="explain reason">${unit.fault === null ? null : html`<strong>By fault of ${WHOSE[unit.fault]}.</strong> `}${unit.reason ?? MEANINGS[unit.status]}</p>`}
      ${unit.remarks.map(remark => html`<p class="remark">${remark}</p>`)}
      ${facts('facts', [
        ['device', device?.name ?? unit.device],
        ['result', tally(unit)],
        ['parameters', unit.parameters === null ? null : formatParameters(unit.parameters)],
        [
          'runtime settings',
          Object.keys(unit.settings).length === 0 ? null : html`<span class="small">${settingsText(unit)}</span>`,
        ],
        ['computed in', unit.placement === null ? null : unit.placement.computedIn.join(', ')],
        [
          'took',
          `${formatDuration(unit.durationMs)}${unit.loadMs === null ? '' : `, ${formatDuration(unit.loadMs)} of it to load`}`,
        ],
        ['attempts', unit.attempts > 1 ? formatCount(unit.attempts) : null],
        [
          'fingerprint',
          unit.fingerprint === null
            ? null
            : html`<span class="code" title="${unit.fingerprint}">${unit.fingerprint.slice(0, 12)}</span>`,
        ],
        ...Object.entries(unit.telemetry).map(
          ([name, value]) => [metricLabel(name), value === null ? null : formatMetric(name, value)] as const,
        ),
        ...unit.artifacts.map(({ kind, path }) => [kind, html`<span class="code">${path}</span>`] as const),
      ])}
    </header>
    ${checksPart(unit.checks)}
    ${unit.benchmarks.map(benchmark => benchmarkPart(benchmark, unit.ceilings))}
    <section class="part evidence">
      ${unit.placement === null ? null : placementTable(unit.placement)}
      <div><h4>Run it alone</h4><pre><code>${reproduce(unit)}</code></pre></div>
    </section>
  </article>`
}

function settingsText({ settings }: UnitResult): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(' · ')
}

function placementTable({ operators }: Placement): Html | null {
  if (operators.length === 0) return null
  const nodes = operators.reduce((sum, operator) => sum + operator.nodes, 0)
  return html`<details>
    <summary>What ran where: ${plural(nodes, 'operator')}</summary>
    ${scrolling(
      'What ran where',
      html`<table>
        <thead><tr><th scope="col">Operator</th><th scope="col">Type</th><th scope="col">Provider</th><th scope="col" class="number">Nodes</th></tr></thead>
        <tbody>${operators.map(({ operator, type, provider, nodes }) => html`<tr><th scope="row">${operator}</th><td>${type}</td><td>${provider}</td><td class="number">${formatCount(nodes)}</td></tr>`)}</tbody>
      </table>`,
    )}
  </details>`
}
