/** Assay's engine and its peers, each with one model in one precision, behind the same questions. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { buildArtifact } from '../src/build/artifact.ts'
import type { LanguageModel } from '../src/build/model.ts'
import { engineCommand } from '../src/engines/index.ts'
import { assayHome } from '../src/home.ts'
import { Session } from '../src/runner/session.ts'
import { toFloat32, tokenTensor, toNumbers } from '../src/tensor.ts'
import type { Precision } from '../src/words.ts'
import { Peer } from './peer.ts'

export const THREADS = 2
const ENDLESS = { loadMs: 600_000, callMs: 600_000 }

const Generated = z.object({ prefillMs: z.number(), stepMs: z.array(z.number()), tokens: z.array(z.int()) })
/** Times in ms until the first token was known and between each and the next; the tokens of the first row. */
export type Generated = z.infer<typeof Generated>

/** A runtime's process with the model loaded. */
export interface Running {
  /** What it says of itself. */
  readonly version: string
  /** Greedy continuation of each prompt, in one batch. */
  generate(prompts: readonly (readonly number[])[], count: number): Promise<Generated>
  /** Logits of every position, each window from an empty cache: float32 [positions of all windows, vocabulary]. */
  writeLogits(windows: readonly (readonly number[])[], file: string): Promise<void>
  stop(): Promise<void>
}

export type RuntimeName = 'torch' | 'genai' | 'llama.cpp' | 'assay'

export interface Runtime {
  readonly name: RuntimeName
  /** In its own words: fp32, int4, Q8_0. */
  readonly precision: string
  /** The precision of Assay's that it stands beside. */
  readonly beside: Precision
  readonly batch: number
  start(): Promise<Running>
}

async function startPeer(command: string, args: readonly string[]): Promise<Running> {
  const { peer, greeting } = await Peer.start(command, args)
  return {
    version: z.object({ runtime: z.string() }).parse(greeting).runtime,
    generate: async ([input = []], tokens) => Generated.parse(await peer.ask({ do: 'generate', input, tokens })),
    writeLogits: async (windows, file) => {
      await peer.ask({ do: 'logits', windows, file })
    },
    stop: () => peer.stop(),
  }
}

async function startAssay(model: LanguageModel, precision: Precision): Promise<Running> {
  const artifact = buildArtifact(model, precision, 'ort', assayHome(process.env))
  const session = await Session.open(
    { engine: 'ort', command: engineCommand('ort'), stdio: false },
    {
      device: 'ort:cpu',
      form: 'onnx',
      precision,
      interface: artifact.interface,
      options: { threads: THREADS },
      path: artifact.path,
    },
    ENDLESS,
    new AbortController().signal,
  )
  return {
    version: 'Assay on ort:cpu',
    generate: async (prompts, newTokens) => {
      const options = { workload: 'generate', newTokens, warmup: 0, repetitions: 1, budgetMs: 1 } as const
      const { result, tensors } = await session.measure({ input_ids: tokenTensor(prompts) }, options)
      // From due to known, as for the peers: the choice of the token is in it.
      const clock = result.generations[0]?.tokenMs ?? []
      const sequences = tensors['sequences']
      return {
        prefillMs: clock[0] ?? Number.NaN,
        stepMs: clock.slice(1).map((ms, step) => ms - (clock[step] ?? Number.NaN)),
        tokens: sequences ? toNumbers(sequences).slice(0, newTokens) : [],
      }
    },
    writeLogits: async (windows, path) => {
      const file = openSync(path, 'w')
      for (const window of windows) {
        const logits = (await session.run({ input_ids: tokenTensor([window]) }))['logits']
        if (!logits) throw new Error('no output is named logits')
        const { buffer, byteOffset, byteLength } = toFloat32(logits)
        writeSync(file, new Uint8Array(buffer, byteOffset, byteLength))
      }
      closeSync(file)
    },
    stop: () => session.close(),
  }
}

/** Where peers-setup put the packages, and under `models/NAME` what it made of the model. */
export interface PeerFiles {
  readonly packages: string
  readonly model: string
}

const LLAMA_TYPES = [
  ['F32', 'fp32'],
  ['BF16', 'bf16'],
  ['Q8_0', 'int8'],
  ['Q4_0', 'int4'],
  ['Q4_1', 'int4'],
] as const

/** The peers, fp32 before the others of each runtime. `directory`: the model as Hugging Face publishes it. */
export function peersOf(directory: string, files: PeerFiles): Runtime[] {
  const python = join(files.packages, 'venv', 'bin', 'python')
  const script = (name: string) => join(import.meta.dirname, name)
  const threads = String(THREADS)
  return [
    {
      name: 'torch',
      precision: 'fp32',
      beside: 'fp32',
      batch: 1,
      start: () => startPeer(python, [script('peer_torch.py'), directory, threads]),
    },
    ...(['fp32', 'int4'] as const).map(
      (precision): Runtime => ({
        name: 'genai',
        precision,
        beside: precision,
        batch: 1,
        start: () => startPeer(python, [script('peer_genai.py'), join(files.model, `genai-${precision}`), threads]),
      }),
    ),
    ...LLAMA_TYPES.map(
      ([type, beside]): Runtime => ({
        name: 'llama.cpp',
        precision: type,
        beside,
        batch: 1,
        start: () =>
          startPeer(process.execPath, [
            script('peer_llama.ts'),
            files.packages,
            join(files.model, `${type}.gguf`),
            threads,
          ]),
      }),
    ),
  ]
}

/** Assay in one precision with one batch. */
export function assayOf(model: LanguageModel, precision: Precision, batch: number): Runtime {
  return { name: 'assay', precision, beside: precision, batch, start: () => startAssay(model, precision) }
}
