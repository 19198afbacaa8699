/** The process: its streams, its arguments and its end. Everything else is in program.ts. */
import { assayHome } from '../home.ts'
import { EXIT } from './exit-code.ts'
import { reportFailure } from './failure.ts'
import { createOutput } from './output.ts'
import { asksForJson, runProgram } from './program.ts'

// onnxruntime's official builds tell Microsoft the names of models unless this is set (since 1.29 on Linux too). What a
// lab tests is its own affair, so every worker inherits it.
process.env['ORT_DISABLE_TELEMETRY'] ??= '1'

const words = process.argv.slice(2)
const output = createOutput(process.stdout, process.stderr, process.env, asksForJson(words))

// `assay history | head` closes the pipe when it has seen enough, which is no error.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
// Node's own exit code for these is 1, which here means that a device failed.
process.on('uncaughtException', error => {
  reportFailure(error, output)
  process.exit(EXIT.bug)
})

const code = await runProgram(words, { output, cwd: process.cwd(), home: assayHome(process.env) })
await Promise.all([process.stdout, process.stderr].map(flushed))
// Whatever is still open (a worker's pipe, a timer) is of no use any more.
process.exit(code)

/** Resolves once everything written is out, or nobody reads it any more. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise(resolve => {
    if (stream.destroyed || !stream.writable) resolve()
    else stream.write('', () => resolve())
  })
}
