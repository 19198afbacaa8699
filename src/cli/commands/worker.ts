import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { AssayError } from '../../errors.ts'
import { defineCommand } from '../command.ts'
import { argument } from '../option.ts'

export const worker = defineCommand({
  name: 'worker',
  group: 'Add a device:',
  summary: "an engine's worker on this process's own streams",
  details: `Not for people: it speaks the worker protocol (docs/protocol.md) over standard input and output. A plan uses a
device of another machine with it: engines: { lab7: { command: [ssh, lab7, assay, worker, ort], stdio: true } }`,
  arguments: { engine: argument('<engine>', 'an engine that comes with Assay: ort, torch ...') },
  options: {},
  examples: [
    { command: 'worker ort', about: 'what ssh starts on the other machine' },
    { command: 'engine check --stdio -- ssh lab7 assay worker ort', about: 'whether it can be reached' },
  ],
  async handler({ engine }) {
    const { engineCommand, engineNames, isEngineName, isNodeEngine } = await import('../../engines/index.ts')
    if (!isEngineName(engine)) {
      const { didYouMean } = await import('../../plan/nearest.ts')
      throw new AssayError('device-unknown', `there is no engine '${engine}'`, {
        hint: didYouMean(engine, engineNames, 'engines'),
      })
    }
    if (!isNodeEngine(engine)) return endOf(engineCommand(engine))
    const [program, script, ...rest] = engineCommand(engine)
    // The worker's script reads its own arguments; it lives until its host is gone, and then ends the process.
    process.argv = [program, script ?? '', ...rest]
    await import('../../engines/worker.ts')
    return new Promise<never>(() => {})
  },
})

/** A worker in a process of its own, on these same streams: its exit code, or 128 and its signal as shells have it. */
function endOf([program, ...args]: readonly [string, ...string[]]): Promise<number> {
  const child = spawn(program, args, { stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    child.on('error', ({ message }) =>
      reject(
        new AssayError('device-unavailable', `${program} could not be started: ${message}`, {
          hint: 'install Python, or name one with ASSAY_PYTHON',
        }),
      ),
    )
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
}
