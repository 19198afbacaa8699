/**
 * Tries a provider in a process of its own, where a driver may crash or hang: `node probe.ts PROVIDER` prints the precisions
 * of floating point that it computed rightly, as JSON.
 */
import { execFile } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { z } from 'zod'
import { ort } from './runtime.ts'

/** y = x + x for x [4], opset 17. */
const GRAPHS = {
  fp32: 'CAgSBWFzc2F5OjkKDgoBeAoBeBIBeSIDQWRkEgVwcm9iZVoPCgF4EgoKCAgBEgQKAggEYg8KAXkSCgoICAESBAoCCARCBAoAEBE=',
  fp16: 'CAgSBWFzc2F5OjkKDgoBeAoBeBIBeSIDQWRkEgVwcm9iZVoPCgF4EgoKCAgKEgQKAggEYg8KAXkSCgoICAoSBAoCCARCBAoAEBE=',
} as const

const Answer = z.array(z.enum(['fp32', 'fp16']))
export type ProbedPrecision = z.infer<typeof Answer>[number]

/** A cold driver compiles its shaders; more than this is a hang. */
const PROBE_MS = 20_000

/** The precisions in which a provider computes here; empty where it does not work. Never throws, and ends in time. */
export function probeProvider(
  provider: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ProbedPrecision[]> {
  const script = fileURLToPath(new URL(`./probe${extname(import.meta.filename)}`, import.meta.url))
  const options = { env: { ...process.env, ...env }, timeout: PROBE_MS, killSignal: 'SIGKILL' } as const
  return new Promise(resolve => {
    execFile(process.execPath, [script, provider], options, (error, stdout) => {
      resolve(error === null ? parseAnswer(stdout) : [])
    })
  })
}

/** The last line; a driver may print before it. */
function parseAnswer(stdout: string): ProbedPrecision[] {
  const line = stdout.trim().split('\n').at(-1) ?? ''
  try {
    return Answer.parse(JSON.parse(line))
  } catch {
    return []
  }
}

async function compute(provider: string, precision: ProbedPrecision): Promise<boolean> {
  try {
    const model = Buffer.from(GRAPHS[precision], 'base64')
    const session = await ort.InferenceSession.create(model, { executionProviders: [provider], logSeverityLevel: 4 })
    const x =
      precision === 'fp32'
        ? new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4), [4])
        : new ort.Tensor('float16', new Uint16Array(Float16Array.of(1, 2, 3, 4).buffer), [4])
    const { y } = await session.run({ x })
    const data = y?.data
    const values = data instanceof Uint16Array ? new Float16Array(data.slice().buffer) : data
    return values?.join() === '2,4,6,8'
  } catch {
    // This is the question: whether it works.
    return false
  }
}

if (import.meta.main) {
  // Nobody may be left to kill a driver that hangs, and it hangs this thread.
  new Worker(`setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${PROBE_MS})`, { eval: true }).unref()
  const provider = process.argv[2] ?? 'cpu'
  const works: ProbedPrecision[] = []
  for (const precision of ['fp32', 'fp16'] as const) if (await compute(provider, precision)) works.push(precision)
  process.stdout.write(`${JSON.stringify(works)}\n`)
}
