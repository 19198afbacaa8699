import type { RunEvent } from '../../events/event.ts'
import { type Shape, shapeName } from '../../events/shape.ts'
import type { LiveReporter } from '../../reporters/reporter.ts'
import { printable } from '../../reporters/terminal/look.ts'

/** Tells every step in a line of its own: what --verbose adds. */
export function createNarrator(tell: (line: string) => void): LiveReporter {
  let lastActivity = ''
  return {
    name: 'verbose',
    onEvent: event => {
      const line = narrate(event)
      if (line === null) return
      if (event.type === 'activity') {
        if (event.text === lastActivity) return // how far it is changes far more often than what it does
        lastActivity = event.text
      }
      tell(printable(`  ${line}`))
    },
    end: () => {},
  }
}

function narrate(event: RunEvent): string | null {
  switch (event.type) {
    case 'unit-started':
      return `${event.unit}: attempt ${event.attempt}`
    case 'activity':
      return `${event.unit}: ${event.text}`
    case 'model-loaded':
      return `${event.unit}: loaded in ${Math.round(event.loadMs)} ms, computed in ${event.placement?.computedIn.join(', ') ?? 'unknown types'}`
    case 'check-ended':
      return `${event.unit}: ${event.check.name}: ${event.check.status}${reason(event.check.reason)}`
    case 'sample':
      return `${event.unit}: ${event.benchmark} ${shape(event.benchmark, event.shape)}batch ${event.batch}: ${values(event.values)}`
    case 'ceilings-measured': {
      const { reason: why, ...limits } = event.ceilings
      return `${event.unit}: the device gives at most ${values(limits)}${reason(why)}`
    }
    case 'point-ended':
      return `${event.unit}: ${event.benchmark} ${shape(event.benchmark, event.point.shape)}batch ${event.point.batch}: ${event.point.status}${reason(event.point.reason)}`
    case 'unit-ended':
    case 'run-started':
    case 'run-resumed':
    case 'run-interrupted':
    case 'run-ended':
    case 'reporter-failed':
      return null // the terminal's own lines
  }
}

function reason(text: string | null): string {
  return text === null ? '' : `: ${text}`
}

function shape(benchmark: string, shape: Shape | null): string {
  return shape === null ? '' : `${shapeName(benchmark, shape)}, `
}

function values(sample: Readonly<Record<string, number | null>>): string {
  return Object.entries(sample)
    .map(([name, value]) => `${name} ${value === null ? '-' : Number(value.toPrecision(4))}`)
    .join(', ')
}
