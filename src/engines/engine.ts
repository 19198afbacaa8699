import type { DeviceDescription, Method, Params } from '../protocol/messages.ts'
import type { Answer } from '../protocol/serve.ts'
import type { NamedTensors } from '../tensor.ts'
import type { Form } from '../words.ts'

/** What a call may ask and say while it runs. */
export interface Turn {
  /** Whether the host has given the call up. Asked between tokens and between passes. */
  isInterrupted(): boolean
  progress(done: number, total: number): void
}

/** What an engine says of itself. */
export interface EngineDescription {
  readonly versions: Record<string, string>
  readonly forms: Form[]
  readonly devices: DeviceDescription[]
}

type Call<M extends Method> = (params: Params<M>, tensors: NamedTensors, turn: Turn) => Promise<Answer<M>>

/**
 * A runtime that executes models. It lives in a thread of its own and may block it; calls come one after another.
 * The tensors that it answers with belong to the caller from then on. What it cannot do it says with a WorkerError.
 */
export interface Engine {
  devices(): Promise<EngineDescription>
  readonly load: Call<'load'>
  readonly run: Call<'run'>
  readonly generate: Call<'generate'>
  readonly measure: Call<'measure'>
  readonly unload: Call<'unload'>
}

/** The calls that go to the engine's thread. */
export type EngineMethod = 'load' | 'run' | 'generate' | 'measure' | 'unload'
