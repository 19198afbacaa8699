import { AssayError } from '../../errors.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { asText, option, optionalArgument } from '../option.ts'
import { oneOf } from '../readers.ts'

export const report = defineCommand({
  name: 'report',
  group: 'Look around:',
  summary: 'show or write the report of a run',
  details: `The exit code says whether the report was made, not what is in it.`,
  arguments: { run: optionalArgument('[run]', "the beginning of a run's id, last or last~1 (default: last)") },
  options: {
    format: option(
      '-f, --format <format>',
      "terminal, html, json, junit, markdown, csv, or log: the run's events, for another machine (default: by the file's ending, else terminal)",
      oneOf(async () => (await import('../stored-report.ts')).REPORT_FORMATS),
    ),
    output: option('-o, --output <file>', 'write to a file, in place of standard output', asText),
    log: option('--log <file>', 'report on a log from another machine, in place of a run made here', asText),
  },
  examples: [
    { command: 'report', about: 'the latest run, in the terminal' },
    { command: 'report 3f9a -o report.html', about: 'a run by the beginning of its id, as a page' },
    { command: 'report --format log -o run.jsonl', about: 'on the machine that ran it: take the log along' },
    { command: 'report --log run.jsonl -o report.html', about: 'and on another: the same report' },
  ],
  async handler({ run, format: asked, output: file, log }, context) {
    if (run !== null && log !== null)
      throw new AssayError('argument-invalid', 'a run and --log cannot be given together', {
        hint: 'leave one of them out',
      })
    const { formatFor, loadEvents, renderRun, write } = await import('../stored-report.ts')
    const format = formatFor(asked, file, context.output.isJson)
    const text = renderRun(await loadEvents(run, log, context), format, file, context.output)
    write(text, file, context)
    return EXIT.pass
  },
})
