import { externalRange } from './external.ts'
import { ModelProtoSchema } from './onnx_pb.ts'
import { parseFile } from './protobuf.ts'
import { tensorsOf } from './signature.ts'
import { isExternal } from './tensor-proto.ts'

/** The files in which a model's tensors lie, as the model names them: beside it or below. Throws AssayError `onnx-invalid`. */
export function externalFiles(path: string): string[] {
  const { graph } = parseFile(ModelProtoSchema, path)
  if (graph === undefined) return []
  const locations = [...tensorsOf(graph)].filter(isExternal).map(tensor => {
    externalRange(tensor, path, 0, `${path}: ${tensor.name}`) // refuses what lies outside the model's folder
    return tensor.externalData.find(({ key }) => key === 'location')?.value ?? ''
  })
  return [...new Set(locations)]
}
