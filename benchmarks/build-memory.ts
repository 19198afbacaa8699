/**
 * How much memory a build takes, and how fast it is beside a plain copy on the same disk.
 *
 *     node build-memory.ts [MODEL] [FOLDER]      arch/llama-3-8b under the system's temporary folder
 *
 * Writes MODEL (any arch/NAME[@SCALE]) as a sharded bf16 checkpoint with seeded weights, and builds graphs of it, each in a process of
 * its own that starts with none of the checkpoint in the page cache. Every time includes what it takes until the bytes are on the
 * disk. Llama 3 8B needs 33 GB of free disk. Prints a table; judges nothing.
 */
import { spawnSync } from 'node:child_process'
import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { buildArtifact } from '../src/build/artifact.ts'
import { exportCheckpoint } from '../src/build/checkpoint.ts'
import { type LanguageModel, openModel } from '../src/build/model.ts'
import { seededDeclarations } from '../src/build/seeded-declarations.ts'
import { writeAtomically } from '../src/weights/atomic.ts'
import { fileChunks } from '../src/weights/range.ts'
import { seededWeights } from '../src/weights/seeded.ts'
import { Precision } from '../src/words.ts'

const Built = z.object({
  openMs: z.number(),
  openAgainMs: z.number(),
  buildMs: z.number(),
  residentBytes: z.number(),
  graphBytes: z.number(),
})
const GB = 1e9

/** The most memory that this process has held, as Linux counts it for this program alone; elsewhere as getrusage does. */
function peakResidentBytes(): number {
  try {
    const kib = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1]
    if (kib !== undefined) return Number(kib) * 1024
  } catch {
    // no /proc
  }
  return process.resourceUsage().maxRSS * 1024
}

function filesIn(directory: string): string[] {
  return readdirSync(directory).map(name => join(directory, name))
}

function sizeOf(paths: readonly string[]): number {
  return paths.reduce((sum, path) => sum + statSync(path).size, 0)
}

function flush(path: string): void {
  const descriptor = openSync(path, 'r+')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

/** Lets the page cache go of a file, where GNU dd can say so. */
function forget(path: string): void {
  spawnSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' })
}

function secondsOf(work: () => void): number {
  const startedMs = performance.now()
  work()
  return (performance.now() - startedMs) / 1000
}

function openLanguageModel(reference: string, home: string | null = null): LanguageModel {
  const model = openModel(reference, process.cwd(), home)
  if (model.kind !== 'llm') throw new Error(`${reference} is no language model`)
  return model
}

/** Opens a model as a unit of a run does, its fingerprint known; ms. */
function opening(reference: string, home: string): number {
  const startedMs = performance.now()
  if (openLanguageModel(reference, home).fingerprint === '') throw new Error('a fingerprint is never empty')
  return performance.now() - startedMs
}

/** The part that runs in a process of its own. */
function build(reference: string, precision: Precision, home: string): z.infer<typeof Built> {
  const [openMs, openAgainMs] = [opening(reference, home), opening(reference, home)]
  const startedMs = performance.now()
  const { path } = buildArtifact(openLanguageModel(reference, home), precision, 'ort', home)
  const files = filesIn(dirname(path))
  for (const file of files) flush(file)
  return {
    openMs,
    openAgainMs,
    buildMs: performance.now() - startedMs,
    residentBytes: peakResidentBytes(),
    graphBytes: sizeOf(files),
  }
}

function buildApart(reference: string, precision: Precision, home: string): z.infer<typeof Built> {
  const words = [import.meta.filename, 'build', reference, precision, home]
  const { status, stdout } = spawnSync(process.execPath, words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`the build of ${reference} in ${precision} ended with ${status}`)
  return Built.parse(JSON.parse(stdout))
}

function print(what: string, seconds: number, bytes: number, rest = ''): void {
  const rate = `${(bytes / seconds / GB).toFixed(2)} GB/s`
  console.log(
    `${what.padEnd(34)}${(bytes / GB).toFixed(2).padStart(7)} GB${seconds.toFixed(1).padStart(8)} s${rate.padStart(12)}${rest}`,
  )
}

function compare(reference: string, folder: string): void {
  const seeded = openLanguageModel(reference)
  const free = statfsSync(folder)
  console.log(
    `${reference}: ${seeded.parameters} parameters; ${((free.bavail * free.bsize) / GB).toFixed(0)} GB of disk free`,
  )
  const directory = join(folder, 'checkpoint')
  const openWeights = () => seededWeights(seededDeclarations(seeded.graph), 0, { type: 'bf16' })
  const written = secondsOf(() => {
    exportCheckpoint({ ...seeded, openWeights }, directory)
    for (const file of filesIn(directory)) flush(file)
  })
  const shards = filesIn(directory).filter(path => path.endsWith('.safetensors'))
  print(`seeded bf16, ${shards.length} shards`, written, sizeOf(shards))

  const [first = ''] = shards
  forget(first)
  const copy = join(folder, 'copy')
  const copied = secondsOf(() => {
    writeAtomically(open => {
      const sink = open(copy)
      for (const chunk of fileChunks({ path: first, offset: 0, length: statSync(first).size }, 'weights-invalid'))
        sink.write(chunk)
    })
    flush(copy)
  })
  print('copy of one shard', copied, statSync(first).size)
  rmSync(copy)

  for (const [what, source, precision] of [
    ['checkpoint to fp16', directory, 'fp16'],
    ['checkpoint to int8', directory, 'int8'],
    ['seed to fp16', reference, 'fp16'],
  ] as const) {
    for (const shard of shards) forget(shard)
    const home = join(folder, 'home')
    const { openMs, openAgainMs, buildMs, residentBytes, graphBytes } = buildApart(source, precision, home)
    const memory = `${(residentBytes / 1e6).toFixed(0)} MB resident`
    print(
      what,
      buildMs / 1000,
      graphBytes,
      `   ${memory}, opened in ${(openMs / 1000).toFixed(1)} s, again in ${openAgainMs.toFixed(0)} ms`,
    )
    rmSync(home, { recursive: true, force: true })
  }
}

const [first, ...rest] = process.argv.slice(2)
if (first === 'build') {
  const [reference = '', precision, home = ''] = rest
  console.log(JSON.stringify(build(reference, Precision.parse(precision), home)))
} else {
  const folder = mkdtempSync(join(rest[0] ?? tmpdir(), 'assay-build-'))
  try {
    compare(first ?? 'arch/llama-3-8b', folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
