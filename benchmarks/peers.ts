/**
 * Assay against its peers on the same weights, taken in turn in one run: speed, and what each precision costs.
 *
 *     ASSAY_PEERS=FOLDER bash peers-setup MODEL     once: the peers' packages, and the model in their formats
 *     ASSAY_PEERS=FOLDER node peers.ts MODEL        MODEL is a directory of the Llama architecture
 *       --rounds 3            each starts every runtime once, in a process of its own, every other round backwards
 *       --precisions fp32,int8,int4    of Assay's engine; those that it cannot build are left out
 *       --runtimes assay,torch,genai,llama.cpp
 *       --no-speed, --no-errors
 *       --json                one document instead of the tables
 *
 * Speed: 512 tokens in, 64 out, two threads, greedy; medians over the rounds of the prefill, and over all steps of decode.
 * In each process a warm-up of the same prompt comes first. Times run from the request to the known token, on every side.
 * Errors: logits of every position of a text of 1536 tokens, in windows of 512, from an empty cache. They come first, and a
 * peer whose fp32 is not torch's (mean KL over 1e-4 nats) ends the run.
 * peers_permute.py says why the weights matter for what int4 costs.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildArtifact } from '../src/build/artifact.ts'
import { type LanguageModel, openModel } from '../src/build/model.ts'
import { AssayError } from '../src/errors.ts'
import { assayHome } from '../src/home.ts'
import { Precision } from '../src/words.ts'
import { openTokenizer } from '../src/workloads/llm/tokenizer.ts'
import { measureErrors, measureSpeed } from './peers-measure.ts'
import { isMet, renderRows, renderTargets, targetsOf } from './peers-table.ts'
import { assayOf, peersOf, type Runtime, THREADS } from './runtimes.ts'

const INPUT = 512
const OUTPUT = 64
const WINDOWS = 3
const BATCH = 4
/** English prose that was there before any precision was, and does not change as documents do. */
const TEXTS = ['zoo/recipes/language/passages.txt', 'zoo/llama/heldout.txt']

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    rounds: { type: 'string', default: '3' },
    precisions: { type: 'string', default: 'fp32,int8,int4' },
    runtimes: { type: 'string', default: 'assay,torch,genai,llama.cpp' },
    speed: { type: 'boolean', default: true },
    errors: { type: 'boolean', default: true },
    json: { type: 'boolean', default: false },
  },
})
const say = (text: string) => process.stderr.write(`${text}\n`)

/** The precisions asked for that this tree lowers, each built before anything is timed. */
function buildable(model: LanguageModel): Precision[] {
  return options.precisions.split(',').flatMap(text => {
    const precision = Precision.parse(text)
    try {
      buildArtifact(model, precision, 'ort', assayHome(process.env))
      return [precision]
    } catch (error) {
      if (!(error instanceof AssayError)) throw error
      say(`assay ${precision} is left out: ${error.message}`)
      return []
    }
  })
}

/** Assay's precisions first, fp32 with a batch too, then the peers. */
function runtimesOf(model: LanguageModel, directory: string): Runtime[] {
  const packages = process.env['ASSAY_PEERS'] ?? ''
  const files = { packages, model: join(packages, 'models', basename(directory)) }
  const chosen = options.runtimes.split(',')
  const assay = chosen.includes('assay') ? buildable(model) : []
  const peers = peersOf(directory, files).filter(({ name }) => chosen.includes(name))
  if (peers.length > 0 && !existsSync(join(files.model, 'F32.gguf')))
    throw new Error(`${files.model} has no F32.gguf: ASSAY_PEERS=FOLDER bash peers-setup ${directory}`)
  return [
    ...assay.map(precision => assayOf(model, precision, 1)),
    ...(assay.includes('fp32') ? [assayOf(model, 'fp32', BATCH)] : []),
    ...peers,
  ]
}

async function main(): Promise<void> {
  const [reference] = positionals
  if (reference === undefined) throw new Error('node peers.ts MODEL: a directory of the Llama architecture')
  const directory = resolve(reference)
  const model = openModel(directory)
  if (model.kind !== 'llm') throw new Error(`${directory} is no language model`)
  const vocabulary = Number(model.config['vocab_size'])
  const texts = TEXTS.map(path => readFileSync(join(import.meta.dirname, '..', path), 'utf8'))
  const tokens = openTokenizer(directory, vocabulary)?.encodePlain(texts.join('\n')) ?? []
  if (tokens.length < WINDOWS * INPUT) throw new Error(`${directory} needs a tokenizer.json`)
  const windows = Array.from({ length: WINDOWS }, (_, window) => tokens.slice(window * INPUT, (window + 1) * INPUT))

  const runtimes = runtimesOf(model, directory)
  const rounds = Number(options.rounds)
  const folder = mkdtempSync(join(tmpdir(), 'assay-peers-'))
  const single = runtimes.filter(({ batch }) => batch === 1)
  try {
    // First, for a peer that is wrong is not worth timing.
    const errors = options.errors ? await measureErrors(single, windows, vocabulary, folder, say) : new Map()
    const speeds = options.speed
      ? await measureSpeed(runtimes, tokens, { input: INPUT, output: OUTPUT, rounds }, say)
      : new Map()
    const rows = runtimes.map(runtime => ({
      runtime: runtime.name,
      precision: runtime.precision,
      beside: runtime.beside,
      batch: runtime.batch,
      speed: speeds.get(runtime) ?? null,
      error: errors.get(runtime) ?? null,
    }))
    const targets = targetsOf(rows)
    const machine = `${cpus()[0]?.model}, ${availableParallelism()} cores, ${THREADS} threads each`
    const shape = options.speed
      ? `${INPUT} tokens in, ${OUTPUT} out, ${rounds} rounds in turn, medians`
      : 'errors alone'
    console.log(
      options.json
        ? JSON.stringify({
            machine,
            shape,
            model: basename(directory),
            rows,
            targets: targets.map(target => ({ ...target, isMet: isMet(target) })),
          })
        : [`${basename(directory)}: ${machine}; ${shape}`, renderRows(rows, OUTPUT), renderTargets(targets)].join(
            '\n\n',
          ),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

await main()
