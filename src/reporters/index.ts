import { htmlReport } from './html/page.ts'
import { json } from './json.ts'
import type { Reporter } from './reporter.ts'

/** Every reporter by its name; a new one is a file and a line here. */
export const REPORTERS = { html: htmlReport, json } as const satisfies Record<string, Reporter>
