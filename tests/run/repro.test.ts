/** `assay repro`: the command in the folder's README shows the failure again, on its own, wherever the folder is taken. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { CheckResult } from '../../src/events/result.ts'
import { ResultDocument } from '../../src/events/result.ts'
import { readGolden, writeGolden } from '../../src/goldens/golden.ts'
import { tensorOf } from '../../src/tensor.ts'
import { writeCheckpoint } from '../checkpoints.ts'
import { type Finished, launch, newSite, ROOT, type Site } from '../cli/assay.ts'
import { faulty } from './conducted.ts'

const MAIN = join(ROOT, 'src', 'cli', 'main.ts')
const PROMPTS = [
  { id: 'argentina', text: 'The capital of Argentina is', answer: 'Buenos Aires' },
  { id: 'france', text: 'The capital of France is', answer: 'Paris' },
]
/** What fails on a device, and which sides' outputs show it. */
const FAILING = [
  ['scaled:cpu', 'logits-parity', ['reference', 'device']],
  ['scaled:cpu', 'perplexity', ['reference', 'device']],
  ['wrong-token:cpu', 'known-answers', ['reference', 'device']],
  ['wrong-token:cpu', 'greedy-agreement', ['reference', 'device']],
  ['shaky:cpu', 'determinism', ['device']],
  ['forgetful-cache:cpu', 'prefill-decode', ['device']],
] as const
const document = (stdout: string) => ResultDocument.parse(JSON.parse(stdout))

function checkOf({ units }: ResultDocument, device: string, name: string): CheckResult {
  const found = units.find(unit => unit.device === device)?.checks.find(check => check.name === name)
  if (found === undefined) throw new Error(`${device} was not judged by ${name}`)
  return found
}

/** Runs the one command of a folder's README, in the folder, with a home that has never seen the run. */
function followReadme(folder: string, home: string): Promise<Finished> {
  const [, command] = /^ {4}assay (.+)$/m.exec(readFileSync(join(folder, 'README.md'), 'utf8')) ?? []
  if (command === undefined) throw new Error('the README names no command')
  return launch([MAIN, ...command.split(' '), '--json'], folder, home).finished
}

/** Makes a folder and takes it away from where it was made. */
async function taken(site: Site, ...words: string[]): Promise<string> {
  const made = await site.assay('repro', ...words, '-o', 'made', '--json')
  expect(made, made.stderr).toMatchObject({ code: 0 })
  const folder = join(site.home, `taken-${words.join('')}`.replaceAll(/\W/g, '-'))
  renameSync(join(site.cwd, 'made'), folder)
  return folder
}

describe('a failed check of a language model', { timeout: 600_000 }, () => {
  test('is shown again by the command of its folder, with the same verdict, wherever the folder is', async () => {
    const site = newSite()
    writeFileSync(join(site.cwd, 'prompts.json'), JSON.stringify({ prompts: PROMPTS }))
    writeFileSync(join(site.cwd, 'text.txt'), 'The capital of France is Paris. 2 + 2 = 4.')
    const plan = {
      models: [{ model: 'zoo/llama', prompts: 'prompts.json', text: 'text.txt' }],
      engines: faulty('scaled', 'wrong-token', 'shaky', 'forgetful-cache'),
      devices: ['scaled:cpu', 'wrong-token:cpu', 'shaky:cpu', 'forgetful-cache:cpu'],
      checks: [...new Set(FAILING.map(([, name]) => name))],
    }
    writeFileSync(join(site.cwd, 'plan.yaml'), JSON.stringify(plan))
    const ran = await site.assay('run', 'plan.yaml', '--no-report', '--json')
    expect(ran.code).toBe(1)
    const before = document(ran.stdout)

    for (const [device, name, files] of FAILING) {
      const failed = checkOf(before, device, name)
      expect(failed.status, `${name} of ${device}`).toBe('fail')
      const folder = await taken(site, '--check', name, '--device', device)
      for (const side of ['reference', 'device'] as const)
        expect(existsSync(join(folder, `${side}.safetensors`))).toBe(files.some(file => file === side))
      const { outputs, fingerprint } = readGolden(join(folder, 'device.safetensors'))
      const wrong = failed.cases.filter(({ status }) => status !== 'pass').map(({ id }) => id)
      expect([...outputs.keys()]).toEqual(wrong)
      expect(fingerprint).toMatch(/^[0-9a-f]{64}$/)
      const readme = readFileSync(join(folder, 'README.md'), 'utf8')
      expect(readme).toContain(`${name}: zoo/llama on ${device} in fp32`)
      expect(readme).not.toContain('did not fail again')

      const again = await followReadme(folder, join(folder, 'home'))
      expect(again.code, again.stderr).toBe(1)
      const shown = document(again.stdout)
      expect(shown.units).toHaveLength(1)
      expect(shown.units[0]?.checks.map(check => [check.name, check.status])).toEqual([[name, 'fail']])
      const { cases } = checkOf(shown, device, name)
      const reasons = (all: CheckResult['cases']) =>
        all.filter(({ id }) => wrong.includes(id)).map(({ id, status, reason }) => [id, status, reason])
      // A shaky device differs each time in another way.
      if (name !== 'determinism') expect(reasons(cases)).toEqual(reasons(failed.cases))
    }
  })
})

test('a model that is too large for a folder is named by its path, with its fingerprint', async () => {
  const site = newSite()
  writeCheckpoint(join(site.cwd, 'model'))
  // Of no bytes on the disk.
  writeFileSync(join(site.cwd, 'model', 'optimizer.bin'), '')
  truncateSync(join(site.cwd, 'model', 'optimizer.bin'), 2 ** 26)
  const plan = { models: ['./model'], engines: faulty('scaled'), devices: ['scaled:cpu'], checks: ['logits-parity'] }
  writeFileSync(join(site.cwd, 'plan.yaml'), JSON.stringify(plan))
  expect((await site.assay('run', 'plan.yaml', '--no-report')).stdout).toMatch(/hand on: assay repro \w+/)
  const folder = await taken(site)
  expect(existsSync(join(folder, 'model'))).toBe(false)
  const { fingerprint } = readGolden(join(folder, 'reference.safetensors'))
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(
    `The model is not in the folder: \`${join(site.cwd, 'model')}\`, fingerprint \`${fingerprint}\``,
  )
  expect((await followReadme(folder, join(folder, 'home'))).code).toBe(1)
}, 200_000)

describe('a failed check of an ONNX file', { timeout: 200_000 }, () => {
  const HALF = { x: tensorOf([1, 1, 2], Float32Array.of(1, 2)) }
  const golden = (path: string, ...values: number[]) =>
    writeGolden(path, {
      model: 'double.onnx',
      fingerprint: '',
      producer: 'by hand',
      precision: 'fp32',
      outputs: new Map([
        ['data.one', { inputs: HALF, outputs: { y: tensorOf([1, 1, 2], Float32Array.from(values)) } }],
      ]),
    })

  async function failedSite(): Promise<Site> {
    const site = newSite()
    copyFileSync(join(ROOT, 'tests', 'host', 'fixtures', 'double.onnx'), join(site.cwd, 'double.onnx'))
    golden(join(site.cwd, 'golden.safetensors'), 2, 5)
    const plan = { models: [{ model: './double.onnx', golden: 'golden.safetensors' }], devices: ['ort:cpu'] }
    writeFileSync(join(site.cwd, 'plan.yaml'), JSON.stringify(plan))
    expect((await site.assay('run', 'plan.yaml', '--no-report', '--json')).code).toBe(1)
    return site
  }

  test('is shown again by the command of its folder, which holds the file', async () => {
    const site = await failedSite()
    const folder = await taken(site)
    expect(existsSync(join(folder, 'model', 'double.onnx'))).toBe(true)
    const again = await followReadme(folder, join(folder, 'home'))
    expect(again.code, again.stderr).toBe(1)
    expect(checkOf(document(again.stdout), 'ort:cpu', 'outputs-parity').reason).toMatch(
      /^y of one differs .*: 4 against 5/,
    )
  })

  test('that does not fail again is told as that, with exit code 3', async () => {
    const site = await failedSite()
    golden(join(site.cwd, 'golden.safetensors'), 2, 4)
    const { code, stdout } = await site.assay('repro', '-o', 'made')
    expect(stdout).toContain('outputs-parity did not fail again: pass')
    expect(readFileSync(join(site.cwd, 'made', 'README.md'), 'utf8')).toContain('**It did not fail again**')
    expect(code).toBe(3)
  })

  test('is refused where the model is another one now, where there is a folder already, and where nothing such failed', async () => {
    const site = await failedSite()
    const before = site.written()
    const refused = async (...words: string[]) => {
      const { code, stderr } = await site.assay('repro', ...words)
      expect(code).toBe(2)
      return stderr
    }
    expect(await refused('--check', 'determinism')).toMatch(/no such check failed\n.*failed: outputs-parity of /)
    expect(await refused('-o', 'no/such/folder')).toContain('folder does not exist')
    expect(await refused('ffff')).toMatch(/^error: /)
    expect(site.written()).toEqual(before)
    mkdirSync(join(site.cwd, 'full'))
    writeFileSync(join(site.cwd, 'full', 'x'), '')
    expect(await refused('-o', 'full')).toContain('something is there already')
    copyFileSync(join(ROOT, 'tests', 'host', 'fixtures', 'half.onnx'), join(site.cwd, 'double.onnx'))
    expect(await refused('-o', 'made')).toContain('it has changed since')
    expect(existsSync(join(site.cwd, 'made'))).toBe(false)
  })
})
