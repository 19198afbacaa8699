import { resolve } from 'node:path'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { optionalArgument } from '../option.ts'

export const devices = defineCommand({
  name: 'devices',
  group: 'Look around:',
  summary: 'what models can run on here, as --device takes it',
  arguments: { plan: optionalArgument('[plan]', 'a plan, for the engines that it adds') },
  options: {},
  examples: [
    { command: 'devices', about: 'every device of every engine that works here' },
    { command: 'devices plans/targets.yaml', about: 'with those that a plan adds' },
    { command: 'devices --json', about: 'drivers, threads and versions too, for a script' },
  ],
  async handler({ plan }, { output, cwd }) {
    const { lookAround } = await import('../run/here.ts')
    const { jobOf } = await import('../run/narrowing.ts')
    const { formatBytes } = await import('../../reporters/format.ts')
    const { renderTable } = await import('../table.ts')
    const job = plan === null ? null : jobOf(plan, { models: null, devices: null, precisions: null }, cwd)
    const { discovered } = await lookAround(job?.plan.engines ?? {}, job?.base ?? resolve(cwd), output)
    output.answer({ devices: discovered.devices, problems: discovered.problems }, () =>
      discovered.devices.length === 0
        ? 'No device was found here.'
        : renderTable(
            [
              { header: ['device'] },
              { header: ['kind'] },
              { header: ['memory'], align: 'right' },
              { header: ['precisions'] },
              { header: ['name'], isFlexible: true },
            ],
            discovered.devices.map(({ id, kind, memoryBytes, precisions, name }) => [
              id,
              kind,
              formatBytes(memoryBytes),
              precisions.join(' '),
              name,
            ]),
            output,
          ),
    )
    return EXIT.pass
  },
})
