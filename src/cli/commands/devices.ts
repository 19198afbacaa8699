import { resolve } from 'node:path'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { engineSpecs, namedEngines } from '../named-engines.ts'
import { optionalArgument } from '../option.ts'

export const devices = defineCommand({
  name: 'devices',
  group: 'Look around:',
  startsEngines: true,
  summary: 'what models can run on here, as --device takes it',
  arguments: { plan: optionalArgument('[plan]', 'a plan, for the engines that it adds') },
  options: { engine: namedEngines },
  examples: [
    { command: 'devices', about: 'every device of every engine that works here' },
    { command: 'devices plans/targets.yaml', about: 'with those that a plan adds' },
    { command: 'devices --json', about: 'drivers, threads and versions too, for a script' },
  ],
  async handler({ plan, engine: named }, { output, cwd }) {
    const { lookAround } = await import('../run/here.ts')
    const { jobOf } = await import('../run/narrowing.ts')
    const { foundDevices } = await import('../found-devices.ts')
    const job = plan === null ? null : jobOf(plan, { models: null, devices: null, precisions: null }, cwd)
    const engines = { ...job?.plan.engines, ...engineSpecs(named) }
    const { discovered } = await lookAround(engines, job?.base ?? resolve(cwd), 'all', output)
    const { devices, problems } = discovered
    output.answer({ devices, problems }, () => foundDevices(discovered, output))
    return EXIT.pass
  },
})
