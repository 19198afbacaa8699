import { resolve } from 'node:path'
import { AssayError } from '../../errors.ts'
import { defineCommand } from '../command.ts'
import { engineSpecs, namedEngines } from '../named-engines.ts'
import { asText, flag, listOption, option, outputFiles, restArgument } from '../option.ts'
import { count, countOrMax, device, PRECISION_WORDS, precision, REPORTS, secondsAsMs, target } from '../readers.ts'

export const bench = defineCommand({
  name: 'bench',
  group: 'Judge a device:',
  startsEngines: true,
  summary: 'how fast is a device? latency, throughput, memory',
  details: `Of a language model: time to first token, time between tokens, tokens per second and peak memory, at each batch size and each length
of prompt and answer: lists give every combination. Of a vision model: latency, images per second and peak memory at each batch size, and
images per second from their files on. Every point is timed inside the device's own worker, and what the timed runs give is audited: a fast
wrong answer fails. At the end stands where throughput stops growing, and which of the device's limits, as measured on it, binds there.
Several models stand in one picture, and in the order of the share of the device's arithmetic that they reach.`,
  arguments: {
    models: restArgument('<model...>', 'zoo/NAME, arch/NAME[@SCALE] or a Hugging Face directory; several where wanted'),
  },
  options: {
    device: listOption('-d, --device <list>', 'the device under test, as `assay devices` names it; needed', device),
    precision: listOption('-p, --precision <list>', `${PRECISION_WORDS} (default: fp32)`, precision),
    batch: listOption(
      '--batch <list>',
      'batch sizes (default: 1,4,8,16 prompts, 1,8,32,64,128 images); max at the end: go on doubling until memory is full',
      countOrMax,
    ),
    input: listOption(
      '--input, --input-tokens <list>',
      'tokens of each prompt of a language model (default: 512)',
      count,
    ),
    output: listOption('--output, --output-tokens <list>', 'tokens generated for each prompt (default: 128)', count),
    prefillChunk: listOption(
      '--prefill-chunk <list>',
      'prompt tokens of each pass of the prefill (default: as the engine likes)',
      count,
    ),
    repetitions: option(
      '--repetitions <n>',
      'timed repetitions of each point, after a warm-up (default: 5 generations, 100 passes over images)',
      count,
    ),
    budget: option(
      '--budget <seconds>',
      'no further repetition of a point begins after this (default: 20, of images 10)',
      secondsAsMs,
    ),
    target: listOption(
      '--target <list>',
      'what must be met: ttftMs=100 at most, tokensPerSecond=1000 or tokensPerSecondPerUser=20 at least; latencyMs=5 at most, imagesPerSecond=500 at least; peakMemoryShare=0.9 at most',
      target,
    ),
    images: option(
      '--images <folder>',
      'images of your own for a vision model, CLASS/*.jpg or COCO (default: those of the model)',
      asText,
    ),
    engine: namedEngines,
    report: outputFiles('--report <file>', REPORTS),
    verbose: flag('-v, --verbose', 'tell every step on standard error'),
  },
  examples: [
    { command: 'bench zoo/llama --device ort:cpu', about: 'the usual batch sizes' },
    {
      command: 'bench arch/resnet50 arch/vit-b-16 --device ort:cpu --batch 1,8,32,64',
      about: 'two models beside each other, in images per second',
    },
    {
      command: 'bench arch/llama-125m --device ort:cpu --precision int8 --batch 1 --input 512 --output 32',
      about: 'a larger model with seeded weights, one user',
    },
    {
      command: 'bench zoo/llama --device ort:cpu --input-tokens 128,512 --output-tokens 32,128 --batch 1,4,max',
      about: 'four shapes, each up to the batch that no longer fits',
    },
    {
      command: 'bench zoo/llama --device ort:cpu --target ttftMs=100,tokensPerSecond=500',
      about: 'with targets that must be met',
    },
  ],
  async handler(
    { models, device: devices, engine: engines, precision: precisions, images, report, verbose, ...timing },
    context,
  ) {
    if (devices === null)
      throw new AssayError('argument-invalid', 'which device? --device is needed', {
        hint: '`assay devices` lists those here',
      })
    const { jobFrom } = await import('../run/one-model.ts')
    const { executePlan } = await import('../run/execute.ts')
    const { BENCHMARKS } = await import('../../benchmarks/index.ts')
    const { openModel } = await import('../../build/model.ts')
    const { checkTargets } = await import('../run/targets.ts')
    const common = { batch: timing.batch, repetitions: timing.repetitions, budgetMs: timing.budget }
    const targetsOf = (benchmark: keyof typeof BENCHMARKS) =>
      timing.target === null
        ? null
        : Object.fromEntries(timing.target.filter(([metric]) => metric in BENCHMARKS[benchmark].targets))
    const job = jobFrom(
      {
        name: `bench ${models.join(' ')}`,
        models: models.map(model => ({ model, images: images === null ? null : resolve(context.cwd, images) })),
        devices,
        engines: engineSpecs(engines),
        precisions,
        checks: [],
        benchmarks: {
          generation: {
            ...common,
            inputTokens: timing.input,
            outputTokens: timing.output,
            prefillChunk: timing.prefillChunk,
            targets: targetsOf('generation'),
          },
          inference: { ...common, targets: targetsOf('inference') },
        },
      },
      context.cwd,
    )
    if (timing.target !== null)
      checkTargets(
        timing.target,
        models.map(model => openModel(model, context.cwd, context.home).kind),
      )
    const reports = report.map(file => resolve(context.cwd, file))
    return executePlan(job, { reports, isVerbose: verbose }, context)
  },
})
