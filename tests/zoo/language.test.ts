/** What the language models of the zoo promise: one recipe, the same questions, answers that their goldens give. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readGolden } from '../../src/goldens/golden.ts'
import { toNumbers } from '../../src/tensor.ts'
import { checksumsOf, fingerprintOf } from '../../src/weights/fingerprint.ts'
import { readSafetensors } from '../../src/weights/safetensors.ts'
import { openTokenizer } from '../../src/workloads/llm/tokenizer.ts'
import { findPython } from '../python.ts'

const ZOO = resolve(import.meta.dirname, '..', '..', 'zoo')
const RECIPE = join(ZOO, 'recipes', 'language')
const VOCABULARY = 2048

/** The most that each directory may hold, in bytes: all of it goes into the package. */
const LARGEST = { llama: 12_500_000, mistral: 8_500_000, 'gpt-neox': 8_500_000 } as const
const NAMES = Object.keys(LARGEST)

const Workload = z.object({ prompts: z.array(z.object({ id: z.string(), text: z.string(), answer: z.string() })) })

function workload(): z.infer<typeof Workload>['prompts'] {
  return Workload.parse(JSON.parse(readFileSync(join(RECIPE, 'workload.json'), 'utf8'))).prompts
}

/** Every file of a directory and of those in it: [path within it, bytes]. */
function sizes(directory: string): [path: string, bytes: number][] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map(path => [path, statSync(join(directory, path))] as const)
    .flatMap(([path, stat]) => (stat.isFile() ? [[path, stat.size]] : []))
}

describe.each(Object.entries(LARGEST))('zoo/%s', (name, largest) => {
  const directory = join(ZOO, name)

  test('is a whole Hugging Face directory, and small', () => {
    const files = sizes(directory)
    expect(files.map(([path]) => path).sort()).toEqual([
      'README.md',
      'config.json',
      'generation_config.json',
      'goldens/torch-fp32.safetensors',
      'heldout.txt',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
      'workload.json',
    ])
    expect(files.reduce((sum, [, bytes]) => sum + bytes, 0)).toBeLessThan(largest)
  })

  test('asks what all of them are asked, with the same tokenizer and held-out text', () => {
    const same = ['tokenizer.json', 'tokenizer_config.json', 'generation_config.json', 'heldout.txt', 'workload.json']
    for (const file of same)
      expect(readFileSync(join(directory, file)).equals(readFileSync(join(ZOO, 'llama', file))), file).toBe(true)
    expect(readFileSync(join(directory, 'workload.json'), 'utf8')).toBe(
      readFileSync(join(RECIPE, 'workload.json'), 'utf8'),
    )
  })

  test('holds its weights as bf16', () => {
    const { tensors } = readSafetensors(join(directory, 'model.safetensors'))
    expect(new Set(Object.values(tensors).map(({ type }) => type))).toEqual(new Set(['bf16']))
  })

  test('has a golden that torch made of these weights in fp32, in which every answer is the one expected', () => {
    const golden = readGolden(join(directory, 'goldens', 'torch-fp32.safetensors'))
    expect(golden).toMatchObject({
      model: `zoo/${name}`,
      fingerprint: fingerprintOf(checksumsOf(directory)),
      producer: { engine: 'torch' },
      precision: 'fp32',
    })
    const codec = openTokenizer(directory, VOCABULARY)
    const answers = workload().map(({ id, text }) => {
      const generation = golden.outputs.get(`generate.${id}`)
      const [prompt, tokens] = [generation?.inputs['input_ids'], generation?.outputs['sequences']]
      if (!codec || !prompt || !tokens) return [id, null]
      expect(toNumbers(prompt)).toEqual(codec.encode(text))
      return [id, codec.decode(toNumbers(tokens)).trim()]
    })
    expect(Object.fromEntries(answers)).toEqual(Object.fromEntries(workload().map(({ id, answer }) => [id, answer])))
  })
})

const python = findPython(['torch', 'transformers', 'safetensors', 'tokenizers'])

const Claims = z.object({
  variants: z.record(
    z.string(),
    z.object({ config: z.record(z.string(), z.unknown()), recipe: z.record(z.string(), z.unknown()) }),
  ),
  packing: z.record(z.string(), z.object({ alone: z.number(), together: z.number(), whatStandsBefore: z.number() })),
  window: z.object({
    layers: z.number(),
    window: z.number(),
    context: z.number(),
    longestPrompt: z.number(),
    changes: z.array(z.object({ back: z.number(), maxAbs: z.number() })),
    fromGolden: z.object({ windowed: z.number(), unwindowed: z.number() }),
  }),
})

describe.skipIf('missing' in python)(
  `the recipe in transformers${'missing' in python ? ` (${python.missing})` : ''}`,
  () => {
    let claims: z.infer<typeof Claims>

    beforeAll(() => {
      if ('missing' in python) return
      const script = join(import.meta.dirname, 'recipe_claims.py')
      const env = { ...process.env, PYTHONPATH: RECIPE, PYTHONDONTWRITEBYTECODE: '1' }
      const printed = execFileSync(python.command, [script], { encoding: 'utf8', stdio: 'pipe', env })
      claims = Claims.parse(JSON.parse(printed))
    }, 180_000)

    test('makes exactly the models that ship', () => {
      expect(Object.keys(claims.variants)).toEqual(NAMES)
      for (const { config, recipe } of Object.values(claims.variants)) expect(config).toEqual(recipe)
    })

    test.each(NAMES)('trains %s on documents that do not see those beside them', name => {
      const { alone, together, whatStandsBefore } = claims.packing[name] ?? {}
      expect(whatStandsBefore).toBe(0)
      expect(alone).toBeGreaterThan(0)
      expect(together).toBeLessThan(1e-4)
    })

    test('gives mistral a window that binds within the prompts, and a context that reaches well beyond it', () => {
      const { layers, window, context, longestPrompt } = claims.window
      expect(window).toBeLessThan(longestPrompt)
      expect(layers * (window - 1)).toBeLessThan(context / 4)
    })

    test('lets no token outside of every window change the logits of mistral, and every one inside', () => {
      const { layers, window, changes } = claims.window
      const reach = layers * (window - 1)
      expect(changes.some(({ back }) => back > reach)).toBe(true)
      for (const { back, maxAbs } of changes)
        if (back > reach) expect(maxAbs, `${back} back`).toBe(0)
        else expect(maxAbs, `${back} back`).toBeGreaterThan(0)
    })

    test("made mistral's golden with the window, without which it would be another", () => {
      const { windowed, unwindowed } = claims.window.fromGolden
      expect(windowed).toBeLessThan(1e-3)
      expect(unwindowed).toBeGreaterThan(0.1)
    })
  },
)
