import { resolve } from 'node:path'
import { AssayError } from '../../errors.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { argument, asText, option } from '../option.ts'
import { device, PRECISION_WORDS, precision } from '../readers.ts'

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
    prompts: option('--prompts <file>', 'prompts of your own, a JSON file (default: those of the model)', asText),
    text: option('--text <file>', "a text for perplexity (default: the model's own)", asText),
  },
  examples: [
    { command: 'golden capture zoo/llama -o llama.safetensors', about: 'the reference of this machine' },
    { command: 'golden capture ./my-llama --device ort:webgpu -p fp16 -o gpu.safetensors', about: 'what a GPU gives' },
  ],
  async handler({ model, output: file, device: asked, precision: type, prompts, text }, { output, cwd, home }) {
    if (file === null)
      throw new AssayError('argument-invalid', 'where to? --output is needed', {
        hint: 'for example -o llama.safetensors',
      })
    const { capture } = await import('../captured.ts')
    const request = {
      model,
      device: asked ?? 'ort:cpu',
      precision: type ?? 'fp32',
      path: resolve(cwd, file),
      prompts,
      text,
    }
    const captured = await capture(request, { output, cwd, home })
    if (captured === null) return EXIT.interrupted
    const { plural } = await import('../../reporters/format.ts')
    output.answer(
      captured,
      () => `${captured.path}  ${plural(captured.cases, 'case')} of ${model} on ${captured.device}`,
    )
    return EXIT.pass
  },
})
