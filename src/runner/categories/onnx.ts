import type { OnnxFileModel } from '../../build/model.ts'
import { AssayError } from '../../errors.ts'
import { readOnnxSignature } from '../../onnx/signature.ts'
import { testDataSets } from '../../onnx/test-data.ts'
import { loadableFor } from '../loadable.ts'
import { dataContext, expectedOf, observeData, runOnnxUnit } from '../onnx-unit.ts'
import { sessionLimits } from '../request.ts'
import { Session } from '../session.ts'
import type { CategoryRunner } from './category.ts'

export const onnx: CategoryRunner<OnnxFileModel> = {
  /** What is broken ends the plan; what is well-formed and beyond Assay's tensors is a skip of that model's units. */
  check({ path }) {
    try {
      readOnnxSignature(path)
      testDataSets(path)
    } catch (error) {
      if (!(error instanceof AssayError && error.code === 'onnx-unsupported')) throw error
    }
  },

  run: runOnnxUnit,

  async capture(_, { entry }) {
    throw new AssayError(
      'argument-invalid',
      'goldens are not captured of ONNX files, which nobody here has inputs for',
      {
        where: entry.model,
        hint: 'test_data_set_*/ beside the file holds inputs and outputs',
      },
    )
  },

  async sides({ plan, base, home, signal }, { header, entry }, model, found, { concerned }) {
    const { reference, origin } = expectedOf(model, entry.golden, base)
    const outputs = new Map([...reference.outputs].filter(([id]) => concerned(id)))
    const loadable = loadableFor(model, found, header.precision, plan.options, home)
    const session = await Session.open(found.launch, loadable, sessionLimits(plan), signal)
    try {
      return {
        reference: { name: reference.name, outputs },
        origin,
        outputs: await observeData(session, outputs, () => undefined),
        context: dataContext(model),
      }
    } finally {
      await session.close()
    }
  },
}
