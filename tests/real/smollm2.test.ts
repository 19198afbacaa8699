import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { ResultDocument } from '../../src/events/result.ts'
import { openTokenizer } from '../../src/workloads/llm/tokenizer.ts'
import { openLanguageModel } from '../checkpoints.ts'
import { launch, newSite } from '../cli/assay.ts'
import { findPython } from '../python.ts'
import { findCheckpoint } from './checkpoint.ts'

const checkpoint = findCheckpoint({
  variable: 'ASSAY_REAL_SMOLLM2',
  name: 'smollm2-135m-instruct',
  script: 'make_smollm2.py',
  modules: ['numpy', 'gguf'],
})
const directory = 'missing' in checkpoint ? '' : checkpoint.directory
const why = 'missing' in checkpoint ? ` (${checkpoint.missing})` : ''
const python = findPython(['torch', 'transformers', 'safetensors'])

const document = (stdout: string) => ResultDocument.parse(JSON.parse(stdout))

describe.skipIf('missing' in checkpoint)(`the real SmolLM2-135M-Instruct${why}`, { timeout: 180_000 }, () => {
  // One home, so that the graph is built once.
  const home = join(tmpdir(), 'assay-real', 'home')

  beforeAll(() => {
    mkdirSync(home, { recursive: true })
  })

  const assay = (cwd: string, ...words: string[]) =>
    launch([resolve(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts'), ...words], cwd, home).finished

  test('is read with every weight, in bf16, with its tokenizer', () => {
    const model = openLanguageModel(directory)
    expect(model.parameters).toBe(134_515_008)
    const codec = openTokenizer(directory, model.graph.vocabulary)
    expect(codec?.encode('The capital of France is')).toEqual([504, 3575, 282, 4649, 314])
    expect(codec?.decode([7042, 30])).toBe(' Paris.')
  })

  test.skipIf('missing' in python)(
    `computes what transformers computes, logits and greedy text${'missing' in python ? ` (${python.missing})` : ''}`,
    async () => {
      if ('missing' in python) return
      const site = newSite()
      const golden = join(site.cwd, 'golden.safetensors')
      const script = join(import.meta.dirname, 'golden.py')
      const made = spawnSync(python.command, [script, directory, golden], { encoding: 'utf8' })
      expect(made.status, made.stderr).toBe(0)
      expect(made.stdout).toContain("capital: ' Paris.")
      const words = [
        'parity',
        directory,
        '--golden',
        golden,
        '--device',
        'ort:cpu',
        '--check',
        'logits-parity,greedy-agreement',
      ]
      const { code, stdout, stderr } = await assay(site.cwd, ...words, '--json')
      expect(code, stderr).toBe(0)
      const [unit] = document(stdout).units
      const check = (name: string) => unit?.checks.find(one => one.name === name)
      expect(check('logits-parity')).toMatchObject({ status: 'pass', reference: 'golden of transformers, fp32' })
      expect(check('logits-parity')?.metrics['maxAbs']).toBeLessThan(1e-3)
      expect(check('logits-parity')?.cases).toHaveLength(10)
      expect(check('greedy-agreement')).toMatchObject({ status: 'pass' })
      expect(check('greedy-agreement')?.cases).toHaveLength(10)
    },
  )

  test('is measured and audited', async () => {
    const site = newSite()
    const size = ['--batch', '1', '--input', '64', '--output', '16', '--repetitions', '2', '--budget', '5']
    const { code, stdout, stderr } = await assay(site.cwd, 'bench', directory, '--device', 'ort:cpu', ...size, '--json')
    expect(code, stderr).toBe(0)
    const [point] = document(stdout).units[0]?.benchmarks[0]?.points ?? []
    expect(point).toMatchObject({ batch: 1, status: 'pass', audit: { status: 'pass', outputs: 16, disagreements: 0 } })
    expect(point?.metrics['tpotMs']?.median).toBeGreaterThan(0)
    // Its weights are read for every token: in bf16 on disk, in fp32 in memory.
    expect(point?.figures['peakMemoryBytes']).toBeGreaterThan(134_515_008 * 4)
  })

  test('runs in a plan that names it, in fp16, judged by its own fp32, and answers, also by its chat template', async () => {
    const site = newSite()
    const asked = [{ role: 'user', content: 'What is the capital of France?' }]
    const prompts = [
      { id: 'capital', text: 'The capital of France is', answer: 'Paris.' },
      // As transformers answers, by the same template.
      { id: 'chat', messages: asked, answer: 'The capital of France is Paris.' },
    ]
    writeFileSync(join(site.cwd, 'prompts.json'), JSON.stringify({ prompts }))
    writeFileSync(
      join(site.cwd, 'text.txt'),
      'Water boils at 100 degrees Celsius at sea level, and freezes at zero. '.repeat(8),
    )
    const checks = [
      'logits-parity',
      'known-answers',
      'greedy-agreement',
      'perplexity',
      'prefill-decode',
      'long-context',
    ]
    // In fp16, which this CPU computes by way of fp32, a thousand tokens take half a minute.
    writeFileSync(
      join(site.cwd, 'plan.yaml'),
      `models:\n  - model: ${directory}\n    prompts: prompts.json\n    text: text.txt\n    precisions: [fp16]\ndevices: [ort:cpu]\nchecks: [${checks}]\nlimits: { passTflop: 0.05 }\n`,
    )
    const { code, stdout, stderr } = await assay(site.cwd, 'run', 'plan.yaml', '--json', '--report', 'report.html')
    expect(code, stderr).toBe(0)
    const result = document(stdout)
    expect(result).toMatchObject({ verdict: 'pass', counts: { pass: 1 } })
    const check = (name: string) => result.units[0]?.checks.find(one => one.name === name)
    expect(check('logits-parity')).toMatchObject({ status: 'pass', reference: 'ort:cpu fp32' })
    expect(check('logits-parity')?.metrics['relL2']).toBeGreaterThan(1e-4)
    expect(check('long-context')).toMatchObject({ status: 'skip' })
    const [capital, chat] = check('known-answers')?.cases ?? []
    expect(chat).toMatchObject({ id: 'generate.chat', status: 'pass' })
    // It does not stop where the answer ends, and so the reference itself is no judge.
    expect(capital).toMatchObject({ status: 'inconclusive', details: { got: expect.stringMatching(/^Paris\./) } })
    expect(existsSync(join(site.cwd, 'report.html'))).toBe(true)
  })
})
