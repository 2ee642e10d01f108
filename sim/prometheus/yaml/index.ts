/** YAML as Go's packages read it into typed values. */
export {
  decodeYaml,
  yamlBoolean,
  yamlDuration,
  yamlInteger,
  yamlList,
  yamlNumber,
  yamlString,
  yamlStringMap,
  yamlStruct,
  type Decoded,
  type Decoder,
  type DecodeOptions,
} from "./decode.js";
export { readYaml, type YamlNode, type YamlPlace } from "./yaml-node.js";
export { YamlError, type YamlProblem } from "./yaml-error.js";
export { plainOf } from "./plain.js";
