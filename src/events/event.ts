/** What happens during a run: a closed union of plain values. The log of them is the truth; everything else is a fold over it. */
import { z } from 'zod'
import { DeviceDescription, Placement } from '../protocol/messages.ts'
import { Category, DeviceId, Fault, Precision, Status } from '../words.ts'
import { BenchmarkPoint, CheckResult, DeviceCeilings, HostDescription } from './result.ts'
import { Shape } from './shape.ts'

const unit = z.string()
const attempt = z.int().positive()

/** One (model, precision, device) of a run, before it ran. */
export const UnitHeader = z.object({
  id: unit,
  model: z.string(),
  category: Category,
  device: DeviceId,
  precision: Precision,
})
export type UnitHeader = z.infer<typeof UnitHeader>

export const EventBody = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('run-started'),
    run: z.string(),
    plan: z.string(),
    planSource: z.string(),
    /** The plan's file, from which its relative paths are resolved when the run is resumed; absent where it had none. */
    planPath: z.string().optional(),
    host: HostDescription,
    reference: z.object({ device: DeviceId, precision: Precision }),
    devices: z.array(DeviceDescription),
    units: z.array(UnitHeader),
  }),
  /** The run goes on after it was interrupted or killed. */
  z.object({ type: z.literal('run-resumed') }),
  z.object({ type: z.literal('unit-started'), unit, attempt }),
  /** What the unit is doing now; for people, and no part of the result. */
  z.object({ type: z.literal('activity'), unit, attempt, text: z.string(), done: z.number(), total: z.number() }),
  z.object({
    type: z.literal('model-loaded'),
    unit,
    attempt,
    fingerprint: z.string().nullable(),
    parameters: z.int().nullable(),
    /** Of the weights as the device was given them; logs of before have no such figure. */
    weightBytes: z.int().nonnegative().nullable().default(null),
    placement: Placement.nullable(),
    /** What the runtime says of itself that could explain a result; logs of before have none. */
    settings: z.record(z.string(), z.string()).default({}),
    remarks: z.array(z.string()),
    loadMs: z.number(),
  }),
  /** One measured repetition. */
  z.object({
    type: z.literal('sample'),
    unit,
    attempt,
    benchmark: z.string(),
    batch: z.int(),
    /** Of the point that it belongs to; null in a log from before a benchmark had several. */
    shape: Shape.nullable().default(null),
    values: z.record(z.string(), z.number().nullable()),
  }),
  z.object({ type: z.literal('check-ended'), unit, attempt, check: CheckResult }),
  z.object({ type: z.literal('ceilings-measured'), unit, attempt, ceilings: DeviceCeilings }),
  z.object({ type: z.literal('point-ended'), unit, attempt, benchmark: z.string(), point: BenchmarkPoint }),
  /** `status` is given where the unit could not be run to its end; null where its checks and points decide. */
  z.object({
    type: z.literal('unit-ended'),
    unit,
    attempt,
    status: Status.nullable(),
    reason: z.string().nullable(),
    fault: Fault.nullable(),
    telemetry: z.record(z.string(), z.number().nullable()),
    artifacts: z.array(z.object({ kind: z.string(), path: z.string() })),
  }),
  z.object({ type: z.literal('reporter-failed'), reporter: z.string(), message: z.string() }),
  z.object({ type: z.literal('run-interrupted') }),
  z.object({ type: z.literal('run-ended') }),
])
export type EventBody = z.infer<typeof EventBody>

/** An event as it is stored: numbered from 1 within its run, with the wall clock in ms since the epoch. */
export const RunEvent = z.intersection(
  z.object({ sequence: z.int().positive(), timeMs: z.number().nonnegative() }),
  EventBody,
)
export type RunEvent = z.infer<typeof RunEvent>
