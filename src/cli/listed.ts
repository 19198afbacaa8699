/** The models that have names. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openModel, type TracedModel, zooNames } from '../build/model.ts'
import { catalogue } from '../models/catalogue.ts'
import { architectures } from '../models/index.ts'
import { BYTES_PER_ELEMENT } from '../tensor.ts'

export interface ListedModel {
  readonly model: string
  readonly parameters: number
  /** The whole directory; null for seeded weights, which are on no disk. */
  readonly sizeBytes: number | null
  /** The weights in fp32, as the reference holds them. */
  readonly fp32Bytes: number
  readonly fingerprint: string
  readonly summary: string
}

export interface Listed {
  readonly models: readonly ListedModel[]
  readonly families: readonly string[]
  /** Every `model_type`, and every \`architecture\` of timm's, that is supported. */
  readonly architectures: readonly string[]
}

export function listModels(): Listed {
  const zoo = zooNames().flatMap(name => listed(`zoo/${name}`, null))
  const seeded = Object.entries(catalogue).flatMap(([name, { summary }]) => listed(`arch/${name}`, summary))
  return {
    models: [...zoo, ...seeded],
    families: Object.keys(architectures),
    architectures: Object.values(architectures).flatMap(({ types }) => [...types]),
  }
}

function listed(reference: string, summary: string | null): ListedModel[] {
  const model = openModel(reference)
  if (model.kind === 'onnx') return []
  const { parameters, fingerprint, directory } = model
  const sizeBytes = directory === null ? null : directoryBytes(directory)
  const fp32Bytes = parameters * BYTES_PER_ELEMENT.f32
  return [{ model: reference, parameters, sizeBytes, fp32Bytes, fingerprint, summary: summary ?? summaryOf(model) }]
}

/** The first sentence of a model's card, below its heading; else what its config says. */
function summaryOf({ directory, config }: TracedModel): string {
  const card = directory === null ? null : join(directory, 'README.md')
  const text = card !== null && existsSync(card) ? readFileSync(card, 'utf8') : ''
  const body = text.replace(/^---\n[\s\S]*?\n---\n/, '')
  const paragraph = body.split(/\n\s*\n/).find(block => block.trim() !== '' && !block.trimStart().startsWith('#'))
  const sentence = paragraph
    ?.replace(/\s+/g, ' ')
    .trim()
    .match(/^.*?\.(?= |$)/)?.[0]
  return sentence ?? `a ${config['model_type']} model`
}

function directoryBytes(directory: string): number {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}
