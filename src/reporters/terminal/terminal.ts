import { unitResultOf } from '../../events/document.ts'
import type { RunEvent } from '../../events/event.ts'
import { type FoldState, type RunState, step } from '../../events/fold.ts'
import type { ResultDocument } from '../../events/result.ts'
import { formatBytes, plural } from '../format.ts'
import type { LiveReporter, WrittenReport } from '../reporter.ts'
import { type Environment, legible, lookOf, type OutputStream, printable, widthOf } from './look.ts'
import { progress } from './progress.ts'
import { summary } from './summary.ts'
import { cut } from './text.ts'
import { unitLine } from './unit-line.ts'

export interface TerminalOptions {
  readonly stream: OutputStream
  /** For NO_COLOR, FORCE_COLOR, TERM, CI and the locale. */
  readonly env: Environment
  /** The wall clock, ms since the epoch, as in the events. */
  readonly now: () => number
  /** In columns; the stream's own where it is not given. */
  readonly width?: number | undefined
  /** Calls back until the function that it gives is called; only used on a terminal. */
  readonly every?: (ms: number, call: () => void) => () => void
}

/** Redraws are at least this far apart, so that a stream of samples costs nothing. */
const REDRAW_MS = 80

/**
 * The terminal reporter: on a terminal the current unit is redrawn below the finished ones; piped, each finished unit
 * is one line. Tables and reasons come at the end. It hears a log from its first event; a resumed run is replayed to it.
 */
export function createTerminal(options: TerminalOptions): LiveReporter {
  const { stream, now } = options
  const look = lookOf(stream, options.env)
  const every = options.every ?? everyInterval
  let state: FoldState = null
  let drawn = 0
  let drawnAtMs = Number.NEGATIVE_INFINITY
  let frame = 0
  let stop: (() => void) | null = null

  const width = () => widthOf(stream, options.width)
  const erase = () => {
    const text = drawn === 0 ? '' : `\r${drawn > 1 ? `\x1b[${drawn - 1}A` : ''}\x1b[0J`
    drawn = 0
    return text
  }
  const region = (current: RunState) => {
    if (!look.isLive || current.phase !== 'running') return ''
    const lines = progress(current, { look, width: width() - 1, nowMs: now(), frame })
    drawn = lines.length
    drawnAtMs = now()
    return lines.join('\n')
  }
  const redraw = () => {
    if (state !== null) stream.write(erase() + region(state))
  }
  /** Lines that stay; what is being redrawn moves below them. */
  const print = (current: RunState, ...lines: readonly string[]) =>
    stream.write(`${erase()}${lines.map(line => `${legible(look, line)}\n`).join('')}${region(current)}`)

  const start = (current: RunState) => {
    const { started } = current
    const { host, reference } = started
    const { bold, dim } = look.colors
    print(
      current,
      `${bold('assay')}  ${printable(started.plan)} · ${plural(started.units.length, 'unit')} · run ${printable(started.run)}`,
      dim(
        cut(
          printable(
            `${host.cpu} · ${plural(host.threads, 'thread')} · ${formatBytes(host.memoryBytes)} · reference ${reference.device} ${reference.precision}`,
          ),
          width() - 1,
        ),
      ),
      '',
    )
    if (look.isLive)
      stop = every(REDRAW_MS * 2, () => {
        frame++
        redraw()
      })
  }

  const onEvent = (event: RunEvent) => {
    state = step(state, event)
    switch (event.type) {
      case 'run-started':
        return start(state)
      case 'unit-ended': {
        const unit = unitResultOf(state, event.unit)
        if (unit !== null) print(state, unitLine(unit, state.started.units, { look, width: width() - 1 }))
        return
      }
      case 'reporter-failed':
        return print(
          state,
          look.colors.yellow(`⚠ the ${printable(event.reporter)} report failed: ${printable(event.message)}`),
        )
      case 'run-interrupted':
        return print(state, look.colors.yellow('⚠ interrupted'))
      case 'run-resumed':
        return print(state, look.colors.dim('resumed'))
      case 'unit-started':
      case 'activity':
      case 'model-loaded':
      case 'ceilings-measured':
      case 'sample':
      case 'check-ended':
      case 'point-ended':
      case 'run-ended':
        if (look.isLive && now() - drawnAtMs >= REDRAW_MS) redraw()
        return
    }
  }

  return {
    name: 'terminal',
    onEvent,
    end: (result: ResultDocument, written: readonly WrittenReport[]) => {
      stop?.()
      stream.write(`${erase()}${summary(result, written, { look, width: width() - 1 })}`)
    },
  }
}

function everyInterval(ms: number, call: () => void): () => void {
  const timer = setInterval(call, ms)
  // A forgotten reporter must not keep the process alive.
  timer.unref()
  return () => clearInterval(timer)
}
