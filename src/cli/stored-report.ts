/** Reports of runs that are over, from the store or from a log. */
import { readFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { AssayError } from '../errors.ts'
import { resultOf } from '../events/document.ts'
import type { RunEvent } from '../events/event.ts'
import { REPORTERS, type ReporterName, reporterFor, reporterNames } from '../reporters/index.ts'
import { lookOf, widthOf } from '../reporters/terminal/look.ts'
import { summary } from '../reporters/terminal/summary.ts'
import { formatLog, parseLog } from '../store/log.ts'
import type { Context } from './command.ts'
import type { Output } from './output.ts'
import { writeText } from './report-file.ts'
import { withRuns } from './store.ts'

type ReportFormat = 'terminal' | 'log' | ReporterName

/** Every format that a stored run can be shown in. */
export const REPORT_FORMATS: readonly ReportFormat[] = ['terminal', ...reporterNames, 'log']

function formatByEnding(file: string): ReportFormat | undefined {
  const ending = extname(file)
  return ending === '.jsonl' ? 'log' : reporterNames.find(name => REPORTERS[name] === reporterFor(ending))
}

/**
 * The format that was asked for, or that the file's name asks for. Under --json standard output takes JSON alone.
 * @throws AssayError `argument-invalid` for another format there
 */
export function formatFor(asked: ReportFormat | null, file: string | null, isJson: boolean): ReportFormat {
  if (file !== null) return asked ?? formatByEnding(file) ?? (isJson ? 'json' : 'terminal')
  if (!isJson) return asked ?? 'terminal'
  if (asked === null || asked === 'json') return 'json'
  throw new AssayError('argument-invalid', `--json and --format ${asked} cannot share standard output`, {
    hint: 'write the report to a file with --output FILE',
  })
}

/** The events of a log's file, or of a run made here. Throws AssayError `run-not-found`, `log-invalid`. */
export async function loadEvents(run: string | null, log: string | null, context: Context): Promise<RunEvent[]> {
  if (log !== null) return parseLog(readLog(resolve(context.cwd, log), log), log)
  return withRuns(context, store => store.events(store.find(run ?? 'latest').id))
}

function readLog(path: string, where: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : null
    if (code === null) throw error
    throw new AssayError(
      'log-invalid',
      code === 'ENOENT' ? 'there is no such log' : `the log cannot be read (${code})`,
      {
        where,
        hint: '`assay report RUN --format log -o FILE` writes one',
      },
    )
  }
}

/** A report as text. Throws AssayError `log-invalid` for events that do not hold together. */
export function renderRun(
  events: readonly RunEvent[],
  format: ReportFormat,
  file: string | null,
  { stdout, env }: Output,
): string {
  if (format === 'log') return formatLog(events)
  const result = resultOf(events)
  if (result === null) throw new AssayError('log-invalid', 'the log is empty')
  if (format !== 'terminal') return REPORTERS[format].render(result)
  // A file takes no colours and has no width of its own.
  const stream = file === null ? stdout : { write: () => undefined }
  return summary(result, [], { look: lookOf(stream, env), width: widthOf(stream, undefined) - 1 })
}

/** To the file, telling so; or to standard output. */
export function write(text: string, file: string | null, { output, cwd }: Context): void {
  if (file === null) {
    output.raw(text)
    return
  }
  const path = resolve(cwd, file)
  writeText(path, text)
  output.answer({ written: path, sizeBytes: Buffer.byteLength(text) }, () => `written: ${path}`)
}
