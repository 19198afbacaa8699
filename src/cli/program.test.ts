import { describe, expect, test } from 'vitest'
import { commands } from './commands/index.ts'
import { createOutput } from './output.ts'
import { createParser } from './parser.ts'
import { asksForJson, runProgram } from './program.ts'

/** Runs a command line in this process, for what ends before anything heavy begins. */
async function assay(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const words = line.split(' ').filter(word => word !== '')
  let [stdout, stderr] = ['', '']
  const output = createOutput(
    { write: text => (stdout += text) },
    { write: text => (stderr += text) },
    {},
    asksForJson(words),
  )
  const code = await runProgram(words, { output, cwd: '/nowhere', home: '/nowhere' })
  return { code, stdout, stderr }
}

const examples = commands.flatMap(command => command.examples.map(example => [example.command, command.name] as const))

test.each(examples)('the example `assay %s` parses, as the command %s', async (example, name) => {
  // As a shell takes them apart: what stands in quotes is one word.
  const words = Array.from(
    example.replace(/ > .*/, '').matchAll(/'([^']*)'|(\S+)/g),
    ([word, quoted]) => quoted ?? word,
  )
  const output = createOutput({ write: () => {} }, { write: () => {} }, {}, false)
  let parsed: string | null = null
  const parser = createParser(output, async command => {
    parsed = command.name
  })
  await parser.parseAsync(words, { from: 'user' })
  // The worker's own help shows how a host reaches it.
  expect([name, 'engine check']).toContain(parsed)
})

test.each(commands)('`$name --help` has a summary of one line, options, and two examples or more', async command => {
  const { code, stdout, stderr } = await assay(`${command.name} --help`)
  expect(code).toBe(0)
  expect(stderr).toBe('')
  expect(command.summary.length).toBeLessThanOrEqual(60)
  expect(stdout).toContain(command.summary)
  expect(stdout).toContain('--json')
  expect(command.examples.length).toBeGreaterThanOrEqual(2)
  for (const { command: example } of command.examples) expect(stdout).toContain(`assay ${example}`)
})

test('the top-level help lists every command, fits a screen, and is what a bare `assay` shows', async () => {
  const { stdout } = await assay('--help')
  for (const { name } of commands) expect(stdout).toMatch(new RegExp(`^  ${name.split(' ')[0]} `, 'm'))
  expect(stdout.split('\n').length).toBeLessThanOrEqual(45)
  expect(await assay('')).toEqual({ code: 0, stdout, stderr: '' })
})

test('--version gives the version of the package', async () => {
  const { default: manifest } = await import('../../package.json', { with: { type: 'json' } })
  expect(await assay('--version')).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
})

describe('a mistyped word gets a suggestion and exit code 2:', () => {
  test.each([
    ['prity zoo/llama', "unknown command 'prity'", 'did you mean parity?'],
    ['golden captrue', "unknown command 'captrue'", 'did you mean capture?'],
    ['bench zoo/llama --bach 1', "unknown option '--bach'", 'did you mean --batch?'],
    ['parity m --device ort:cpu --precision pf16', "'pf16' is not allowed here", 'did you mean fp16?'],
    ['parity m --device ort:cpu --check perplexty', "'perplexty' is not allowed here", 'did you mean perplexity?'],
    ['bench m --device ort:cpu --target ttfMs=3', "there is no target 'ttfMs'", 'did you mean ttftMs?'],
    ['export m -o x --dialect portabel', "'portabel' is not allowed here", 'did you mean portable?'],
    ['report --format htlm', "'htlm' is not allowed here", 'did you mean html?'],
    ['worker otr', "there is no engine 'otr'", 'did you mean ort?'],
  ])('assay %s', async (line, message, hint) => {
    const { code, stdout, stderr } = await assay(line)
    expect(stderr).toContain(`error: ${message}`)
    expect(stderr).toContain(`hint: ${hint}`)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })
})

describe('a wrong value is named with its option:', () => {
  test.each([
    ['bench m --device ort:cpu --batch 1,zero', /'zero' is not a whole number.*\n.*at: --batch/],
    ['bench m --device ort:cpu --batch 0', /'0' is not a whole number.*\n.*at: --batch/],
    ['bench m --device ort:cpu --batch max,4', /max stands at the end.*\n.*benchmarks\.generation\.batch\[0\]/],
    ['bench m --device ort:cpu --batch all', /'all' is not a whole number.*\n.*at: --batch\n.*or max/],
    ['bench m --device ort:cpu --batch ,', /--batch names nothing/],
    ['bench m --device ort:cpu --budget -3', /'-3' is not a number of seconds/],
    [
      'bench m --device ort:cpu --output 1',
      /1 is too little.*\n.*benchmarks\.generation\.outputTokens.*\n.*at least 2/,
    ],
    ['bench m --device ort:cpu --target ttftMs=fast', /ttftMs needs a number.*\n.*at: --target/],
    ['parity m --device cpu', /'cpu' is not a device.*\n.*at: --device.*\n.*ort:cpu/],
    ['parity m', /--device is needed.*\n.*`assay devices`/],
    ['parity --device ort:cpu', /missing required argument 'model'.*\n.*`assay parity --help`/],
    ['run --resume --device ort:cpu', /--resume goes on with the run's own plan, so --device cannot be given/],
    ['report abc --log x.jsonl', /cannot be given together/],
    ['export m --form huggingface -o x --dialect ort', /--dialect are of graphs/],
    ['history --limit few', /'few' is not a whole number/],
    ['golden', /`assay golden` needs a command/],
    ['engine', /`assay engine` needs a command/],
  ])('assay %s', async (line, complaint) => {
    const { code, stdout, stderr } = await assay(line)
    expect(stderr).toMatch(complaint)
    expect(stdout).toBe('')
    expect(code).toBe(2)
  })
})

test('a --json that belongs to a command behind -- is not ours', () => {
  expect(asksForJson(['engine', 'check', '--', './worker', '--json'])).toBe(false)
  expect(asksForJson(['engine', 'check', '--json', '--', './worker'])).toBe(true)
})

test('--json takes no other format on standard output', async () => {
  const { code, stdout } = await assay('report --json --format html')
  expect(JSON.parse(stdout)).toMatchObject({
    error: { message: expect.stringContaining('cannot share standard output') },
  })
  expect(code).toBe(2)
})

test('a bug prints its stack and ends with 70, and is a document under --json', async () => {
  const { reportFailure } = await import('./failure.ts')
  let [stdout, stderr] = ['', '']
  const output = createOutput({ write: text => (stdout += text) }, { write: text => (stderr += text) }, {}, true)
  expect(reportFailure(new TypeError('x is not a function'), output)).toBe(70)
  expect(stderr).toMatch(/bug in Assay[\s\S]*TypeError: x is not a function\n\s+at /)
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'bug', message: 'x is not a function' } })
})

test('the help names every precision', async () => {
  const { Precision } = await import('../words.ts')
  const { PRECISION_WORDS } = await import('./readers.ts')
  expect(PRECISION_WORDS.split(', ')).toEqual(Precision.options)
})
