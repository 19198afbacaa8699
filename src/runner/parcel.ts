/** The files that a worker needs to load something, for one that does not share this machine's disk. */
import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Parcel } from '../host/index.ts'
import { externalFiles } from '../onnx/external-files.ts'
import type { Checksum } from '../weights/checksums.ts'
import type { Form } from '../words.ts'

/** Of a model's directory: config, weights with their index, tokenizer, chat template; not its prompts, texts and goldens, nor other formats of its weights. */
const OF_CHECKPOINT = /(?<!^workload)\.json$|\.(safetensors|model|jinja|tiktoken)$|^(merges|vocab)\.txt$/

/** An .onnx file with the files that its weights lie in, or what any framework loads of a model's directory. */
export function parcelOf(form: Form, path: string, checksumOf: Checksum): Parcel {
  const folder = form === 'onnx' ? dirname(path) : path
  const files = namesOf(form, path)
    .toSorted()
    .map(name => {
      const file = join(folder, name)
      return { name, path: file, sizeBytes: statSync(file).size, sha256: checksumOf(file) }
    })
  const content = JSON.stringify(files.map(({ name, sha256 }) => [name, sha256]))
  return { key: createHash('sha256').update(content).digest('hex').slice(0, 32), files }
}

function namesOf(form: Form, path: string): string[] {
  if (form === 'onnx') return [basename(path), ...externalFiles(path)]
  return readdirSync(path).filter(name => OF_CHECKPOINT.test(name) && statSync(join(path, name)).isFile())
}

/** What a worker is told to load, where the parcel lies in a folder on its machine. */
export function pathIn(folder: string, form: Form, path: string): string {
  return form === 'onnx' ? `${folder}/${basename(path)}` : folder
}
