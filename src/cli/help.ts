import type { HelpConfiguration } from 'commander'
import type { Command } from './command.ts'

export const INTRODUCTION = 'Assay proves that an accelerator runs real models correctly, fast and efficiently.'

export const TOP_TAIL = `
Begin with:
  assay run                              every check and benchmark, on every device found here
  assay parity zoo/llama --device ort:cpu

Exit codes: 0 passed, 1 something failed, 2 the request was wrong, 3 could not be run or judged, 130 interrupted.
\`assay COMMAND --help\` explains a command; docs/plans.md explains plans.`

export const HELP_FORMAT: HelpConfiguration = {
  // The top-level list has one word for each command; what it takes is its own help's matter.
  subcommandTerm: command => command.name(),
}

/** A command's examples, below its options. */
export function tailOf({ examples }: Command): string {
  const lines = examples.flatMap(({ command, about }) => [`  # ${about}`, `  assay ${command}`])
  return ['', 'Examples:', ...lines].join('\n')
}
