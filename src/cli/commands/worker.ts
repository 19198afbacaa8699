import { AssayError } from '../../errors.ts'
import { defineCommand } from '../command.ts'
import { argument } from '../option.ts'

export const worker = defineCommand({
  name: 'worker',
  group: 'Add a device:',
  summary: "an engine's worker on this process's own streams",
  details: `Not for people: it speaks the worker protocol (docs/protocol.md) over standard input and output. A plan uses a
device of another machine with it: engines: { lab7: { command: [ssh, lab7, assay, worker, ort], stdio: true } }`,
  arguments: { engine: argument('<engine>', 'an engine that comes with Assay: ort') },
  options: {},
  examples: [
    { command: 'worker ort', about: 'what ssh starts on the other machine' },
    { command: 'engine check --stdio -- ssh lab7 assay worker ort', about: 'whether it can be reached' },
  ],
  async handler({ engine }) {
    const { engines, engineCommand, isEngineName } = await import('../../engines/index.ts')
    if (!isEngineName(engine)) {
      const { didYouMean } = await import('../../plan/nearest.ts')
      throw new AssayError('device-unknown', `there is no engine '${engine}'`, {
        hint: didYouMean(engine, Object.keys(engines), 'engines'),
      })
    }
    const [program, script, ...rest] = engineCommand(engine)
    // The worker's script reads its own arguments; it lives until its host is gone, and then ends the process.
    process.argv = [program, script ?? '', ...rest]
    await import('../../engines/worker.ts')
    return new Promise<never>(() => {})
  },
})
