/**
 * The process of a worker: `node worker.ts ENGINE`. The main thread speaks with the host and never blocks, so that
 * heartbeats and interrupts go on while the engine, in a thread of its own, is inside a native call.
 */
import { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { WorkerError } from '../protocol/failure.ts'
import { METHODS, PROTOCOL_VERSION } from '../protocol/messages.ts'
import { type Handlers, serve } from '../protocol/serve.ts'
import { EngineThread } from './engine-thread.ts'
import { isEngineName } from './index.ts'

const HEARTBEAT_MS = 500

const name = process.argv[2] ?? ''
if (!isEngineName(name)) {
  process.stderr.write(`usage: worker ENGINE; there is no engine ${JSON.stringify(name)}\n`)
  process.exit(2)
}

const engine = new EngineThread(name)

const handlers: Handlers = {
  async hello({ protocol }) {
    if (protocol !== PROTOCOL_VERSION)
      throw new WorkerError('unsupported', `this worker speaks protocol ${PROTOCOL_VERSION}, not ${protocol}`)
    const description = await engine.describe()
    const result = {
      protocol: PROTOCOL_VERSION,
      engine: name,
      pid: process.pid,
      methods: Object.keys(METHODS),
      heartbeatMs: HEARTBEAT_MS,
      ...description,
    }
    return { result }
  },
  load: (...call) => engine.call('load', ...call),
  run: (...call) => engine.call('run', ...call),
  generate: (...call) => engine.call('generate', ...call),
  measure: (...call) => engine.call('measure', ...call),
  unload: (...call) => engine.call('unload', ...call),
}

const [input, output] = openFrames()
const connection = serve(input, output, {
  handlers,
  interrupt: id => engine.interrupt(id),
  closed(error) {
    if (error !== null) process.stderr.write(`the host's frames broke: ${error.message}\n`)
    // The host is gone. A thread inside a native call cannot be stopped, and process.exit() would wait for it.
    process.kill(process.pid, 'SIGKILL')
  },
})
setInterval(() => {
  void connection.send({ kind: 'heartbeat', memoryBytes: process.memoryUsage.rss() })
}, HEARTBEAT_MS)

/** The descriptors that the host names in ASSAY_FDS; without it, standard input and output (a worker behind ssh). */
function openFrames(): [Readable, Writable] {
  const fds = process.env['ASSAY_FDS']
  if (fds === undefined) return [process.stdin, process.stdout]
  const [from = Number.NaN, to = Number.NaN] = fds.split(',').map(Number)
  return [
    new Socket({ fd: from, readable: true, writable: false }),
    new Socket({ fd: to, readable: false, writable: true }),
  ]
}
