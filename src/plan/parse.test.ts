import { describe, expect, test } from 'vitest'
import { AssayError } from '../errors.ts'
import { formatPlan } from './narrow.ts'
import { parsePlan } from './parse.ts'

function errorOf(text: string): AssayError {
  try {
    parsePlan(text, 'plan.yaml')
  } catch (error) {
    if (error instanceof AssayError) return error
    throw error
  }
  throw new Error('the plan was accepted')
}

function complaintOf(text: string): string {
  const { code, where, message, hint } = errorOf(text)
  expect(code).toBe('plan-invalid')
  return [where, message, hint ?? ''].join(' | ')
}

describe('a plan', () => {
  test('of one model has a default for everything else', () => {
    expect(parsePlan('models: [zoo/llama]', 'plan.yaml')).toMatchObject({
      models: [{ model: 'zoo/llama' }],
      devices: 'all',
      precisions: ['fp32'],
      checks: 'all',
      benchmarks: {},
      reference: { device: 'ort:cpu', precision: 'fp32' },
      limits: { loadMs: 600_000, callMs: 600_000, attempts: 1 },
    })
  })

  test('may have lists of lengths and of chunks, and batch sizes up to the memory’s limit', () => {
    const generation = '{batch: [1, 4, max], inputTokens: [128, 512], outputTokens: 32, prefillChunk: [64, 256]}'
    const plan = parsePlan(`models: [a]\nbenchmarks: {generation: ${generation}}`, 'p')
    expect(plan.benchmarks.generation).toMatchObject({
      batch: [1, 4, 'max'],
      inputTokens: [128, 512],
      outputTokens: 32,
      prefillChunk: [64, 256],
    })
    expect(parsePlan(formatPlan(plan), 'p')).toEqual(plan)
    const alone = parsePlan('models: [a]\nbenchmarks: {generation: {batch: max}}', 'p')
    expect(alone.benchmarks.generation).toMatchObject({ batch: 'max', inputTokens: 512, outputTokens: 128 })
  })

  test('may time images, and says of each key what is usual', () => {
    const { inference } = parsePlan('models: [a]\nbenchmarks: {inference: {}}', 'p').benchmarks
    expect(inference).toEqual({
      ...{ batch: [1, 8, 32, 64, 128], repetitions: 100, budgetMs: 10_000, pipeline: true, targets: {} },
    })
    const text =
      'models: [a]\nbenchmarks: {inference: {batch: [1, max], pipeline: false, targets: {imagesPerSecond: 500}}}'
    const plan = parsePlan(text, 'p')
    expect(plan.benchmarks.inference).toMatchObject({ batch: [1, 'max'], targets: { imagesPerSecond: 500 } })
    expect(parsePlan(formatPlan(plan), 'p')).toEqual(plan)
  })

  test('may use anchors', () => {
    const plan = parsePlan('precisions: &few [fp32, int8]\nmodels:\n  - model: zoo/llama\n    precisions: *few\n', 'p')
    expect(plan.models).toEqual([{ model: 'zoo/llama', precisions: ['fp32', 'int8'] }])
  })

  test('that is JSON is a plan too', () => {
    expect(parsePlan('{"models": ["zoo/llama"], "devices": ["ort:cpu"]}', 'p').devices).toEqual(['ort:cpu'])
  })
})

describe('a mistake in a plan is named with its line, its key and what is allowed:', () => {
  test.each([
    [
      'a misspelt key',
      'models: [a]\nprecison: [fp32]\n',
      /^plan\.yaml:2: precison \| .*no key 'precison'.*did you mean precisions\?/,
    ],
    [
      'a misspelt key further in',
      'models:\n  - zoo/llama\n  - model: b\n    gold: x\n',
      /^plan\.yaml:4: models\[1\]\.gold \| .*did you mean golden\? allowed: model, precisions/,
    ],
    [
      'a misspelt target',
      'models: [a]\nbenchmarks:\n  generation:\n    targets:\n      ttfMs: 3\n',
      /^plan\.yaml:5: benchmarks\.generation\.targets\.ttfMs \| .*did you mean ttftMs\?/,
    ],
    [
      'a target of another benchmark',
      'models: [a]\nbenchmarks:\n  inference:\n    targets:\n      ttftMs: 3\n',
      /^plan\.yaml:5: benchmarks\.inference\.targets\.ttftMs \| .*allowed: latencyMs, imagesPerSecond, peakMemoryShare/,
    ],
    [
      'a benchmark that there is not',
      'models: [a]\nbenchmarks:\n  inferense: {}\n',
      /^plan\.yaml:3: benchmarks\.inferense \| .*did you mean inference\?/,
    ],
    [
      'a misspelt precision',
      'models: [a]\nprecisions:\n  - fp32\n  - pf16\n',
      /^plan\.yaml:4: precisions\[1\] \| 'pf16' is not allowed here \| did you mean fp16\? allowed: fp32, fp16/,
    ],
    [
      'a misspelt check',
      'models: [a]\nchecks: [perplexty]\n',
      /^plan\.yaml:2: checks\[0\] \| .*did you mean perplexity\?/,
    ],
    ['a wrong type', 'models: [a]\nlimits: {attempts: two}\n', /limits\.attempts \| expected a number, found 'two'/],
    ['a fraction', 'models: [a]\nlimits: {attempts: 1.5}\n', /limits\.attempts \| expected a whole number, found 1.5/],
    ['models that are no list', 'models: zoo/llama\n', /^plan\.yaml:1: models \| expected a list, found 'zoo\/llama'/],
    ['a model that is a number', 'models: [7]\n', /models\[0\] \| expected a map of keys, found 7/],
    [
      'a model without its name',
      'models:\n  - golden: g\n',
      /^plan\.yaml:2: models\[0\]\.model \| this key is missing/,
    ],
    ['no models', 'name: x\n', /^plan\.yaml:1: models \| this key is missing \| it takes a list/],
    ['an empty list', 'models: []\n', /models \| 0 entries is too little \| at least 1 entry/],
    [
      'devices that are one word',
      'models: [a]\ndevices: ort:cpu\n',
      /devices \| expected all or a list, found 'ort:cpu' \| a list of one is written \[ort:cpu\]/,
    ],
    [
      'a malformed device',
      'models: [a]\ndevices: [cpu]\n',
      /devices\[0\] \| .*'cpu'.* \| a device is written engine:device/,
    ],
    [
      'an engine in capitals',
      'models: [a]\nengines: {NPU: {command: [x]}}\n',
      /engines\.NPU \| an engine is named in lower case/,
    ],
    [
      'an engine without a command',
      'models: [a]\nengines:\n  npu: {}\n',
      /^plan\.yaml:3: engines\.npu\.command \| this key is missing/,
    ],
    ['a precision given twice', 'models: [a]\nprecisions: [int8, int8]\n', /precisions\[1\] \| int8 is given twice/],
    ['a model given twice', 'models: [a, {model: a}]\n', /models\[1\] \| a is given twice/],
    ['a plan that is a list', '- a\n', /^plan\.yaml:1 \| expected a map of keys, found a list/],
    ['a plan that is a word', 'hello\n', /^plan\.yaml:1 \| expected a map of keys, found 'hello'/],
    ['an unknown key under an alias', 'reference: &r {devise: x}\nmodels: [a]\nlimits: *r\n', /:1: reference\.devise/],
    [
      'lengths that are a word',
      'models: [a]\nbenchmarks: {generation: {inputTokens: long}}\n',
      /generation\.inputTokens \| expected a number or a list, found 'long' \| $/,
    ],
    [
      'a length of nothing',
      'models: [a]\nbenchmarks: {generation: {inputTokens: 0}}\n',
      /generation\.inputTokens \| 0 is too little \| more than 0/,
    ],
    [
      'a length in a list that is too small',
      'models: [a]\nbenchmarks: {generation: {outputTokens: [8, 1]}}\n',
      /generation\.outputTokens\[1\] \| 1 is too little \| at least 2/,
    ],
    [
      'a length given twice',
      'models: [a]\nbenchmarks: {generation: {inputTokens: [8, 8]}}\n',
      /generation\.inputTokens\[1\] \| 8 is given twice/,
    ],
    [
      'max before other batch sizes',
      'models: [a]\nbenchmarks: {generation: {batch: [max, 4]}}\n',
      /generation\.batch\[0\] \| max stands at the end/,
    ],
    [
      'a batch that is another word',
      'models: [a]\nbenchmarks: {generation: {batch: all}}\n',
      /generation\.batch \| expected a number or max or a list, found 'all' \| $/,
    ],
    [
      'a batch that is another word in a list',
      'models: [a]\nbenchmarks: {generation: {batch: [1, all]}}\n',
      /generation\.batch\[1\] \| expected a number or max, found 'all'/,
    ],
    [
      'a grid of too many points',
      `models: [a]\nbenchmarks: {generation: {inputTokens: [${Array.from({ length: 101 }, (_, i) => i + 1)}], outputTokens: [${Array.from({ length: 100 }, (_, i) => i + 2)}], batch: 1}}\n`,
      /generation\.inputTokens \| 10100 points are too many, more than 10000/,
    ],
    ['tabs', 'models:\n\t- a\n', /^plan\.yaml:2 \| not YAML: /],
    ['an open bracket', 'models: [a\ndevices: all\n', /^plan\.yaml:\d \| not YAML: /],
    ['a key written twice', 'models: [a]\nmodels: [b]\n', /^plan\.yaml:2 \| not YAML: .*unique/],
    ['an unknown tag', 'models: !!js/function [a]\n', /^plan\.yaml:1 \| not YAML: /],
    ['two documents', 'models: [a]\n---\nmodels: [b]\n', /^plan\.yaml:2 \| not YAML: .*multiple documents/],
    ['bytes', 'mo\0dels', /^plan\.yaml \| not text/],
  ])('%s', (_, text, complaint) => {
    expect(complaintOf(text)).toMatch(complaint)
  })

  test.each(['', '\n\n', '# only a comment\n', '---\n', 'null'])('an empty plan (%j) says what a plan needs', text => {
    expect(complaintOf(text)).toBe(
      'plan.yaml | the plan is empty | a plan names one model at least: `models: [zoo/llama]`',
    )
  })
})

describe('a hostile plan is refused in a moment:', () => {
  const bomb = (levels: number) =>
    Array.from(
      { length: levels },
      (_, i) =>
        `a${i}: &a${i} [${
          i === 0
            ? '1'
            : Array(10)
                .fill(`*a${i - 1}`)
                .join(',')
        }]`,
    )

  test.each([
    ['aliases that explode', `${bomb(9).join('\n')}\n`, /aliases stand for more than 100 values/],
    ['brackets without end', `models: ${'['.repeat(100_000)}`, /nested too deeply|not YAML/],
    ['brackets that close', `models: ${'['.repeat(50_000)}${']'.repeat(50_000)}`, /nested too deeply/],
    ['dashes without end', `models:\n  ${'- '.repeat(50_000)}a`, /nested too deeply|expected/],
    ['a huge number', 'models: [a]\nlimits: {loadMs: 1e300}', /limits\.loadMs/],
    ['more ms than a timer holds', 'models: [a]\nlimits: {loadMs: 2147483648}', /too much \| at most 2147483647/],
    ['infinity', 'models: [a]\nbenchmarks: {generation: {batch: [.inf]}}', /benchmarks\.generation\.batch\[0\]/],
    ['not a number', 'models: [a]\nlimits: {attempts: .nan}', /limits\.attempts/],
    [
      'a huge batch',
      'models: [a]\nbenchmarks: {generation: {batch: [1000000]}}',
      /1000000 is too much \| at most 65536/,
    ],
    ['a long list', `models: [${Array.from({ length: 1001 }, (_, i) => `m${i}`)}]`, /1001 entries is too much/],
    ['a long name', `models: [a]\nname: ${'x'.repeat(5000)}`, /5000 characters is too much/],
    ['a large file', `# ${'x'.repeat(1 << 20)}`, /too large/],
    ['a prototype', 'models: [a]\n__proto__: {devices: all}', /no key '__proto__'/],
    ['itself', 'models: &m [*m]', /not YAML|nested too deeply|aliases|expected/],
  ])('%s', (_, text, complaint) => {
    const before = performance.now()
    expect(complaintOf(text)).toMatch(complaint)
    expect(performance.now() - before).toBeLessThan(5000)
  })
})
