/** Goldens between sites: what one machine computes, judged on another that shares nothing with it but the file. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ResultDocument } from '../../src/events/result.ts'
import { readGolden, writeGolden } from '../../src/goldens/golden.ts'
import { type TensorData, tensorOf, toFloat32 } from '../../src/tensor.ts'
import { writeCheckpoint } from '../checkpoints.ts'
import { newSite, ROOT, type Site } from '../cli/assay.ts'
import { findPython, runPython } from '../python.ts'

const DOC = readFileSync(join(ROOT, 'docs', 'goldens.md'), 'utf8')

const mapTensor = (tensor: TensorData, change: (value: number) => number): TensorData =>
  tensorOf(tensor.shape, toFloat32(tensor).map(change))

/** The first Python snippet of the documentation that says this. */
function snippet(about: string): string {
  const found = Array.from(DOC.matchAll(/```python\n([\s\S]*?)```/g), ([, code = '']) => code).find(code =>
    code.includes(about),
  )
  if (found === undefined) throw new Error(`docs/goldens.md has no snippet with ${about}`)
  return found
}

async function parity(site: Site, model: string, golden: string, ...more: string[]) {
  const words = ['parity', model, '--device', 'ort:cpu', '--golden', golden, '--json', ...more]
  const { code, stdout } = await site.assay(...words)
  return { code, stdout, unit: ResultDocument.safeParse(JSON.parse(stdout)).data?.units[0] }
}

describe('two sites that share nothing but a file', { timeout: 120_000 }, () => {
  test.each([
    ['all', [], undefined],
    ['the last position', ['--outputs', 'last'], /last position alone/],
    ['the largest of each position', ['--top', '5'], /the 5 largest logits/],
  ] as const)(
    'one captures %s, the other judges by it, and what was not judged is said',
    async (_, options, remark) => {
      const [here, there] = [newSite(), newSite()]
      for (const site of [here, there]) writeCheckpoint(join(site.cwd, 'model'))
      const captured = await here.assay('golden', 'capture', './model', '-o', 'g.safetensors', ...options, '--json')
      expect(captured).toMatchObject({ code: 0 })
      copyFileSync(join(here.cwd, 'g.safetensors'), join(there.cwd, 'g.safetensors'))
      const { code, unit } = await parity(
        there,
        './model',
        'g.safetensors',
        '--check',
        'logits-parity,greedy-agreement',
      )
      expect(code).toBe(0)
      expect(unit?.checks.map(({ name, status }) => [name, status])).toEqual([
        ['logits-parity', 'pass'],
        ['greedy-agreement', 'pass'],
      ])
      expect(unit?.checks[0]?.reference).toBe('golden of ort ort:cpu, fp32')
      const remarks = unit?.remarks.join('\n') ?? ''
      if (remark === undefined) expect(remarks).toBe('')
      else expect(remarks).toMatch(remark)
      const share = unit?.checks[0]?.metrics['judgedShare']
      if (remark === undefined) expect(share).toBeUndefined()
      else expect(share).toBeLessThan(0.5)
    },
  )

  test('a part is smaller than the whole, and a wrong golden of a part fails', async () => {
    const site = newSite()
    writeCheckpoint(join(site.cwd, 'model'))
    const path = (name: string) => join(site.cwd, `${name}.safetensors`)
    for (const [name, ...options] of [
      ['all'],
      ['last', '--outputs', 'last'],
      ['top', '--outputs', 'top-k', '--top', '4'],
    ] as const)
      expect(await site.assay('golden', 'capture', './model', '-o', path(name), ...options)).toMatchObject({ code: 0 })
    const sizes = ['all', 'last', 'top'].map(name => statSync(path(name)).size)
    expect(Math.max(sizes[1] ?? 0, sizes[2] ?? 0)).toBeLessThan(0.6 * (sizes[0] ?? 0))
    for (const name of ['last', 'top']) {
      const golden = readGolden(path(name))
      const doubled = new Map(
        Array.from(golden.outputs, ([id, stored]) => {
          const outputs = Object.entries(stored.outputs).map(
            ([key, tensor]) =>
              [key, /^(last|top)_logits$/.test(key) ? mapTensor(tensor, value => 2 * value) : tensor] as const,
          )
          return [id, { ...stored, outputs: Object.fromEntries(outputs) }] as const
        }),
      )
      writeGolden(path('doubled'), { ...golden, outputs: doubled })
      const { code, unit } = await parity(site, './model', path('doubled'), '--check', 'logits-parity')
      expect(code).toBe(1)
      expect(unit?.checks[0]).toMatchObject({ status: 'fail', metrics: { relL2: expect.closeTo(0.5, 3) } })
    }
  })

  test.each([
    [['--outputs', 'last', '--top', '3'], /--top is of --outputs top-k/],
    [['--top', '1'], /one logit of each position is too few/],
    [['--top', '0'], /'0' is not a whole number above 0/],
    [['--outputs', 'some'], /'some' is not allowed here/],
  ] as const)('%j is refused before anything runs', async (options, says) => {
    const site = newSite()
    const { code, stderr } = await site.assay('golden', 'capture', 'zoo/llama', '-o', 'g.safetensors', ...options)
    expect(stderr).toMatch(says)
    expect([code, site.written()]).toEqual([2, []])
  })

  test('a golden of other weights, or of another config, is refused with what differs', async () => {
    const site = newSite()
    writeCheckpoint(join(site.cwd, 'model'))
    writeCheckpoint(join(site.cwd, 'wider'), { rope_theta: 20000 })
    writeCheckpoint(join(site.cwd, 'halved'), {}, 'f16')
    copyFileSync(join(site.cwd, 'model', 'config.json'), join(site.cwd, 'halved', 'config.json'))
    await site.assay('golden', 'capture', './model', '-o', 'g.safetensors', '--outputs', 'last')
    const wider = await parity(site, './wider', 'g.safetensors')
    expect(wider).toMatchObject({ code: 2 })
    expect(wider.stdout).toContain(
      'the golden is of another config: config.json differs in rope_theta (10000 there, 20000 here) (the weight files are the same)',
    )
    const halved = await site.assay('golden', 'verify', 'g.safetensors', '--model', './halved')
    expect(halved.code).toBe(2)
    expect(halved.stderr).toContain(
      'the golden is of other weights: model.safetensors differs (config.json is the same)',
    )
  })
})

const python = findPython(['torch', 'transformers', 'safetensors'])
const why = 'missing' in python ? ` (${python.missing})` : ''

describe.skipIf('missing' in python)(`a golden that the documentation writes${why}`, { timeout: 120_000 }, () => {
  const zoo = join(ROOT, 'zoo', 'llama')
  const last = '"case/france/out/last_logits": np.array(model.scores[len(ids) - 1 : len(ids)], np.float32)'

  /** What writes a golden of what the first snippet computed: `ids` and `logits` of torch. */
  const writers: Readonly<Record<string, () => string>> = {
    'transformers on torch, whole': () => {
      const [, saved = ''] = snippet('AutoModelForCausalLM').split('save_file({')
      return `save_file({${saved}`
    },
    'transformers on torch, the largest': () => snippet('logits.topk'),
    NumPy: () => `ids, logits = ids.numpy(), logits.numpy()\n${snippet('our NPU')}`,
    // The statement of the snippet that saves, on what torch computed in the place of that runtime.
    'another runtime, the last position': () => {
      const [, saved = ''] = snippet('llama_cpp').split('model.eval(ids)\n')
      expect(saved).toContain(last)
      const stub = 'import numpy as np\nfrom types import SimpleNamespace\nfrom safetensors.numpy import save_file\n'
      return `${stub}ids = ids[0].tolist()\nmodel = SimpleNamespace(scores=logits[0].numpy())\n${saved}`
    },
  }
  const names = Object.keys(writers)
  const root = mkdtempSync(join(tmpdir(), 'assay-documented-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  beforeAll(() => {
    if ('missing' in python) return
    const [computed = ''] = snippet('AutoModelForCausalLM').split('save_file({')
    // Each with names of its own, from what was computed once.
    const each = names.map((name, at) => {
      const folder = join(root, String(at))
      mkdirSync(folder)
      return `os.chdir(${JSON.stringify(folder)})\nexec(${JSON.stringify(writers[name]?.())}, dict(computed))\n`
    })
    const script = `import os\n${computed}\ncomputed = dict(globals())\n${each.join('')}`
    runPython(python, script.replaceAll('"my-llama"', JSON.stringify(zoo)))
  })

  test.each(names)('by %s judges another site', async name => {
    const site = newSite()
    copyFileSync(join(root, String(names.indexOf(name)), 'golden.safetensors'), join(site.cwd, 'golden.safetensors'))
    const { code: exit, unit } = await parity(site, 'zoo/llama', 'golden.safetensors', '--check', 'logits-parity')
    expect(unit?.checks[0]).toMatchObject({ status: 'pass' })
    expect(exit).toBe(0)
  })
})
