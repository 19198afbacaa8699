/** A run's log as JSON lines: what one machine hands to another. */
import type { z } from 'zod'
import { AssayError } from '../errors.ts'
import { RunEvent } from '../events/event.ts'

export function formatLog(events: Iterable<RunEvent>): string {
  let text = ''
  for (const event of events) text += `${JSON.stringify(event)}\n`
  return text
}

/**
 * @param where - the file, for errors
 * @throws AssayError `log-invalid`, with the line
 */
export function parseLog(text: string, where: string): RunEvent[] {
  const events: RunEvent[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() !== '') events.push(parseEvent(line, `${where}:${index + 1}`))
  }
  if (events.length === 0) throw new AssayError('log-invalid', 'The log is empty.', { where })
  return events
}

/** @throws AssayError `log-invalid` */
export function parseEvent(json: string, where: string): RunEvent {
  const parsed = RunEvent.safeParse(parseJson(json, where))
  if (parsed.success) return parsed.data
  throw new AssayError('log-invalid', `This is not an event that this version knows: ${firstIssue(parsed.error)}.`, {
    where,
    hint: 'A log of a newer Assay needs that version.',
  })
}

function parseJson(json: string, where: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new AssayError('log-invalid', 'This line is not JSON; it may be cut off.', {
      where,
      hint: 'Copy the log again, whole, from the machine that wrote it.',
    })
  }
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]
  return issue === undefined ? error.message : `${issue.path.join('.') || 'event'}: ${issue.message}`
}
