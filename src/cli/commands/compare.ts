import { resolve } from 'node:path'
import { AssayError } from '../../errors.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { argument, listOption, option, outputFiles } from '../option.ts'
import { oneOf, percentAsShare } from '../readers.ts'

const BY = 0.05
const SIDE = 'a run (its id, last, last~1), RUN:DEVICE, a result (.json), a log (.jsonl) or a golden (.safetensors)'

export const compare = defineCommand({
  name: 'compare',
  group: 'Judge a device:',
  summary: 'two runs, devices or goldens side by side, with statistics',
  details: `What is not alike around the numbers, verdicts that changed, numbers of the checks, and of every benchmark the ratio B / A
with its interval and a Mann-Whitney test over the samples. With --fail-on the exit code is 1 where B got worse, else 0; docs/compare.md.`,
  arguments: { a: argument('<a>', SIDE), b: argument('<b>', 'the same; it is held against the first') },
  options: {
    failOn: listOption(
      '--fail-on <list>',
      'regression: a verdict, a unit that vanished, a metric worse by more than --by; inconclusive: what cannot be told',
      oneOf(() => ['regression', 'inconclusive']),
    ),
    by: option('--by <percent>', `what a metric may lose (default: ${BY * 100}%)`, percentAsShare),
    report: outputFiles(
      '--report <file>',
      'write a report, by its ending: .md (Markdown) or .json; may be given several times',
    ),
  },
  examples: [
    { command: 'compare last~1 last', about: 'the last two runs' },
    { command: 'compare last:ort:cpu last:torch:cpu', about: 'two devices of one run' },
    { command: 'compare nightly.jsonl last --fail-on regression --by 5%', about: 'a gate against a log that was kept' },
    { command: 'compare here.safetensors lab7.safetensors', about: 'two goldens, made on machines that never met' },
  ],
  async handler({ a, b, failOn, by, report }, context) {
    if (by !== null && failOn === null)
      throw new AssayError('argument-invalid', '--by is what --fail-on regression goes by, and nothing is to fail', {
        where: '--by',
        hint: 'add --fail-on regression, or leave --by out',
      })
    const { comparisonOf, writeComparison } = await import('../compared.ts')
    const { reportsOf } = await import('../comparison-reports.ts')
    const reports = reportsOf(report.map(file => resolve(context.cwd, file)))
    const comparison = await comparisonOf(a, b, failOn === null ? null : { failOn, by: by ?? BY }, context)
    writeComparison(comparison, reports, context)
    return comparison.gate?.failed === true ? EXIT.fail : EXIT.pass
  },
})
