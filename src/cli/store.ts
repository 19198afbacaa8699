import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { AssayError } from '../errors.ts'
import { openStore, STORE_FILE, type Store } from '../store/store.ts'
import type { Context } from './command.ts'

/** Opens the store, which is made where there is none, for as long as `work` takes. */
export async function withStore<T>({ home }: Context, work: (store: Store) => T | Promise<T>): Promise<T> {
  const store = openStore(join(home, STORE_FILE))
  try {
    return await work(store)
  } finally {
    store.close()
  }
}

/** Whether anything was ever recorded here. Looking must not make a store. */
export function hasStore({ home }: Context): boolean {
  return existsSync(join(home, STORE_FILE))
}

/** As `withStore`, for what needs a run. Throws AssayError `run-not-found` where there is no store. */
export async function withRuns<T>(context: Context, work: (store: Store) => T | Promise<T>): Promise<T> {
  if (!hasStore(context))
    throw new AssayError('run-not-found', 'no run is recorded here', {
      where: context.home,
      hint: '`assay run` makes one; ASSAY_HOME says where runs are kept',
    })
  return withStore(context, work)
}
