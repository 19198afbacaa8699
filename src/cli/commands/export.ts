import { resolve } from 'node:path'
import { AssayError } from '../../errors.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { argument, asText, option } from '../option.ts'
import { oneOf, PRECISION_WORDS, precision } from '../readers.ts'

export const exportModel = defineCommand({
  name: 'export',
  group: 'Take along:',
  summary: 'write a model as ONNX or as a Hugging Face directory',
  arguments: { model: argument('<model>', 'zoo/NAME, arch/NAME[@SCALE] or a Hugging Face directory') },
  options: {
    output: option('-o, --output <path>', 'the .onnx file, or the directory for --form huggingface; needed', asText),
    form: option(
      '--form <form>',
      'onnx: a graph; huggingface: config.json and safetensors, as every framework loads (default: onnx)',
      oneOf(() => ['onnx', 'huggingface'] as const),
    ),
    precision: option('-p, --precision <precision>', `of the graph: ${PRECISION_WORDS} (default: fp32)`, precision),
    dialect: option(
      '--dialect <dialect>',
      "operators of the graph: portable (standard ONNX alone) or ort (onnxruntime's fused ones too) (default: portable)",
      oneOf(() => ['portable', 'ort'] as const),
    ),
  },
  examples: [
    { command: 'export zoo/llama -o llama.onnx', about: "for any vendor's compiler" },
    { command: 'export arch/llama-125m --precision fp16 --dialect ort -o llama-fp16.onnx', about: 'for onnxruntime' },
    { command: 'export arch/llama-125m --form huggingface -o llama-125m', about: 'seeded weights as a checkpoint' },
  ],
  async handler({ model: reference, output: file, form, precision: type, dialect }, { output, cwd }) {
    if (file === null)
      throw new AssayError('argument-invalid', 'where to? --output is needed', { hint: 'for example -o model.onnx' })
    if (form === 'huggingface' && (type !== null || dialect !== null))
      throw new AssayError(
        'argument-invalid',
        '--precision and --dialect are of graphs; a checkpoint has its own weights as they are',
        {
          hint: 'leave them out, or export --form onnx',
        },
      )
    const { writeCheckpoint, writeGraph } = await import('../exported.ts')
    const path = resolve(cwd, file)
    const written =
      form === 'huggingface'
        ? writeCheckpoint(reference, path, cwd)
        : writeGraph(reference, { precision: type ?? 'fp32', dialect: dialect ?? 'portable' }, path, cwd)
    const { formatBytes } = await import('../../reporters/format.ts')
    output.answer(written, () => written.files.map(one => `${one.path}  ${formatBytes(one.sizeBytes)}`).join('\n'))
    return EXIT.pass
  },
})
