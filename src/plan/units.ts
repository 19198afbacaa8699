import { AssayError } from '../errors.ts'
import type { UnitHeader } from '../events/event.ts'
import type { Category, DeviceId, Precision } from '../words.ts'
import type { ModelEntry, Plan } from './schema.ts'

/** One thing to run: its header, and what the plan says about its model. */
export interface Unit {
  readonly header: UnitHeader
  readonly entry: ModelEntry
}

/** More units than this in one run are a slip of the pen: a matrix that was multiplied out by mistake. */
const MOST_UNITS = 10_000

/** What kind of model a reference names; an .onnx file is anybody's model. */
export type CategoryOf = (model: string) => Category

/** An .onnx file is run as it stands; what is in it decides its precision, and fp32 is what it is called. */
function precisionsOf(entry: ModelEntry, category: Category, plan: Plan): readonly Precision[] {
  return category === 'onnx' ? ['fp32'] : (entry.precisions ?? plan.precisions)
}

/**
 * The units of a plan on the given devices: models, then devices, then precisions.
 * @throws AssayError `plan-invalid` where they are too many for one run
 */
export function unitsOf(plan: Plan, devices: readonly DeviceId[], categoryOf: CategoryOf): Unit[] {
  const models = plan.models.map(entry => {
    const category = categoryOf(entry.model)
    return { entry, category, precisions: precisionsOf(entry, category, plan) }
  })
  const total = models.reduce((sum, { precisions }) => sum + precisions.length * devices.length, 0)
  if (total > MOST_UNITS)
    throw new AssayError('plan-invalid', `the plan asks for ${total} units, more than ${MOST_UNITS}`, {
      hint: 'split it into several plans',
    })
  return models.flatMap(({ entry, category, precisions }) =>
    devices.flatMap(device => precisions.map(precision => unitOf(entry, category, device, precision))),
  )
}

function unitOf(entry: ModelEntry, category: Category, device: DeviceId, precision: Precision): Unit {
  const { model } = entry
  return { header: { id: `${model} ${device} ${precision}`, model, category, device, precision }, entry }
}
