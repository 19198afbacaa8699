import { resolve } from 'node:path'
import { AssayError } from '../../errors.ts'
import type { Precision } from '../../words.ts'
import { defineCommand } from '../command.ts'
import { engineSpecs, namedEngines } from '../named-engines.ts'
import { argument, asText, flag, listOption, option, outputFiles } from '../option.ts'
import { check, device, PRECISION_WORDS, precision, REPORTS } from '../readers.ts'

export const parity = defineCommand({
  name: 'parity',
  group: 'Judge a device:',
  startsEngines: true,
  summary: 'does a device compute what the reference computes?',
  details: `The model runs on the device and on the reference, and every check compares the two. Where the device is the
reference itself, it is judged by the goldens that come with the model. More than one precision gives a table of error,
perplexity, top-1, size and speed, fp32 beside them.`,
  arguments: { model: argument('<model>', 'zoo/NAME, arch/NAME[@SCALE], a Hugging Face directory or an .onnx file') },
  options: {
    device: listOption('-d, --device <list>', 'the device under test, as `assay devices` names it; needed', device),
    precision: listOption('-p, --precision <list>', `${PRECISION_WORDS} (default: fp32)`, precision),
    golden: option('--golden <file>', 'judge by these stored outputs, in place of the reference device', asText),
    prompts: option('--prompts <file>', 'prompts of your own, a JSON file (default: those of the model)', asText),
    text: option('--text <file>', "a text for perplexity (default: the model's own)", asText),
    images: option(
      '--images <folder>',
      'images of your own for a vision model, CLASS/*.jpg or COCO (default: those of the model)',
      asText,
    ),
    calibration: option(
      '--calibration <folder>',
      'images that int8 of a vision model is calibrated on (default: those that it is run on)',
      asText,
    ),
    reference: option('--reference <device>', 'the device that defines right (default: ort:cpu), at fp32', device),
    check: listOption('--check <list>', 'only these checks (default: all)', check),
    engine: namedEngines,
    report: outputFiles('--report <file>', REPORTS),
    verbose: flag('-v, --verbose', 'tell every step on standard error'),
  },
  examples: [
    { command: 'parity zoo/llama --device ort:webgpu --precision fp16', about: 'one device against its reference' },
    {
      command: 'parity ./my-llama --device ort:cpu --precision int8,int4',
      about: 'what fewer bits cost and bring, in one table',
    },
    {
      command: 'parity zoo/llama --device ort:cpu --golden lab7.safetensors',
      about: 'against what another machine computed',
    },
    {
      command: 'parity ./my-resnet --images ./photos --device ort:webgpu',
      about: 'an image classifier on images of your own, in folders named for their classes',
    },
    {
      command: "parity zoo/llama --engine 'lab7=ssh lab7 assay worker ort' --device lab7:cpu",
      about: 'a device of another machine: docs/remote.md',
    },
  ],
  async handler(
    { model, device: devices, engine: engines, precision: precisions, check: checks, report, verbose, ...files },
    context,
  ) {
    const { cwd } = context
    if (devices === null)
      throw new AssayError('argument-invalid', 'which device? --device is needed', {
        hint: '`assay devices` lists those here',
      })
    const { jobFrom } = await import('../run/one-model.ts')
    const { executePlan } = await import('../run/execute.ts')
    const place = (file: string | null) => (file === null ? null : resolve(cwd, file))
    const job = jobFrom(
      {
        name: `parity ${model}`,
        reference: files.reference === null ? null : { device: files.reference },
        models: [
          {
            model,
            golden: place(files.golden),
            prompts: place(files.prompts),
            text: place(files.text),
            images: place(files.images),
            calibration: place(files.calibration),
          },
        ],
        devices,
        engines: engineSpecs(engines),
        ...(precisions === null || precisions.length < 2 ? { precisions } : comparison(precisions)),
        checks,
      },
      cwd,
    )
    return executePlan(job, { reports: report.map(file => resolve(cwd, file)), isVerbose: verbose }, context)
  },
})

/** To weigh precisions against each other takes fp32 too, and a short look at the speed of each. */
function comparison(precisions: readonly Precision[]) {
  return {
    precisions: precisions.includes('fp32') ? precisions : ['fp32', ...precisions],
    benchmarks: {
      generation: { batch: [1], inputTokens: 32, outputTokens: 32, repetitions: 3, budgetMs: 5000 },
      inference: { batch: [1], repetitions: 20, budgetMs: 5000, pipeline: false },
    },
  }
}
