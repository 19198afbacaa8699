import type { RunEvent } from '../events/event.ts'
import type { ResultDocument } from '../events/result.ts'

/** A report that is written when a run is over: a pure function of the result document. */
export interface Reporter {
  readonly name: string
  /** Of the file, without its dot. */
  readonly extension: string
  render(result: ResultDocument): string
}

/** A report that was written, and where. */
export interface WrittenReport {
  readonly name: string
  readonly path: string
}

/** A report that follows a run while it goes on. */
export interface LiveReporter {
  readonly name: string
  onEvent(event: RunEvent): void
  /** Called once, after the last event. */
  end(result: ResultDocument, written: readonly WrittenReport[]): void
}
