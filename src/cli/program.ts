/** From the words of a command line to an exit code. */
import { CommanderError } from 'commander'
import { AssayError } from '../errors.ts'
import type { Context } from './command.ts'
import { commands, FAMILIES } from './commands/index.ts'
import { EXIT } from './exit-code.ts'
import { reportFailure } from './failure.ts'
import { createParser } from './parser.ts'

/** Runs a command line (without node and script) and gives the exit code. Prints through the context only. */
export async function runProgram(words: readonly string[], context: Context): Promise<number> {
  try {
    return await parseAndRun(words, context)
  } catch (error) {
    return reportFailure(error, context.output)
  }
}

/** Whether one JSON document is asked for; needed before the words are parsed, since they may be wrong. */
export function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return words.slice(0, end < 0 ? words.length : end).includes('--json')
}

async function parseAndRun(words: readonly string[], context: Context): Promise<number> {
  let code: number = EXIT.request
  const parser = createParser(context.output, async (command, values) => {
    code = await command.handler(values, context)
  })
  try {
    await parser.parseAsync(words.length === 0 ? ['--help'] : words, { from: 'user' })
    return code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return EXIT.pass // help or the version was asked for, and was printed
    throw error.code === 'commander.help' ? incomplete(words) : rephrase(error, words)
  }
}

/** Commander would print its help as an error where a family's member is missing. */
function incomplete(words: readonly string[]): AssayError {
  const family = Object.keys(FAMILIES).find(name => words.includes(name))
  const command = family === undefined ? 'assay' : `assay ${family}`
  return new AssayError('argument-invalid', `\`${command}\` needs a command`, {
    hint: `\`${command} --help\` lists them`,
  })
}

/** Commander's `error: unknown option '--x'\n(Did you mean --y?)` as one of our own. */
function rephrase(error: CommanderError, words: readonly string[]): AssayError {
  const [first = '', suggestion] = error.message.replace(/^error: /, '').split('\n(')
  const hint = suggestion?.replace(/\)$/, '').replace(/^Did/, 'did')
  return new AssayError('argument-invalid', first, {
    hint: hint ?? `\`${['assay', ...commandOf(words), '--help'].join(' ')}\` shows what there is`,
  })
}

/** The words that name a command, as far as they do. */
function commandOf(words: readonly string[]): readonly string[] {
  const [first = '', second = ''] = words
  const known = commands.map(({ name }) => name)
  if (known.includes(`${first} ${second}`)) return [first, second]
  return known.includes(first) || Object.hasOwn(FAMILIES, first) ? [first] : []
}
