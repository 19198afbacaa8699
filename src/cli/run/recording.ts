/** Where a run's events go: into the store, and from there to whoever watches. */
import { resultOf } from '../../events/document.ts'
import type { EventBody, RunEvent } from '../../events/event.ts'
import type { ResultDocument } from '../../events/result.ts'
import { createDispatch } from '../../reporters/dispatch.ts'
import type { WrittenReport } from '../../reporters/reporter.ts'
import { createTerminal } from '../../reporters/terminal/terminal.ts'
import type { Store } from '../../store/store.ts'
import type { Output } from '../output.ts'
import { reporterOf, writeReport } from '../report-file.ts'
import { createNarrator } from './narrator.ts'

export interface Recording {
  emit(body: EventBody): void
  /** Shows what was recorded before, so that a resumed run is seen whole. */
  replay(events: readonly RunEvent[]): void
  /** Writes the reports, shows the summary, and gives the result. */
  end(reports: readonly string[]): ResultDocument
}

/** Records a run that goes by `run` in the store. Under --json the live view goes to standard error. */
export function createRecording(store: Store, run: string, output: Output, isVerbose: boolean): Recording {
  const stream = output.isJson ? output.stderr : output.stdout
  // A narrator's lines and a view that redraws itself do not go together.
  const env = isVerbose ? { ...output.env, CI: '1' } : output.env
  const reporters = [
    createTerminal({ stream, env, now: Date.now }),
    ...(isVerbose ? [createNarrator(output.note)] : []),
  ]
  const failed = (reporter: string, error: unknown) =>
    emit({ type: 'reporter-failed', reporter, message: error instanceof Error ? error.message : String(error) })
  const dispatch = createDispatch(reporters, failed)
  function emit(body: EventBody): void {
    dispatch.event(store.append(run, body))
  }
  const result = () => {
    const document = resultOf(store.events(run))
    if (document === null) throw new Error(`run ${run} has no events`)
    return document
  }
  return {
    emit,
    replay: events => {
      for (const event of events) dispatch.event(event)
    },
    end: reports => {
      const written = reports.flatMap((path): WrittenReport[] => {
        const reporter = reporterOf(path)
        return writeReport(reporter, result(), path, failed) ? [{ name: reporter.name, path }] : []
      })
      const document = result()
      dispatch.end(document, written)
      return document
    },
  }
}
