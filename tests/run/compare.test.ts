/** `assay compare` as a process: whatever a side may be, what it says, and its exit codes. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ComparisonDocument } from '../../src/comparison/document.ts'
import { logOf, type MadeRun } from '../../src/comparison/fixtures.ts'
import type { EventBody, RunEvent } from '../../src/events/event.ts'
import { writeGolden } from '../../src/goldens/golden.ts'
import { openStore, STORE_FILE } from '../../src/store/store.ts'
import { tensorOf, tokenTensor } from '../../src/tensor.ts'
import { newSite, ROOT, type Site } from '../cli/assay.ts'

const bodyOf = ({ sequence: _, timeMs: __, ...body }: RunEvent): EventBody => body

/** A site whose store holds these runs, the last one newest. */
function siteWith(...runs: readonly MadeRun[]): Site {
  const site = newSite()
  mkdirSync(site.home, { recursive: true })
  let clock = Date.UTC(2026, 0, 1)
  const store = openStore(join(site.home, STORE_FILE), () => clock++)
  for (const made of runs) for (const event of logOf(made)) store.append(made.run ?? 'aaaa', bodyOf(event))
  store.close()
  return site
}

const read = (text: string) => ComparisonDocument.parse(JSON.parse(text))
const SLOWER = [{ run: 'aaaa1111' }, { run: 'bbbb2222', seed: 2, stepMs: 10.8 }] as const
const TWO = { run: 'cccc', units: [{ device: 'ort:cpu' }, { device: 'torch:cpu', relL2: 5e-6 }] }

describe('a run against another', () => {
  test('by any name, in text, in JSON and as reports', async () => {
    const site = siteWith(...SLOWER)
    const text = await site.assay('compare', 'last~1', 'last', '--report', 'c.md', '--report', 'c.json')
    expect(text).toMatchObject({ code: 0 })
    expect(text.stdout).toMatch(
      /✗ decode is \d\.\d % slower \(95 % interval \d\.\d to \d\.\d %, p < 0\.001, 20 and 20 samples\)/,
    )
    expect(text.stdout).toContain('the times were not taken in turn')
    expect(text.stdout).toMatch(/B against A: worse in 4 things\.\n$/)
    expect(readFileSync(join(site.cwd, 'c.md'), 'utf8')).toMatch(/ {2}- decode is \d\.\d % slower/)
    const written = read(readFileSync(join(site.cwd, 'c.json'), 'utf8'))
    const { code, stdout } = await site.assay('compare', 'aaaa', 'bbbb2222', '--json')
    expect(code).toBe(0)
    expect(read(stdout).units).toEqual(written.units)
  })

  test('fails the gate by exit code 1, and says why', async () => {
    const site = siteWith(...SLOWER)
    const gate = (...words: string[]) => site.assay('compare', ...words, '--fail-on', 'regression')
    const slower = await gate('last~1', 'last', '--by', '5%')
    expect(slower).toMatchObject({ code: 1 })
    expect(slower.stdout).toMatch(/✗ FAIL {2}fails on a regression, of a metric by more than 5\.0 %\n {2}regressions\n/)
    expect(await gate('last~1', 'last', '--by', '20')).toMatchObject({ code: 0 })
    expect(await gate('last', 'last~1')).toMatchObject({ code: 0 })
    expect(await gate('last', 'last', '--by', '0')).toMatchObject({ code: 0 })
  })

  test('kept as a log has its samples on another machine; as a result document only medians, and says so', async () => {
    const [here, there] = [siteWith(...SLOWER), newSite()]
    for (const [name, format] of [
      ['run.jsonl', 'log'],
      ['run.json', 'json'],
    ] as const)
      await here.assay('report', 'last~1', '--format', format, '-o', join(there.cwd, name))
    await here.assay('report', 'last', '--format', 'log', '-o', join(there.cwd, 'new.jsonl'))
    const logs = await there.assay('compare', 'run.jsonl', 'new.jsonl', '--json', '--fail-on', 'regression')
    expect(logs.code).toBe(1)
    expect(read(logs.stdout).units[0]?.points[0]?.metrics[0]).toMatchObject({
      samples: { a: 20, b: 20 },
      change: 'worse',
    })
    const words = ['compare', 'run.json', 'new.jsonl', '--json', '--fail-on']
    const bare = await there.assay(...words, 'regression')
    expect(bare.code).toBe(0)
    expect(read(bare.stdout).units[0]?.points[0]?.metrics[0]).toMatchObject({ samples: null, change: 'medians-alone' })
    expect(
      read(bare.stdout)
        .findings.map(({ sentence }) => sentence)
        .join(),
    ).toContain('only medians can be compared')
    expect(await there.assay(...words, 'regression,inconclusive')).toMatchObject({ code: 1 })
    expect(there.written().some(path => path.includes(STORE_FILE))).toBe(false)
  })

  test('two devices of one run, or one device that the other side then has too', async () => {
    const site = siteWith(TWO, { ...TWO, run: 'dddd', seed: 3 })
    const { stdout } = await site.assay('compare', 'last:ort:cpu', 'last:torch:cpu', '--json')
    expect(read(stdout).units.map(({ devices }) => devices)).toEqual([{ a: 'ort:cpu', b: 'torch:cpu' }])
    const one = read((await site.assay('compare', 'last~1:torch:cpu', 'last', '--json')).stdout)
    expect(one.units.map(({ devices }) => devices)).toEqual([{ a: 'torch:cpu', b: 'torch:cpu' }])
    expect(one.only).toEqual({ a: [], b: [] })
  })
})

test('two goldens say where their five most probable tokens part', async () => {
  const site = newSite()
  const values = Float32Array.from({ length: 3 * 20 }, (_, i) => Math.sin(5 * i))
  const write = (name: string, change: (value: number, index: number) => number) =>
    writeGolden(join(site.cwd, name), {
      ...{ model: 'zoo/llama', fingerprint: '', producer: name, precision: 'fp32' },
      outputs: new Map([
        [
          'logits.a',
          {
            inputs: { input_ids: tokenTensor([[1, 2, 3]]) },
            outputs: { logits: tensorOf([1, 3, 20], values.map(change)) },
          },
        ],
      ]),
    })
  write('a.safetensors', value => value)
  write('b.safetensors', (value, index) => (index >= 40 ? -value : value))
  const { code, stdout } = await site.assay('compare', 'a.safetensors', 'b.safetensors')
  expect(code).toBe(0)
  expect(stdout).toContain(
    'the 5 most probable tokens are the same at 2 of 3 positions, and differ at 1, first at position 2',
  )
  const same = await site.assay('compare', 'a.safetensors', 'a.safetensors')
  expect(same.stdout).toContain('bit for bit')
})

describe('a request that is wrong', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['a run that is not there', ['last', 'zzzz'], /no run zzzz/],
    ['so many runs that there are not', ['last~9', 'last'], /no run last~9/],
    ['a file that is not there', ['last', 'gone.jsonl'], /there is no such file/],
    ['a JSON file of something else', ['last', 'other.json'], /this is no result document \(assay-run-1\)/],
    ['a file that is not JSON', ['last', 'broken.json'], /this file is not JSON/],
    ['a log that is cut off', ['last', 'cut.jsonl'], /cut\.jsonl:1/],
    [
      'a device that the run has not',
      ['last:ort:webgpu', 'last'],
      /has no unit on ort:webgpu[\s\S]*its devices: ort:cpu/,
    ],
    [
      'a run and a golden',
      ['last', join(ROOT, 'zoo/llama/goldens/torch-fp32.safetensors')],
      /a run and a golden cannot be held/,
    ],
    ['one side', ['last'], /missing required argument/],
    ['--by without --fail-on', ['last', 'last', '--by', '5%'], /--by is what --fail-on regression goes by/],
    ['a share that is none', ['last', 'last', '--fail-on', 'regression', '--by', 'much'], /'much' is not a percentage/],
    ['a negative share', ['last', 'last', '--fail-on', 'regression', '--by=-5%'], /'-5%' is not a percentage/],
    ['another thing to fail on', ['last', 'last', '--fail-on', 'monday'], /'monday' is not allowed here/],
    ['another ending', ['last', 'last', '--report', 'c.pdf'], /no report of a comparison has this ending/],
    ['a folder that does not exist', ['last', 'last', '--report', 'no/c.md'], /its folder does not exist/],
  ])('%s', async (_, words, says) => {
    const site = siteWith({})
    writeFileSync(join(site.cwd, 'other.json'), '{"schema":"assay-compare-1"}')
    writeFileSync(join(site.cwd, 'broken.json'), 'PASS')
    writeFileSync(join(site.cwd, 'cut.jsonl'), '{"sequence":1,"ty')
    const { code, stderr, stdout } = await site.assay('compare', ...words)
    expect(stderr).toMatch(says)
    expect([code, stdout]).toEqual([2, ''])
  })

  test('a gate on goldens, which have no verdicts', async () => {
    const site = newSite()
    const golden = join(ROOT, 'zoo/llama/goldens/torch-fp32.safetensors')
    const { code, stderr } = await site.assay('compare', golden, golden, '--fail-on', 'regression')
    expect(code).toBe(2)
    expect(stderr).toContain('goldens have no verdicts to get worse')
  })

  test('on a machine where nothing was ever run, which is then left as it was', async () => {
    const site = newSite()
    expect(await site.assay('compare', 'last', 'last')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no run is recorded here'),
    })
    expect(site.written()).toEqual([])
  })
})
