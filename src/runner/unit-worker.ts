/** The worker of a unit: one that died is replaced by a fresh one. */
import type { Loadable, Session } from './session.ts'

export type Start = (loadable: Loadable) => Promise<Session>

export class UnitWorker {
  readonly loadable: Loadable
  readonly #start: Start
  #session: Session

  private constructor(start: Start, loadable: Loadable, session: Session) {
    this.#start = start
    this.loadable = loadable
    this.#session = session
  }

  /** Starts the worker and loads the model. Throws what `start` throws. */
  static async open(start: Start, loadable: Loadable): Promise<UnitWorker> {
    return new UnitWorker(start, loadable, await start(loadable))
  }

  /** The session as it was opened last, whose worker may have died since. */
  get latest(): Session {
    return this.#session
  }

  /** The model in a worker that lives: a fresh one where the last died. Throws what `start` throws. */
  async session(): Promise<Session> {
    if (!this.#session.isAlive) this.#session = await this.#start(this.loadable)
    return this.#session
  }

  /** Gives up the model for another one, in the same worker or, where that died or holds too much, in a fresh one. */
  async change(loadable: Loadable, isFresh: boolean): Promise<Session> {
    if (isFresh) await this.#session.close()
    this.#session = this.#session.isAlive ? await this.#session.change(loadable) : await this.#start(loadable)
    return this.#session
  }

  close(): Promise<void> {
    return this.#session.close()
  }
}
