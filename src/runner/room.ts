/** Whether a model fits its device, the reference and the disk: looked up before anything is built. */
import { freemem } from 'node:os'
import { bytesToBuild } from '../build/artifact.ts'
import { showBytes } from '../build/bytes.ts'
import { bytesToExport } from '../build/checkpoint.ts'
import { freeBytes } from '../build/disk.ts'
import type { TracedModel } from '../build/model.ts'
import type { LoweredGraph } from '../lower/index.ts'
import type { Plan } from '../plan/schema.ts'
import type { Precision } from '../words.ts'
import { type Call, type Demand, demandOf, type Held, misfit, type Room, totalOf } from './demand.ts'
import type { FoundDevice } from './discovery.ts'
import { footprintOf, loweredFor } from './loadable.ts'

/** A device with what it is to run. */
export interface Placement {
  readonly found: FoundDevice
  readonly precision: Precision
  readonly calls: readonly Call[]
}

export interface Placements {
  readonly device: Placement
  /** The reference, where the unit needs it to run. */
  readonly reference: Placement | null
  /** Whether the reference runs while the device holds its model, as for the audit of a benchmark. */
  readonly isTogether: boolean
}

/** What else can judge a device, but not audit what it was timed at. */
const INSTEAD = '; a golden made on another machine can judge in its place'

/** Why a unit cannot have the memory or the disk that it needs, with the figures; null where nothing speaks against it. */
export function noRoom(
  model: TracedModel,
  { device, reference, isTogether }: Placements,
  limits: Plan['limits'],
  home: string,
): string | null {
  const own = weigh(model, device)
  const other = reference && weigh(model, reference)
  const ownMisfit = firstMisfit(own.demand, roomsOf(device.found, limits))
  if (ownMisfit !== null || !reference || !other) return ownMisfit ?? noDisk(model, [own.lowered], home)
  const name = `the reference ${reference.found.description.id} ${reference.precision}`
  const otherMisfit = firstMisfit(other.demand, roomsOf(reference.found, limits))
  if (otherMisfit !== null) return `${name}: ${otherMisfit}${isTogether ? '' : INSTEAD}`
  const held = { bytes: totalOf(other.demand), by: name }
  const together =
    isTogether && isOnHost(device.found) && isOnHost(reference.found)
      ? firstMisfit(own.demand, machineRooms(device.found), held)
      : null
  return together ?? noDisk(model, [own.lowered, other.lowered], home)
}

function weigh(
  model: TracedModel,
  { found, precision, calls }: Placement,
): { readonly demand: Demand; readonly lowered: LoweredGraph | null } {
  const lowered = loweredFor(model, found, precision)
  return { demand: demandOf(footprintOf(model, found, precision), calls), lowered }
}

function firstMisfit(demand: Demand, rooms: readonly Room[], held: Held | null = null): string | null {
  return rooms.map(room => misfit(demand, room, held)).find(reason => reason !== null) ?? null
}

/** Whether a device computes in the memory of this machine. A worker behind a command, as through ssh, is on its own. */
function isOnHost({ description, launch }: FoundDevice): boolean {
  return description.kind === 'cpu' && !launch.stdio
}

/** What bounds a model on a device: its memory, and on the host what a worker may hold. */
function roomsOf(found: FoundDevice, { workerMemoryBytes }: Plan['limits']): Room[] {
  const { kind } = found.description
  const rooms = machineRooms(found)
  if (workerMemoryBytes !== undefined && kind === 'cpu')
    rooms.push({ bytes: workerMemoryBytes, of: 'that limits.workerMemoryBytes leaves a worker' })
  return rooms
}

function machineRooms(found: FoundDevice): Room[] {
  const { id, memoryBytes } = found.description
  const rooms: Room[] = []
  if (memoryBytes !== null) rooms.push({ bytes: memoryBytes, of: `of ${id}` })
  // Not process.availableMemory(): in a control group it counts the page cache as taken, which a build has just filled.
  if (isOnHost(found)) rooms.push({ bytes: freemem(), of: 'that are free on this machine' })
  return rooms
}

function noDisk(model: TracedModel, graphs: readonly (LoweredGraph | null)[], home: string): string | null {
  const needed = graphs.reduce(
    (sum, lowered) => sum + (lowered ? bytesToBuild(model, lowered, home) : bytesToExport(model, home)),
    0,
  )
  const free = freeBytes(home)
  if (needed <= free) return null
  return `${showBytes(needed)} of built files do not fit the ${showBytes(free)} that the disk of ${home} has free; ASSAY_HOME moves them`
}
