import { describe, expect, test } from 'vitest'
import { bodies, log, number, UNITS } from '../../../tests/reporters/fixture.ts'
import { resultOf } from '../../events/document.ts'
import type { RunEvent } from '../../events/event.ts'
import { createTerminal } from './terminal.ts'
import { displayWidth } from './text.ts'

/** What a terminal of `width` columns shows after escape codes were obeyed: only those that the reporter uses. */
function screen(output: string): string[] {
  const lines = ['']
  let row = 0
  let column = 0
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what is read
  for (const token of output.match(/\x1b\[\d*[A-Za-z]|[\r\n]|[^\x1b\r\n]+/g) ?? []) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what is read
    const code = /^\x1b\[(\d*)([A-Za-z])$/.exec(token)
    if (code) {
      if (code[2] === 'A') row -= Number(code[1])
      else if (code[2] === 'J') lines.splice(row, lines.length, (lines[row] ?? '').slice(0, column))
      else if (code[2] !== 'm') throw new Error(`unexpected escape code ${JSON.stringify(token)}`)
    } else if (token === '\n') {
      row++
      column = 0
      lines[row] ??= ''
    } else if (token === '\r') column = 0
    else {
      const line = lines[row] ?? ''
      lines[row] = line.slice(0, column) + token + line.slice(column + token.length)
      column += token.length
    }
  }
  return lines
}

interface Setting {
  readonly isTTY?: boolean
  readonly env?: Record<string, string>
  readonly width?: number
}

function run(events: readonly RunEvent[], { isTTY = false, env = {}, width }: Setting = {}, isEnded = true) {
  let output = ''
  let clock = 0
  const ticks = new Set<() => void>()
  const terminal = createTerminal({
    stream: { write: text => (output += text), isTTY, columns: width },
    env: { LANG: 'C.UTF-8', ...env },
    now: () => clock,
    every: (_, call) => {
      ticks.add(call)
      return () => ticks.delete(call)
    },
  })
  for (const event of events) {
    clock = event.timeMs
    terminal.onEvent(event)
    for (const tick of ticks) tick()
  }
  const result = resultOf(events)
  if (isEnded && result !== null) terminal.end(result, [{ name: 'html', path: 'out/report.html' }])
  return { output, ticking: ticks.size }
}

describe('piped', () => {
  test('the output has no escape codes and one line for each finished unit', () => {
    const { output } = run(log())
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
    expect(output).not.toMatch(/[\x1b\r\x00-\x08]/)
    const finished = output.split('\n').slice(0, 16)
    for (const { model, device, precision } of Object.values(UNITS)) {
      const line = new RegExp(`^. ${model} +${device} +${precision} `)
      expect(finished.filter(text => line.test(text)).length).toBeGreaterThanOrEqual(1)
    }
  })

  test('a reason is given on its line in full, with its line breaks as spaces', () => {
    expect(run(log()).output).toMatch(/^! arch\/llama@1b .* SIGSEGV during `measure` .*flash_fwd_kernel\.h:412$/m)
  })

  test('the end has the matrix, each table, every reason, the reports and the verdict last', () => {
    const { output } = run(log())
    expect(output).toMatch(/^zoo\/llama +✓ pass +✓ pass +✗ fail +✓ pass +○ skip +✗ fail$/m)
    expect(output).toMatch(/top-1 flips +214 {2}= 0/)
    expect(output).toMatch(/✓ 16 sat +16\.80 +18\.01 +2\.900 +2\.912 +344\.8 +5,133 {2}5\.58 GiB {2}6\.98 %/)
    expect(output).toMatch(/known-answers: 3 of 4 answers are right/)
    expect(output).toMatch(/→ Run it alone: assay bench zoo\/llama --device ort:webgpu --precision fp16/)
    expect(output).toMatch(/html report {2}out\/report\.html/)
    expect(output.slice(-400)).toMatch(/! ERROR {2}3 pass · 2 fail · 1 error · 1 inconclusive · 1 skip/)
  })

  test.each([80, 120])('no line of the summary is wider than %d columns', width => {
    const { output } = run(log(), { width })
    const summary = output.slice(output.indexOf('\n\n', output.indexOf('SIGSEGV')))
    expect(summary.split('\n').filter(line => displayWidth(line) > width)).toEqual([])
  })

  test('an unfinished run says so and how to go on', () => {
    const events = log()
    const { output } = run(events.slice(0, events.findIndex(event => event.type === 'run-interrupted') + 1))
    expect(output).toContain('⚠ interrupted')
    expect(output).toMatch(/The run is\s+not complete/)
    expect(output).toMatch(/assay run --resume 20250611-142233-7f3a/)
  })
})

describe('on a terminal', () => {
  test('what stays is what is printed when piped, but for the ends of lines', () => {
    const [live, piped] = [run(log(), { isTTY: true, width: 400, env: { NO_COLOR: '1' } }), run(log(), { width: 400 })]
    expect(screen(live.output).join('\n')).toBe(piped.output)
  })

  test('the unit under way is shown below the finished ones, with its activity, and fits', () => {
    const events = log()
    const cut = events.findIndex(
      event => event.type === 'activity' && event.text === 'check determinism' && event.unit === UNITS.wrong.id,
    )
    const { output, ticking } = run(events.slice(0, cut + 1), { isTTY: true, width: 80, env: { NO_COLOR: '1' } }, false)
    const shown = screen(output)
    expect(shown.at(-2)).toMatch(/^. 3\/8 {2}zoo\/llama {2}ort:cpu {2}int8$/)
    expect(shown.at(-1)).toMatch(/^ {2}check determinism █{15}░{5} 3\/4 {2}\d+ s {2}✓ 2$/)
    for (const line of shown) expect(displayWidth(line)).toBeLessThan(80)
    expect(ticking).toBe(1)
  })

  test('nothing ticks on after the end', () => expect(run(log(), { isTTY: true }).ticking).toBe(0))

  test('a narrow window never wraps a line that is drawn over', () => {
    for (let length = 1; length < log().length; length++) {
      const { output } = run(log().slice(0, length), { isTTY: true, width: 40 }, false)
      const [first = '', second = ''] = screen(output).slice(-2)
      if (/^.* \d+\/8 /.test(first)) expect(Math.max(displayWidth(first), displayWidth(second))).toBeLessThan(40)
    }
  })
})

test('a hostile name or reason reaches the terminal without its escape codes', () => {
  const evil = '\x1b[2J\x1b]0;owned\x07evil\r'
  const events = [...number(bodies())].map(event => {
    if (event.type === 'run-started')
      return { ...event, units: event.units.map(unit => ({ ...unit, model: evil + unit.model })) }
    if (event.type === 'unit-ended' && event.reason !== null) return { ...event, reason: evil + event.reason }
    if (event.type === 'activity') return { ...event, text: evil }
    return event
  })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
  expect(run(events).output).not.toMatch(/[\x1b\r\x07]/)
  expect(() => screen(run(events, { isTTY: true, env: { NO_COLOR: '1' } }).output)).not.toThrow()
})
