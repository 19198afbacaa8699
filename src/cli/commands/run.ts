import { resolve } from 'node:path'
import { defineCommand } from '../command.ts'
import { asText, flag, listOption, optionalArgument, optionalValue, usualFiles } from '../option.ts'
import { device, PRECISION_WORDS, precision, REPORTS } from '../readers.ts'

/** The report that `assay run` leaves behind. */
const REPORT = 'assay-report.html'

export const run = defineCommand({
  name: 'run',
  group: 'Judge a device:',
  startsEngines: true,
  summary: 'run a plan: its checks and benchmarks, on its devices',
  details: `Without PLAN it runs the default plan: the small Llama that comes with Assay, on every device found here.
A run that was interrupted or killed goes on with --resume; units that had ended are kept.`,
  arguments: {
    plan: optionalArgument('[plan]', 'a YAML file, or the name of a plan that comes with Assay (default: default)'),
  },
  options: {
    device: listOption('-d, --device <list>', "run on these devices, in place of the plan's", device),
    model: listOption('-m, --model <list>', "run these models, in place of all of the plan's", asText),
    precision: listOption('-p, --precision <list>', `in these precisions: ${PRECISION_WORDS}`, precision),
    resume: optionalValue(
      '--resume [run]',
      'go on with a run by the beginning of its id (default: the latest unfinished)',
    ),
    report: usualFiles('--report <file>', REPORTS, REPORT, '--no-report'),
    verbose: flag('-v, --verbose', 'tell every step on standard error'),
  },
  examples: [
    { command: 'run', about: 'everything, on every device found here' },
    { command: 'run plans/targets.yaml --device ort:cpu', about: 'a plan of your own, on one device' },
    { command: 'run --report out.html --report junit.xml --report summary.md', about: 'in continuous integration' },
    { command: 'run --precision int8 --no-report --json > result.json', about: 'for a script' },
    { command: 'run --resume', about: 'go on with what was interrupted' },
  ],
  async handler({ plan, device: devices, model: models, precision: precisions, resume, report, verbose }, context) {
    const settings = { reports: report.map(file => resolve(context.cwd, file)), isVerbose: verbose }
    if (resume !== null) {
      const { refuseBeside } = await import('../run/narrowing.ts')
      refuseBeside('--resume', { '[plan]': plan, '--device': devices, '--model': models, '--precision': precisions })
      const { resumePlan } = await import('../run/resume.ts')
      return resumePlan(resume === '' ? null : resume, settings, context)
    }
    const { executePlan } = await import('../run/execute.ts')
    const { jobOf } = await import('../run/narrowing.ts')
    return executePlan(jobOf(plan, { models, devices, precisions }, context.cwd), settings, context)
  },
})
