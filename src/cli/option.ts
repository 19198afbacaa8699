/** The kinds of options and arguments that a command can have; each knows how its text becomes a value. */
import { AssayError } from '../errors.ts'

/** What the command line gave: nothing, a flag, or the texts given one after another. */
export type Given = undefined | boolean | readonly string[]

export interface OptionSpec<T> {
  /** As commander takes them: `-o, --output <file>`. */
  readonly flags: string
  /** One line: what it does, its unit, its default. */
  readonly about: string
  /** A second flag that turns it off: `--no-report`. */
  readonly negation?: { readonly flags: string; readonly about: string }
  read(given: Given): T | Promise<T>
}

export interface ArgumentSpec<T> {
  /** As commander takes it: `<model>`, `[plan]`, `<command...>`. */
  readonly usage: string
  readonly about: string
  read(given: readonly string[]): T
}

/** One text into a value. Throws AssayError `argument-invalid`; `flag` is for its `where`. */
export type Reader<T> = (text: string, flag: string) => T | Promise<T>

export function flag(flags: string, about: string): OptionSpec<boolean> {
  return { flags, about, read: given => given === true }
}

/** An option with one value, or null where it is not given; the last wins. */
export function option<T>(flags: string, about: string, reader: Reader<T>): OptionSpec<T | null> {
  return {
    flags,
    about,
    read: given => {
      const text = texts(given).at(-1)
      return text === undefined ? null : reader(text, longFlag(flags))
    },
  }
}

/** An option with several values, with commas between or given several times; null where it is not given. */
export function listOption<T>(flags: string, about: string, reader: Reader<T>): OptionSpec<T[] | null> {
  return {
    flags,
    about,
    read: async given => {
      if (given === undefined) return null
      const items = texts(given).flatMap(text => text.split(','))
      const words = items.map(item => item.trim()).filter(word => word !== '')
      if (words.length === 0)
        throw new AssayError('argument-invalid', `${longFlag(flags)} names nothing`, { where: longFlag(flags) })
      const values: T[] = []
      for (const word of new Set(words)) values.push(await reader(word, longFlag(flags)))
      return values
    },
  }
}

/** An option with one value each time that it is given; none where it is not. */
export function eachOption<T>(flags: string, about: string, reader: Reader<T>): OptionSpec<readonly T[]> {
  return {
    flags,
    about,
    read: given => Promise.all(texts(given).map(text => reader(text, longFlag(flags)))),
  }
}

/** An option whose value may be left out: null where it is not given, '' where it has no value. */
export function optionalValue(flags: string, about: string): OptionSpec<string | null> {
  return {
    flags,
    about,
    read: given => (given === undefined || given === false ? null : given === true ? '' : (texts(given).at(-1) ?? '')),
  }
}

/** Files that are written, one for each time that it is given. */
export function outputFiles(flags: string, about: string): OptionSpec<readonly string[]> {
  return { flags, about, read: texts }
}

/** Files that are written, one unless they are turned off. */
export function usualFiles(flags: string, about: string, usual: string, off: string): OptionSpec<readonly string[]> {
  return {
    flags,
    about: `${about} (default: ${usual})`,
    negation: { flags: off, about: 'write none' },
    read: given => (given === undefined || given === true ? [usual] : texts(given)),
  }
}

export function argument(usage: `<${string}>`, about: string): ArgumentSpec<string> {
  return { usage, about, read: ([text]) => text ?? '' }
}

export function optionalArgument(usage: `[${string}]`, about: string): ArgumentSpec<string | null> {
  return { usage, about, read: ([text]) => text ?? null }
}

export function restArgument(usage: `<${string}...>`, about: string): ArgumentSpec<readonly string[]> {
  return { usage, about, read: given => given }
}

/** A text as it stands. */
export const asText: Reader<string> = text => text

function texts(given: Given): readonly string[] {
  return typeof given === 'object' ? given : []
}

/** `-o, --output <file>` -> `--output` */
function longFlag(flags: string): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? flags
}
