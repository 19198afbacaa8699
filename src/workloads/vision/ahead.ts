/**
 * Values made ahead of who takes them, in order, at most so many beside the one that is taken: what is made waits for who takes it,
 * and not the other way round. What goes wrong with one is thrown where it would have come, and not before.
 */
export async function* ahead<T, R>(
  items: Iterable<T>,
  make: (item: T) => Promise<R>,
  most: number,
): AsyncGenerator<R, void, undefined> {
  const made: Promise<R>[] = []
  const source = items[Symbol.iterator]()
  const fill = () => {
    while (made.length < most) {
      const next = source.next()
      if (next.done) return
      const value = make(next.value)
      // Until it is taken, nobody else looks at it.
      value.catch(() => undefined)
      made.push(value)
    }
  }
  for (fill(); ; ) {
    const next = made.shift()
    if (next === undefined) return
    const value = await next
    fill()
    yield value
  }
}
