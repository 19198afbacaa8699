/** The commands as commander's: only here is it known which library reads the words. */
import { Argument, Option, Command as Parser } from 'commander'
import { version } from '../version.ts'
import { type Command, GROUPS } from './command.ts'
import { commands, FAMILIES } from './commands/index.ts'
import { HELP_FORMAT, INTRODUCTION, TOP_TAIL, tailOf } from './help.ts'
import type { Given } from './option.ts'
import type { Output } from './output.ts'
import { namePrograms, PROGRAMS } from './programs.ts'

export type Run = (command: Command, values: Readonly<Record<string, unknown>>) => Promise<void>

/** A parser that calls `run` with the chosen command and its values. It throws commander's errors and never exits. */
export function createParser(output: Output, run: Run): Parser {
  const parser = new Parser('assay')
    .description(INTRODUCTION)
    .usage('COMMAND [options]')
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: text => output.raw(text), writeErr: () => undefined })
    .configureHelp(HELP_FORMAT)
    .addHelpText('after', TOP_TAIL)
  for (const group of GROUPS)
    for (const command of commands.filter(candidate => candidate.group === group)) addCommand(parser, command, run)
  return parser
}

function addCommand(root: Parser, command: Command, run: Run): void {
  const [first = '', second] = command.name.split(' ')
  const parent = second === undefined ? root : familyOf(root, first, command.group)
  const own = parent
    .command(second ?? first)
    .summary(command.summary)
    .description(
      [command.summary, command.details?.replaceAll('\n', ' ')].filter(text => text !== undefined).join('\n\n'),
    )
    .addHelpText('after', tailOf(command))
  if (second === undefined) own.helpGroup(command.group)
  for (const { usage, about } of Object.values(command.arguments)) own.addArgument(new Argument(usage, about))
  for (const { flags, about, negation } of Object.values(command.options)) {
    own.addOption(commanderOption(flags, about))
    if (negation !== undefined) own.addOption(new Option(negation.flags, negation.about))
  }
  if (command.startsEngines === true)
    for (const { flags, about } of Object.values(PROGRAMS)) own.addOption(new Option(flags, about))
  own.option('--json', 'print one JSON document on standard output, and nothing else there')
  own.action(async () => {
    if (command.startsEngines === true) namePrograms(own.opts())
    return run(command, await readValues(command, own.args, own.opts()))
  })
}

/** `golden capture` stands under `golden`, which is made with its first member. */
function familyOf(root: Parser, name: string, group: string): Parser {
  const known = root.commands.find(candidate => candidate.name() === name)
  if (known !== undefined) return known
  const about = FAMILIES[name] ?? ''
  return root
    .command(name)
    .summary(about)
    .description(about)
    .usage('COMMAND [options]')
    .helpGroup(group)
    .helpCommand(false)
}

/** Every text that was given is kept; the option's own reader decides what several mean. */
function commanderOption(flags: string, about: string): Option {
  const made = new Option(flags, about)
  if (!/[<[]/.test(flags)) return made
  return made.argParser((text: string, before: unknown) => [...(Array.isArray(before) ? before : []), text])
}

async function readValues(
  command: Command,
  words: readonly string[],
  given: Readonly<Record<string, Given>>,
): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {}
  for (const [index, [key, { usage, read }]] of Object.entries(command.arguments).entries())
    values[key] = read(usage.includes('...') ? words.slice(index) : words.slice(index, index + 1))
  for (const [key, { flags, read }] of Object.entries(command.options))
    values[key] = await read(given[new Option(flags).attributeName()])
  return values
}
