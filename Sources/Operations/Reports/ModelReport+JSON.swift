import Inference
import Serving
import Vision
package import WireFormats

extension ModelReport {
  /// The same facts for programs; sizes in bytes, times in milliseconds. With what was understood
  /// of the configuration, where that is given.
  package func json(explainedBy configuration: ConfigurationReport? = nil) -> JSONValue {
    .object(members + (configuration.map { [.init("configuration", $0.json)] } ?? []))
  }

  private var members: [JSONValue.Member] {
    [
      .init("name", .string(trial.status.name)),
      .init("version", .integer(version)),
      .init("source", .string(trial.status.sourceName)),
      .init("file_bytes", .integer(Int64(fileByteCount))),
      .init("runtime", runtime),
      .init("platform", .string(trial.status.platformName)),
      .init("task", .string(task.kind.name)),
      .init("classes", .array(task.labels.map { .string($0) })),
      .init("inputs", .array(signature.inputs.map(Self.json))),
      .init("outputs", .array(signature.outputs.map(Self.json))),
      .init("metadata", metadata),
      .init("load_ms", .number(Self.milliseconds(trial.loadNanoseconds))),
      .init("first_run", firstRunJSON),
      .init("memory", memoryJSON),
      .init("warnings", .array(trial.status.warnings.map { .string($0) })),
    ]
  }

  private var runtime: JSONValue {
    .object([
      .init("name", .string(trial.status.runtimeName)), .init("version", .string(runtimeVersion)),
    ])
  }

  private static func json(of port: TensorDescription) -> JSONValue {
    .object([
      .init("name", .string(port.name)), .init("datatype", .string(port.datatype.name)),
      .init("shape", .array(port.metadataShape.map { .integer(Int64($0)) })),
      .init("optional", .bool(port.isOptional)),
    ])
  }

  private var metadata: JSONValue {
    .object(
      signature.metadata.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
  }

  private var firstRunJSON: JSONValue {
    guard let run = trial.run else {
      return .object([.init("problem", .string(trial.runProblem ?? ""))])
    }
    return .object([.init("ms", .number(Self.milliseconds(run.nanoseconds)))])
  }

  private var memoryJSON: JSONValue {
    .object([
      .init("loaded_bytes", .integer(Int64(fit.footprintByteCount))),
      .init("instance_bytes", .integer(Int64(fit.instanceByteCount))),
      .init("instances", .integer(Int64(fit.instanceCount))),
      .init("needed_bytes", .integer(Int64(fit.neededByteCount))),
      .init("available_bytes", .integer(Int64(fit.availableByteCount))),
      .init("fits", .string(fit.verdict.rawValue)),
    ])
  }

  private static func milliseconds(_ nanoseconds: UInt64) -> Double {
    Double(nanoseconds / 1_000) / 1_000
  }
}
