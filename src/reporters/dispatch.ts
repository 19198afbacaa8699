import type { RunEvent } from '../events/event.ts'
import type { ResultDocument } from '../events/result.ts'
import type { LiveReporter, Reporter, WrittenReport } from './reporter.ts'

/** Told which reporter threw; it may dispatch in turn, since that reporter hears nothing more. */
export type OnFailure = (reporter: string, error: unknown) => void

export interface Dispatch {
  event(event: RunEvent): void
  end(result: ResultDocument, written: readonly WrittenReport[]): void
}

/** Hands what happens to every reporter. One that throws is named to `onFailure` and left out from then on; the run goes on. */
export function createDispatch(reporters: readonly LiveReporter[], onFailure: OnFailure): Dispatch {
  const working = new Set(reporters)
  const each = (call: (reporter: LiveReporter) => void) => {
    for (const reporter of [...working]) {
      if (!working.has(reporter)) continue
      try {
        call(reporter)
      } catch (error) {
        working.delete(reporter)
        onFailure(reporter.name, error)
      }
    }
  }
  return {
    event: event => each(reporter => reporter.onEvent(event)),
    end: (result, written) => each(reporter => reporter.end(result, written)),
  }
}

/** A report's text, or null where its reporter threw, which `onFailure` is told. */
export function renderReport(reporter: Reporter, result: ResultDocument, onFailure: OnFailure): string | null {
  try {
    return reporter.render(result)
  } catch (error) {
    onFailure(reporter.name, error)
    return null
  }
}
