import { csv } from './csv.ts'
import { htmlReport } from './html/page.ts'
import { json } from './json.ts'
import { junit } from './junit.ts'
import { markdown } from './markdown/report.ts'
import type { Reporter } from './reporter.ts'

/** Every reporter by its name; a new one is a file and a line here. */
export const REPORTERS = { html: htmlReport, json, junit, markdown, csv } as const satisfies Record<string, Reporter>

export type ReporterName = keyof typeof REPORTERS

function isReporterName(name: string): name is ReporterName {
  return Object.hasOwn(REPORTERS, name)
}

export const reporterNames: readonly ReporterName[] = Object.keys(REPORTERS).filter(isReporterName)

/** The reporter that writes files of an ending, `.html`; undefined where none does. */
export function reporterFor(ending: string): Reporter | undefined {
  return Object.values(REPORTERS).find(({ extension }) => `.${extension}` === ending.toLowerCase())
}
