import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ResultDocument } from '../../src/events/result.ts'
import { isGone } from '../host/gone.ts'
import { newSite, writeWorkload } from './assay.ts'

/** A whole run is slow; these are minutes that CI has. */
const LONG_MS = 180_000

const PLAN = `
name: small
models: [{ model: zoo/llama, prompts: prompts.json, text: text.txt }]
devices: [ort:cpu]
precisions: [fp32, int8]
checks: [determinism]
`

test(
  'a run leaves a record, a report, and one document; every way to look at it shows the same',
  async () => {
    const site = newSite()
    writeWorkload(site.cwd)
    writeFileSync(join(site.cwd, 'small.yaml'), PLAN)
    const ran = await site.assay('run', 'small.yaml', '--precision', 'fp32', '--json')
    const result = ResultDocument.parse(JSON.parse(ran.stdout))
    expect(result).toMatchObject({
      plan: 'small',
      verdict: 'pass',
      complete: true,
      units: [{ precision: 'fp32', status: 'pass' }],
    })
    expect(ran.stderr).toContain('PASS')
    expect(ran.stderr).not.toContain('\x1b')
    expect(ran.code).toBe(0)
    expect(readFileSync(join(site.cwd, 'assay-report.html'), 'utf8')).toContain(result.run)

    const reported = await site.assay('report', result.run.slice(0, 4), '--json')
    expect(JSON.parse(reported.stdout)).toEqual(JSON.parse(ran.stdout))

    const logged = await site.assay('report', '--format', 'log', '-o', 'run.jsonl', '--json')
    expect(JSON.parse(logged.stdout)).toMatchObject({ written: join(site.cwd, 'run.jsonl') })
    const elsewhere = newSite()
    const page = await elsewhere.assay('report', '--log', join(site.cwd, 'run.jsonl'), '-o', 'page.html')
    expect(page).toMatchObject({ code: 0 })
    expect(readFileSync(join(elsewhere.cwd, 'page.html'), 'utf8')).toBe(
      readFileSync(join(site.cwd, 'assay-report.html'), 'utf8'),
    )
    expect(existsSync(elsewhere.home)).toBe(false)

    const { runs } = JSON.parse((await site.assay('history', '--json')).stdout)
    expect(runs).toMatchObject([{ id: result.run, phase: 'ended', verdict: 'pass', plan: 'small' }])
    expect(await site.assay('run', '--resume', result.run)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is finished'),
    })
  },
  LONG_MS,
)

test(
  'an interrupted run ends with 130, leaves no process, and goes on where it stopped',
  async () => {
    const site = newSite()
    writeWorkload(site.cwd)
    writeFileSync(join(site.cwd, 'small.yaml'), PLAN)
    const running = site.start('run', 'small.yaml', '--no-report', '--verbose')
    await running.says('ort:cpu int8: attempt 1')
    running.kill('SIGINT')
    const interrupted = await running.finished
    expect(interrupted.code).toBe(130)
    const [, run] = /assay run --resume (\w+)/.exec(interrupted.stdout) ?? []
    expect(run).toMatch(/^[0-9a-f]{10}$/)
    expect(isGone(running.pid)).toBe(true)

    // The plan's file may change or go; the run keeps its own.
    writeFileSync(join(site.cwd, 'small.yaml'), 'nonsense')
    const resumed = await site.assay('run', '--resume', '--no-report', '--json')
    expect(resumed.code).toBe(0)
    expect(ResultDocument.parse(JSON.parse(resumed.stdout))).toMatchObject({
      run,
      complete: true,
      verdict: 'pass',
      units: [
        { precision: 'fp32', status: 'pass', attempts: 1 },
        { precision: 'int8', status: 'pass', attempts: 2 },
      ],
    })
  },
  LONG_MS,
)

test(
  'several models are timed in one command, and a target that no benchmark has, or none of these models, is refused',
  async () => {
    const site = newSite()
    const words = 'bench zoo/llama zoo/mistral --device ort:cpu --batch 1 --input 8 --output 2 --repetitions 1'.split(
      ' ',
    )
    const { code, stdout } = await site.assay(...words, '--json')
    const { plan, units } = ResultDocument.parse(JSON.parse(stdout))
    expect({ code, plan }).toEqual({ code: 0, plan: 'bench zoo/llama zoo/mistral' })
    expect(units.map(({ model, status, benchmarks }) => [model, status, benchmarks.map(({ name }) => name)])).toEqual([
      ['zoo/llama', 'pass', ['generation']],
      ['zoo/mistral', 'pass', ['generation']],
    ])
    const refused = await site.assay(...words, '--target', 'imagePerSecond=5')
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean imagesPerSecond?') })
    const idle = await site.assay(...words, '--target', 'ttftMs=100,imagesPerSecond=5')
    expect(idle).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no model here is measured by imagesPerSecond'),
    })
  },
  LONG_MS,
)

test(
  'a target that is missed ends with 1, and one that is met with 0',
  async () => {
    const site = newSite()
    const bench = (target: string) =>
      site.assay(
        ...`bench zoo/llama --device ort:cpu --batch 1 --input 16 --output 4 --repetitions 1 --target ${target}`.split(
          ' ',
        ),
      )
    const missed = await bench('tokensPerSecond=100000000')
    expect(missed).toMatchObject({ code: 1, stdout: expect.stringContaining('FAIL') })
    expect(await bench('tokensPerSecond=0.001')).toMatchObject({ code: 0, stdout: expect.stringContaining('PASS') })
  },
  LONG_MS,
)

test(
  'an engine that dies makes its units errors by its own fault, and the exit code 3',
  async () => {
    const site = newSite()
    writeWorkload(site.cwd)
    const worker = join(import.meta.dirname, 'fixtures', 'dies.ts')
    writeFileSync(
      join(site.cwd, 'plan.yaml'),
      `models: [{ model: zoo/llama, prompts: prompts.json, text: text.txt }]\ndevices: [npu:npu]\nchecks: [determinism]\nengines: { npu: { command: [${process.execPath}, ${worker}] } }\n`,
    )
    const { code, stdout } = await site.assay('run', 'plan.yaml', '--no-report', '--json')
    expect(ResultDocument.parse(JSON.parse(stdout))).toMatchObject({
      verdict: 'error',
      units: [
        { device: 'npu:npu', status: 'error', fault: 'device', reason: expect.stringContaining('exited with code 7') },
      ],
    })
    expect(code).toBe(3)
  },
  LONG_MS,
)

test('a model that no memory holds is skipped with the figures, before anything of it is built', async () => {
  const site = newSite()
  const { code, stdout } = await site.assay('bench', 'arch/llama-3-70b@4', '--device', 'ort:cpu', '--json')
  const { verdict, counts, units } = JSON.parse(stdout)
  expect(units).toMatchObject([{ status: 'skip', benchmarks: [] }])
  expect(units[0].reason).toMatch(
    /^weights \d{5}\.\d GB \+ cache [\d.]+ GB \+ logits [\d.]+ MB do not fit the [\d.]+ GB of ort:cpu$/,
  )
  expect({ code, counts, verdict }).toMatchObject({ code: 0, counts: { skip: 1, pass: 0, error: 0 } })
  expect(existsSync(join(site.home, 'artifacts'))).toBe(false)
})
