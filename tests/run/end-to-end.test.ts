import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ResultDocument } from '../../src/events/result.ts'
import { openStore, STORE_FILE } from '../../src/store/store.ts'
import { writeCheckpoint } from '../checkpoints.ts'
import { newSite, type Site } from '../cli/assay.ts'
import { faulty } from './conducted.ts'
import { survivors } from './survivors.ts'

/** A site with a tiny model and a plan of several short units, on devices without a fault. */
function siteWithPlan(...devices: readonly string[]): Site {
  const site = newSite()
  writeCheckpoint(join(site.cwd, 'model'))
  const plan = {
    models: ['./model'],
    devices: devices.map(name => (name.includes(':') ? name : `${name}:cpu`)),
    checks: ['logits-parity', 'determinism'],
    engines: faulty(...devices.filter(name => !name.includes(':'))),
  }
  writeFileSync(join(site.cwd, 'plan.yaml'), JSON.stringify(plan))
  return site
}

function eventsOf(site: Site) {
  const store = openStore(join(site.home, STORE_FILE))
  try {
    const [run] = store.runs(1)
    return run === undefined ? [] : store.events(run.id)
  } finally {
    store.close()
  }
}

/** The checks that suit a language model, in the order of reports. */
const CHECKS = [
  'logits-parity',
  'known-answers',
  'greedy-agreement',
  'perplexity',
  'ten-prompts',
  'long-context',
  'prefill-decode',
  'batch-invariance',
  'padding',
  'sliding-window',
  'rotary',
  'determinism',
]

const document = (stdout: string) => ResultDocument.parse(JSON.parse(stdout))

/** Resolves once the stored log of a site's run has an event; the run may be in the middle of writing. */
async function stored(site: Site, type: string, unit: string): Promise<void> {
  const has = () =>
    existsSync(join(site.home, STORE_FILE)) &&
    eventsOf(site).some(event => event.type === type && 'unit' in event && event.unit.includes(unit))
  await expect.poll(has, { timeout: 60_000, interval: 50 }).toBe(true)
}

describe('a run that is killed', { timeout: 120_000 }, () => {
  test('by SIGKILL loses at most the unit in flight, and --resume finishes it and leaves the others as they were', async () => {
    const site = siteWithPlan('first', 'second', 'third')
    const running = site.start('run', 'plan.yaml', '--no-report')
    await stored(site, 'unit-ended', 'first:cpu')
    await stored(site, 'model-loaded', 'second:cpu')
    running.kill('SIGKILL')
    expect((await running.finished).signal).toBe('SIGKILL')
    if (process.platform === 'linux') await expect.poll(() => survivors(site.home), { timeout: 10_000 }).toEqual([])

    const before = eventsOf(site)
    expect(before.some(({ type }) => type === 'run-ended')).toBe(false)
    const { code, stdout } = await site.assay('run', '--resume', '--no-report', '--json')
    expect(code).toBe(0)
    const result = document(stdout)
    expect(result).toMatchObject({ complete: true, verdict: 'pass', counts: { pass: 3 } })
    expect(result.units.map(({ device, attempts }) => [device, attempts])).toEqual([
      ['first:cpu', 1],
      ['second:cpu', 2],
      ['third:cpu', 1],
    ])
    expect(result.units[1]?.remarks).toContain('attempt 1 did not end')
    const after = eventsOf(site)
    expect(after.slice(0, before.length)).toEqual(before)
    const again = after.slice(before.length)
    expect(again[0]?.type).toBe('run-resumed')
    expect(again.some(event => 'unit' in event && event.unit.includes('first:cpu'))).toBe(false)
    expect((await site.assay('run', '--resume')).code).toBe(2)
  })
})

describe('Ctrl-C', { timeout: 120_000 }, () => {
  test('ends a run with exit code 130, leaves no process behind, and --resume goes on', async () => {
    const site = siteWithPlan('first', 'second')
    const running = site.start('run', 'plan.yaml', '--no-report', '--json')
    await stored(site, 'model-loaded', 'second:cpu')
    running.kill('SIGINT')
    const { code, stdout, stderr } = await running.finished
    expect(code).toBe(130)
    if (process.platform === 'linux') expect(survivors(site.home)).toEqual([])
    expect(document(stdout)).toMatchObject({ complete: false, counts: { pass: 1 } })
    expect(stderr).toContain('Interrupted')
    expect(eventsOf(site).at(-1)?.type).toBe('run-interrupted')
    const resumed = await site.assay('run', '--resume', '--no-report', '--json')
    expect(resumed.code).toBe(0)
    expect(document(resumed.stdout)).toMatchObject({ complete: true, counts: { pass: 2 } })
  })

  test('ends a benchmark in the middle of its timed loop', async () => {
    const site = newSite()
    const words = [
      'bench',
      'zoo/llama',
      '--device',
      'ort:cpu',
      '--repetitions',
      '10000',
      '--budget',
      '600',
      '--verbose',
    ]
    const running = site.start(...words, '--batch', '1', '--input', '16', '--output', '64')
    await running.says('batch 1: measuring')
    running.kill('SIGINT')
    expect((await running.finished).code).toBe(130)
    if (process.platform === 'linux') expect(survivors(site.home)).toEqual([])
  })
})

describe('the exit code says what became of a run:', { timeout: 60_000 }, () => {
  test('1 where something is wrong, told in one document and in a report of each ending', async () => {
    const site = siteWithPlan('scaled', 'sound')
    const beginnings = {
      'report.html': /^<!doctype html>/,
      'junit.xml': /^<\?xml [^>]*>\n<testsuites name="plan" tests="6" failures="1" errors="0"/,
      'summary.md': /^# ❌ FAIL\n/,
      'numbers.CSV': /^run,model,device,/,
      'result.json': /^\{\n {2}"schema": "assay-run-1"/,
    }
    const reports = Object.keys(beginnings).flatMap(name => ['--report', name])
    const { code, stdout } = await site.assay('run', 'plan.yaml', ...reports, '--json')
    expect(code).toBe(1)
    for (const [name, beginning] of Object.entries(beginnings))
      expect(readFileSync(join(site.cwd, name), 'utf8')).toMatch(beginning)
    expect(existsSync(join(site.cwd, 'assay-report.html'))).toBe(false)
    const stored = await site.assay('report', '--format', 'junit')
    expect(stored.stdout).toBe(readFileSync(join(site.cwd, 'junit.xml'), 'utf8'))
    expect(document(stdout)).toMatchObject({ verdict: 'fail', counts: { fail: 1, pass: 1 } })
  })

  test('3 where something could not be run, though another is wrong', async () => {
    const site = siteWithPlan('exit', 'scaled')
    const { code, stdout } = await site.assay('run', 'plan.yaml', '--no-report', '--json')
    expect(code).toBe(3)
    expect(document(stdout)).toMatchObject({ verdict: 'error', counts: { error: 1, fail: 1 } })
    expect(document(stdout).units[0]?.reason).toContain('driver: lost the device')
  })

  test('0 where what could be judged passed, and a check was skipped with its reason', async () => {
    const site = siteWithPlan('ort:cpu')
    const { code, stdout } = await site.assay('run', 'plan.yaml', '--no-report', '--json')
    expect(code).toBe(0)
    const [unit] = document(stdout).units
    expect(unit?.checks.map(({ name, status }) => [name, status])).toEqual([
      ['logits-parity', 'skip'],
      ['determinism', 'pass'],
    ])
    expect(unit?.checks[0]?.reason).toContain('comparing a device with itself proves nothing')
  })

  test('3 where nothing was judged', async () => {
    const site = siteWithPlan('sound')
    writeFileSync(join(site.cwd, 'nothing.yaml'), '{"models": ["./model"], "devices": ["ort:cpu"], "checks": []}')
    const { code, stdout } = await site.assay('run', 'nothing.yaml', '--no-report', '--json')
    expect(code).toBe(3)
    expect(document(stdout)).toMatchObject({ verdict: 'inconclusive', counts: { inconclusive: 1 } })
  })

  test('2 where the request was wrong, with nothing written', async () => {
    const site = siteWithPlan('sound')
    const before = site.written()
    const { code, stdout } = await site.assay('run', 'plan.yaml', '--device', 'sound:gpu', '--json')
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'device-unavailable' } })
    expect(site.written()).toEqual(before)
  })
})

describe('on the shipped model', { timeout: 120_000 }, () => {
  test('parity passes by the golden of another framework, in one document that holds the schema', async () => {
    const site = newSite()
    const { code, stdout, stderr } = await site.assay('parity', 'zoo/llama', '--device', 'ort:cpu', '--json')
    expect(code).toBe(0)
    const { units, verdict, reference } = document(stdout)
    expect(verdict).toBe('pass')
    expect(reference).toEqual({ device: 'ort:cpu', precision: 'fp32' })
    const [unit] = units
    const parity = unit?.checks.find(({ name }) => name === 'logits-parity')
    expect(parity?.reference).toMatch(/^golden of torch /)
    expect(parity?.metrics['relL2']).toBeLessThan(1e-4)
    expect(parity?.cases.length).toBeGreaterThanOrEqual(10)
    expect(unit?.checks.map(({ name }) => name)).toEqual(CHECKS)
    expect(
      unit?.checks.filter(({ status }) => status !== 'pass').map(({ name, status, reason }) => [name, status, reason]),
    ).toEqual([['sliding-window', 'skip', 'no layer of the model has a sliding window']])
    expect(stderr).not.toContain('error:')
    expect(site.written().filter(name => name.endsWith('.html'))).toEqual([])
  })

  test('bench measures, audits, and enforces the targets that are asked for', async () => {
    const site = newSite()
    const size = ['--batch', '1,2', '--input', '32', '--output', '8', '--repetitions', '2', '--budget', '1']
    const words = ['bench', 'zoo/llama', '--device', 'ort:cpu', ...size, '--json']
    const plain = await site.assay(...words)
    expect(plain.code).toBe(0)
    const points = document(plain.stdout).units[0]?.benchmarks[0]?.points ?? []
    expect(points.map(({ batch, status, audit }) => [batch, status, audit.status])).toEqual([
      [1, 'pass', 'pass'],
      [2, 'pass', 'pass'],
    ])
    for (const { metrics, figures, tokenLatencyMs } of points) {
      for (const name of ['ttftMs', 'itlMs', 'tpotMs', 'e2eMs', 'tokensPerSecondPerUser', 'tokensPerSecond'])
        expect(metrics[name]?.median).toBeGreaterThan(0)
      expect(figures['peakMemoryBytes']).toBeGreaterThan(1e6)
      expect(tokenLatencyMs).toHaveLength(7)
    }
    const strict = await site.assay(...words, '--target', 'tokensPerSecond=1000000000')
    expect(strict.code).toBe(1)
    expect(document(strict.stdout).units[0]?.reason).toMatch(/tokensPerSecond is .*, the target is at least 1000000000/)
  })

  test('bench takes lists of lengths and chunks of the prefill, and skips what is longer than the model’s positions', async () => {
    const site = newSite()
    const grid = ['--input-tokens', '24,2000', '--output-tokens', '4,8', '--prefill-chunk', '8', '--batch', '2']
    const words = ['bench', 'zoo/llama', '--device', 'ort:cpu', ...grid, '--repetitions', '1', '--budget', '0.01']
    const { code, stdout } = await site.assay(...words, '--json')
    expect(code).toBe(0)
    const { points = [], saturation = [] } = document(stdout).units[0]?.benchmarks[0] ?? {}
    expect(
      points.map(({ shape: { inputTokens, outputTokens }, status, figures: { prefillPassTokens } }) => [
        inputTokens,
        outputTokens,
        status,
        prefillPassTokens,
      ]),
    ).toEqual([
      [24, 4, 'pass', 8],
      [24, 8, 'pass', 8],
      [2000, 4, 'skip', undefined],
      [2000, 8, 'skip', undefined],
    ])
    expect(
      saturation.map(({ shape: { outputTokens, prefillChunk }, measured }) => [outputTokens, prefillChunk, measured]),
    ).toEqual([
      [4, 8, 1],
      [8, 8, 1],
    ])
  })
})
