import FrontSupport
import Inference
import Serving
import WireFormats

/// Answers of Triton's extensions that no model takes part in. On a worker.
struct ExtensionDocuments {
  private let shared: GRPCShared

  init(_ shared: GRPCShared) { self.shared = shared }

  // MARK: Memory of clients

  func memory(
    _ method: GRPCMethod, _ request: JSONValue
  ) throws(InferenceFailure) -> JSONValue {
    let registry = shared.extensions.memory
    let name = request.text("name")
    switch method {
    case .systemSharedMemoryStatus: return try status(of: name, registry)
    case .systemSharedMemoryUnregister: try registry.unregister(name.isEmpty ? nil : name)
    default:
      try registry.register(
        name, key: request.text("key"), byteOffset: request.count("offset"),
        byteCount: request.count("byte_size"))
    }
    return .object([])
  }

  private func status(
    of name: String, _ registry: SharedMemoryRegistry
  ) throws(InferenceFailure) -> JSONValue {
    let regions = try registry.list(name.isEmpty ? nil : name).map { region in
      JSONValue.Member(
        region.name,
        .object([
          .init("name", .string(region.name)), .init("key", .string(region.key)),
          .init("offset", .integer(Int64(region.byteOffset))),
          .init("byte_size", .integer(Int64(region.byteCount))),
        ]))
    }
    return .object([.init("regions", .object(regions))])
  }

  // MARK: Settings

  /// What is in force, after the change where one was asked for.
  func settings(
    _ method: GRPCMethod, _ request: JSONValue
  ) throws(InferenceFailure) -> JSONValue {
    let isTrace = method == .traceSetting
    guard let settings = isTrace ? shared.extensions.tracing : shared.extensions.logging else {
      throw .unsupported(.other("settings of this kind"))
    }
    let name = request.text("model_name")
    if !name.isEmpty, shared.door.statuses(named: name).isEmpty {
      throw .modelNotFound(ModelAddress(name: name), known: [])
    }
    let model = name.isEmpty ? nil : name
    let changes = request.changes
    if !changes.isEmpty { try settings.change(changes, ofModel: model) }
    let values = settings.values(ofModel: model).map { setting in
      JSONValue.Member(
        setting.name, isTrace ? Self.texts(setting.value) : Self.choice(setting.value))
    }
    return .object([.init("settings", .object(values))])
  }

  /// As `TraceSettingResponse` has it: a list of texts, whatever it is.
  private static func texts(_ value: RunningSetting.Value) -> JSONValue {
    let texts: [String] =
      switch value {
      case .boolean(let flag): [flag ? "true" : "false"]
      case .integer(let number): [String(number)]
      case .text(let text): [text]
      case .texts(let texts): texts
      }
    return .object([.init("value", .array(texts.map { .string($0) }))])
  }

  /// As `LogSettingsResponse` has it: one of three kinds.
  private static func choice(_ value: RunningSetting.Value) -> JSONValue {
    switch value {
    case .boolean(let flag): .object([.init("bool_param", .bool(flag))])
    case .integer(let number): .object([.init("uint32_param", .integer(number))])
    case .text(let text): .object([.init("string_param", .string(text))])
    case .texts(let texts):
      .object([.init("string_param", .string(texts.joined(separator: ",")))])
    }
  }
}

extension JSONValue {
  /// A member that is a whole number of 0 or more; 0 where it is not there.
  fileprivate func count(_ key: String) -> Int {
    switch self[key] {
    case .integer(let number): Int(clamping: number)
    // Beyond 64 bits with a sign.
    case .string: .max
    default: 0
    }
  }

  /// The entries of `settings`; one without a value goes back to what was there before.
  fileprivate var changes: [(name: String, value: RunningSetting.Value?)] {
    guard case .object(let members) = self["settings"] else { return [] }
    return members.map { ($0.key, Self.value(of: $0.value)) }
  }

  private static func value(of setting: JSONValue) -> RunningSetting.Value? {
    if case .array(let elements) = setting["value"] {
      return .texts(
        elements.compactMap { if case .string(let text) = $0 { text } else { nil } })
    }
    if case .bool(let flag) = setting["bool_param"] { return .boolean(flag) }
    if case .integer(let number) = setting["uint32_param"] { return .integer(number) }
    if case .string(let text) = setting["string_param"] { return .text(text) }
    return nil
  }
}
