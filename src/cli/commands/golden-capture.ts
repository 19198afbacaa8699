import { resolve } from 'node:path'
import { AssayError } from '../../errors.ts'
import type { Kept } from '../../goldens/partial.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { engineSpecs, namedEngines } from '../named-engines.ts'
import { argument, asText, option } from '../option.ts'
import { count, device, oneOf, PRECISION_WORDS, precision } from '../readers.ts'

export const goldenCapture = defineCommand({
  name: 'golden capture',
  group: 'Take along:',
  startsEngines: true,
  summary: 'store what a device computes, to judge others by',
  arguments: { model: argument('<model>', 'zoo/NAME, arch/NAME[@SCALE] or a Hugging Face directory') },
  options: {
    output: option('-o, --output <file>', 'the golden, a .safetensors file; needed', asText),
    device: option('-d, --device <device>', 'the device that defines right (default: ort:cpu)', device),
    precision: option('-p, --precision <precision>', `${PRECISION_WORDS} (default: fp32)`, precision),
    engine: namedEngines,
    prompts: option('--prompts <file>', 'prompts of your own, a JSON file (default: those of the model)', asText),
    text: option('--text <file>', "a text for perplexity (default: the model's own)", asText),
    images: option(
      '--images <folder>',
      'images of your own for a vision model, CLASS/*.jpg or COCO (default: those of the model)',
      asText,
    ),
    outputs: option(
      '--outputs <what>',
      'of the logits keep all, the last position, or the largest of each position (top-k), for a small file (default: all)',
      oneOf(() => ['all', 'last', 'top-k']),
    ),
    top: option('--top <k>', 'how many of the largest logits; means --outputs top-k (default: 10)', count),
  },
  examples: [
    { command: 'golden capture zoo/llama -o llama.safetensors', about: 'the reference of this machine' },
    { command: 'golden capture ./my-llama --device ort:webgpu -p fp16 -o gpu.safetensors', about: 'what a GPU gives' },
    {
      command: 'golden capture ./my-llama --top 10 -o small.safetensors',
      about: 'ten logits of each position, not all',
    },
  ],
  async handler(
    { model, output: file, device: asked, engine, precision: type, prompts, text, images, outputs, top },
    { output, cwd, home },
  ) {
    if (file === null)
      throw new AssayError('argument-invalid', 'where to? --output is needed', {
        hint: 'for example -o llama.safetensors',
      })
    const { capture } = await import('../captured.ts')
    const request = {
      model,
      device: asked ?? 'ort:cpu',
      engines: engineSpecs(engine),
      precision: type ?? 'fp32',
      path: resolve(cwd, file),
      prompts,
      text,
      images,
      kept: keptOf(outputs, top),
    }
    const captured = await capture(request, { output, cwd, home })
    if (captured === null) return EXIT.interrupted
    const { formatBytes, plural } = await import('../../reporters/format.ts')
    output.answer(
      captured,
      () =>
        `${captured.path}  ${plural(captured.cases, 'case')} of ${model} on ${captured.device}, ${formatBytes(captured.sizeBytes)}`,
    )
    return EXIT.pass
  },
})

const TOP = 10

function keptOf(outputs: 'all' | 'last' | 'top-k' | null, top: number | null): Kept {
  if (top !== null && outputs !== null && outputs !== 'top-k')
    throw new AssayError('argument-invalid', `--top is of --outputs top-k, and --outputs ${outputs} was asked for`, {
      where: '--top',
      hint: 'leave one of them out',
    })
  if (top === 1)
    throw new AssayError('argument-invalid', 'one logit of each position is too few to judge a choice by', {
      where: '--top',
      hint: 'a margin needs two; ten is usual',
    })
  if (top !== null || outputs === 'top-k') return { what: 'top', k: top ?? TOP }
  return { what: outputs ?? 'all' }
}
