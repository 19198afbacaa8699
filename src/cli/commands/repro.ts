import { defineCommand } from '../command.ts'
import { asText, option, optionalArgument } from '../option.ts'
import { check, device, precision } from '../readers.ts'

export const repro = defineCommand({
  name: 'repro',
  group: 'Take along:',
  startsEngines: true,
  summary: 'a folder that shows a failed check again',
  details: `The folder holds the inputs, both outputs as goldens, the model where it is small, a plan and a README with the one
command that shows the failure again. A run keeps numbers and not tensors, so reference and device are computed again for it. Exit code
0 where the check failed again, 3 where it did not or could not be run.`,
  arguments: { run: optionalArgument('[run]', "the beginning of a run's id, last or last~1 (default: last)") },
  options: {
    check: option('--check <check>', 'which check (default: the first that failed)', check),
    model: option('-m, --model <model>', 'on which model, as the plan names it', asText),
    device: option('-d, --device <device>', 'on which device', device),
    precision: option('-p, --precision <precision>', 'in which precision', precision),
    output: option('-o, --output <folder>', 'a new folder (default: repro-RUN-CHECK)', asText),
  },
  examples: [
    { command: 'repro', about: 'the first check that failed in the latest run' },
    {
      command: 'repro 3f9a --check greedy-agreement --device ort:webgpu -o for-the-driver-team',
      about: 'a certain one, into a folder of your own',
    },
  ],
  async handler({ run, output, ...wanted }, context) {
    const { repro: make } = await import('../run/repro.ts')
    return make({ run: run ?? 'latest', folder: output, wanted }, context)
  },
})
