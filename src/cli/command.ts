/** A command as data: what help shows of it, how its words become values, and the function that does it. */
import type { ArgumentSpec, OptionSpec } from './option.ts'
import type { Output } from './output.ts'

/** Under which heading the top-level help lists a command, in this order. */
export const GROUPS = ['Judge a device:', 'Look around:', 'Take along:', 'Add a device:'] as const
export type Group = (typeof GROUPS)[number]

/** The world as a command sees it. */
export interface Context {
  readonly output: Output
  /** Where relative paths begin. */
  readonly cwd: string
  /** Where the store and built graphs are kept. */
  readonly home: string
}

export interface Example {
  /** Without its leading `assay `. */
  readonly command: string
  readonly about: string
}

type Options = Readonly<Record<string, OptionSpec<unknown>>>
type Arguments = Readonly<Record<string, ArgumentSpec<unknown>>>
type Values<S> = {
  readonly [K in keyof S]: S[K] extends OptionSpec<infer T> ? T : S[K] extends ArgumentSpec<infer T> ? T : never
}

export interface CommandSpec<A extends Arguments, O extends Options> {
  /** One word, or two for a command of a family: `golden capture`. */
  readonly name: string
  readonly group: Group
  /** Whether it starts engines, and so takes options that say where their programs are. */
  readonly startsEngines?: true
  /** One line. */
  readonly summary: string
  /** What one should know beyond the options. */
  readonly details?: string
  readonly arguments: A
  readonly options: O
  readonly examples: readonly Example[]
  /** Does it and gives the exit code. Loads what is heavy only now, so that help is instant. */
  handler(values: Values<A> & Values<O>, context: Context): Promise<number>
}

/** A command whose types are those of its own handler. */
export interface Command extends Omit<CommandSpec<Arguments, Options>, 'handler'> {
  /** Each value was read by the option or argument of its name. */
  handler(values: Readonly<Record<string, unknown>>, context: Context): Promise<number>
}

/** Ties a handler's values to the options and arguments that give them: a forgotten one does not compile. */
export function defineCommand<const A extends Arguments, const O extends Options>(spec: CommandSpec<A, O>): Command {
  return {
    ...spec,
    // The program reads every value with the spec of its own name, so that it is of this type.
    handler: (values, context) => spec.handler(values as Values<A> & Values<O>, context),
  }
}
