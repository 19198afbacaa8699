/**
 * The assignment problem: for each row a column of its own, so that the sum of the chosen values is the largest.
 *
 * `values`: [rows][columns], finite, all rows of one length. Gives the column of each row, -1 where there are more rows than columns and
 * the row has none. O(rows² x columns).
 * Source: H. W. Kuhn, The Hungarian Method, Naval Research Logistics Quarterly 2, 1955, as successive shortest augmenting paths with
 * potentials (R. Jonker and A. Volgenant, Computing 38, 1987).
 */
export function bestAssignment(values: readonly (readonly number[])[]): number[] {
  const rows = values.length
  const columns = values[0]?.length ?? 0
  if (columns === 0) return values.map(() => -1)
  if (rows > columns) return turned(bestAssignment(transposed(values)), rows)

  const rowOf = new Int32Array(columns).fill(-1)
  const rowPotential = new Float64Array(rows)
  const columnPotential = new Float64Array(columns)
  for (let row = 0; row < rows; row++) {
    const path = shortestPath(row, rowOf, rowPotential, columnPotential, (i, j) => -(values[i]?.[j] ?? 0))
    // Along the path each column goes to the row that came before it, and the last, which was free, is taken.
    for (let column = path.end; column >= 0; ) {
      const previous = path.before[column] ?? -1
      rowOf[column] = previous < 0 ? row : (rowOf[previous] ?? -1)
      column = previous
    }
  }
  return turned(Array.from(rowOf), rows)
}

/**
 * The cheapest way from an unassigned row to a free column, alternating between costs and assignments (Dijkstra over costs less
 * potentials, none of which is negative); keeps the potentials valid. `before`: the column that each column was reached through.
 */
function shortestPath(
  start: number,
  rowOf: Int32Array,
  rowPotential: Float64Array,
  columnPotential: Float64Array,
  cost: (row: number, column: number) => number,
): { end: number; before: Int32Array } {
  const columns = rowOf.length
  const distance = new Float64Array(columns).fill(Infinity)
  const before = new Int32Array(columns).fill(-1)
  const isSettled = new Uint8Array(columns)
  let row = start
  let through = -1
  let walked = 0
  for (;;) {
    let nearest = -1
    for (let column = 0; column < columns; column++) {
      if (isSettled[column] === 1) continue
      const length = walked + cost(row, column) - (rowPotential[row] ?? 0) - (columnPotential[column] ?? 0)
      if (length < (distance[column] ?? 0)) {
        distance[column] = length
        before[column] = through
      }
      if (nearest < 0 || (distance[column] ?? 0) < (distance[nearest] ?? 0)) nearest = column
    }
    walked = distance[nearest] ?? 0
    isSettled[nearest] = 1
    const next = rowOf[nearest] ?? -1
    if (next < 0) {
      rowPotential[start] = (rowPotential[start] ?? 0) + walked
      for (let column = 0; column < columns; column++) {
        if (isSettled[column] === 0) continue
        const slack = walked - (distance[column] ?? 0)
        columnPotential[column] = (columnPotential[column] ?? 0) - slack
        const owner = rowOf[column] ?? -1
        if (owner >= 0) rowPotential[owner] = (rowPotential[owner] ?? 0) + slack
      }
      return { end: nearest, before }
    }
    through = nearest
    row = next
  }
}

function transposed(values: readonly (readonly number[])[]): number[][] {
  return Array.from({ length: values[0]?.length ?? 0 }, (_, column) => values.map(row => row[column] ?? 0))
}

/** From the owner of each place to the place of each owner. */
function turned(ownerOf: readonly number[], owners: number): number[] {
  const placeOf = new Array<number>(owners).fill(-1)
  for (const [place, owner] of ownerOf.entries()) if (owner >= 0) placeOf[owner] = place
  return placeOf
}
