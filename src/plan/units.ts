import { AssayError } from '../errors.ts'
import type { UnitHeader } from '../events/event.ts'
import type { DeviceId, Precision } from '../words.ts'
import type { ModelEntry, Plan } from './schema.ts'

/** One thing to run: its header, and what the plan says about its model. */
export interface Unit {
  readonly header: UnitHeader
  readonly entry: ModelEntry
}

/** More units than this in one run are a slip of the pen: a matrix that was multiplied out by mistake. */
const MOST_UNITS = 10_000

/** The category of a model by its reference; an .onnx file is anybody's model. */
function categoryOf(model: string): UnitHeader['category'] {
  return model.endsWith('.onnx') ? 'onnx' : 'llm'
}

/** An .onnx file is run as it stands; what is in it decides its precision, and fp32 is what it is called. */
function precisionsOf(entry: ModelEntry, plan: Plan): readonly Precision[] {
  return categoryOf(entry.model) === 'onnx' ? ['fp32'] : (entry.precisions ?? plan.precisions)
}

/**
 * The units of a plan on the given devices: models, then devices, then precisions.
 * @throws AssayError `plan-invalid` where they are too many for one run
 */
export function unitsOf(plan: Plan, devices: readonly DeviceId[]): Unit[] {
  const total = plan.models.reduce((sum, entry) => sum + precisionsOf(entry, plan).length * devices.length, 0)
  if (total > MOST_UNITS)
    throw new AssayError('plan-invalid', `the plan asks for ${total} units, more than ${MOST_UNITS}`, {
      hint: 'split it into several plans',
    })
  return plan.models.flatMap(entry =>
    devices.flatMap(device => precisionsOf(entry, plan).map(precision => unitOf(entry, device, precision))),
  )
}

function unitOf(entry: ModelEntry, device: DeviceId, precision: Precision): Unit {
  const { model } = entry
  return {
    header: { id: `${model} ${device} ${precision}`, model, category: categoryOf(model), device, precision },
    entry,
  }
}
