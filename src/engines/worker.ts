/**
 * The process of a worker: `node worker.ts ENGINE`. The main thread speaks with the host and never blocks, so that
 * heartbeats and interrupts go on while the engine, in a thread of its own, is inside a native call.
 */
import { spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { WorkerError } from '../protocol/failure.ts'
import { METHODS, PROTOCOL_VERSION } from '../protocol/messages.ts'
import { type Handlers, serve } from '../protocol/serve.ts'
import { version } from '../version.ts'
import { EngineThread } from './engine-thread.ts'
import { isNodeEngine, type NodeEngine } from './index.ts'

const HEARTBEAT_MS = 500

// onnxruntime 1.29 and later send telemetry from official Linux builds; a validation tool sends nothing anywhere.
process.env['ORT_DISABLE_TELEMETRY'] ??= '1'

const name = process.argv[2] ?? ''
const fds = process.env['ASSAY_FDS']
if (!isNodeEngine(name)) {
  process.stderr.write(`usage: worker ENGINE; there is no engine ${JSON.stringify(name)}\n`)
  process.exit(2)
}
if (fds === undefined) workOverStandardStreams()
else work(name, fds)

/** Serves the host on the descriptors `from,to`. */
function work(name: NodeEngine, descriptors: string): void {
  const engine = new EngineThread(name)

  const handlers: Handlers = {
    async hello({ protocol, devices }) {
      if (protocol !== PROTOCOL_VERSION)
        throw new WorkerError(
          'unsupported',
          `this worker, of Assay ${version}, speaks protocol ${PROTOCOL_VERSION}, not ${protocol}: install the same version of Assay on both sides`,
        )
      // The environment of the host does not come through ssh.
      if (devices !== undefined) process.env['ASSAY_DEVICES'] ??= devices.join(',')
      const { versions, ...description } = await engine.describe()
      const result = {
        protocol: PROTOCOL_VERSION,
        engine: name,
        pid: process.pid,
        methods: Object.keys(METHODS),
        heartbeatMs: HEARTBEAT_MS,
        // The host tells where a worker on another machine is of another version than itself.
        versions: { assay: version, ...versions },
        ...description,
      }
      return { result }
    },
    load: (...call) => engine.call('load', ...call),
    run: (...call) => engine.call('run', ...call),
    generate: (...call) => engine.call('generate', ...call),
    measure: (...call) => engine.call('measure', ...call),
    unload: (...call) => engine.call('unload', ...call),
    artifact: (...call) => engine.call('artifact', ...call),
    write: (...call) => engine.call('write', ...call),
  }

  const [from = Number.NaN, to = Number.NaN] = descriptors.split(',').map(Number)
  const input = new Socket({ fd: from, readable: true, writable: false })
  const output = new Socket({ fd: to, readable: false, writable: true })
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
}

/**
 * Native libraries print to standard output, and Node cannot move a descriptor. So a worker that is reached through ssh
 * starts itself once more, with these standard streams as descriptors 3 and 4, and its own output going to standard error.
 */
function workOverStandardStreams(): void {
  const child = spawn(process.execPath, process.argv.slice(1), {
    stdio: ['ignore', 2, 2, 0, 1],
    env: { ...process.env, ASSAY_FDS: '3,4' },
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 0)
    // ssh passes on codes and no signals, so the host reads which it was.
    process.stderr.write(`the ${name} worker was killed by ${signal}\n`)
    process.kill(process.pid, signal)
  })
}
