import { resolve } from 'node:path'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { asText, flag, option, restArgument } from '../option.ts'
import { secondsAsMs } from '../readers.ts'

export const engineCheck = defineCommand({
  name: 'engine check',
  group: 'Add a device:',
  summary: 'does a worker speak the protocol?',
  details:
    'Every rule of the protocol is tried out. Exit code 0 where it conforms, 1 where it breaks a rule. docs/protocol.md has the rules.',
  arguments: { command: restArgument('<command...>', "the worker's command, after --") },
  options: {
    stdio: flag('--stdio', 'frames over standard input and output, as through ssh, in place of descriptors 3 and 4'),
    model: option('--model <path>', 'a model that the worker can load, for the rules of loading and running', asText),
    timeout: option('--timeout <seconds>', 'how long each answer may take (default: 60)', secondsAsMs),
  },
  examples: [
    { command: 'engine check -- ./npu-worker --verbose', about: 'a worker of your own' },
    { command: 'engine check --stdio -- ssh lab7 assay worker ort', about: 'one on another machine' },
  ],
  async handler({ command, stdio, model, timeout }, { output, cwd }) {
    const { checkWorker } = await import('../../host/conformance.ts')
    const { renderTable } = await import('../table.ts')
    const report = await checkWorker(
      { command, stdio, cwd },
      {
        ...(model === null ? {} : { model: resolve(cwd, model) }),
        ...(timeout === null ? {} : { answerMs: timeout }),
      },
    )
    const broken = report.checks.filter(({ status }) => status === 'fail').length
    output.answer(report, () =>
      [
        renderTable(
          [
            { header: [''] },
            { header: ['the worker'], isFlexible: true },
            { header: ['what it did'], isFlexible: true },
          ],
          report.checks.map(({ name, status, detail }) => [status, name, detail]),
          output,
        ),
        '',
        report.conforms
          ? `${report.engine ?? 'The worker'} conforms.`
          : `${report.engine ?? 'The worker'} breaks ${broken} of the rules.`,
      ].join('\n'),
    )
    return report.conforms ? EXIT.pass : EXIT.fail
  },
})
