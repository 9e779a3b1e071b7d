package import Inference
import WireFormats

/// A configuration that came with the request to load a model, in place of what lies beside it.
package struct ModelOverride: Sendable {
  private let configuration: JSONValue

  /// Reads JSON with the names of Triton's model configuration.
  package init(json: String) throws(ServerFault) {
    var json = json
    var parsed: Result<JSONValue, InputProblem> = .success(.null)
    json.withUTF8 { utf8 in
      do throws(InputProblem) {
        parsed = .success(try JSONValue(parsing: UnsafeRawBufferPointer(utf8)))
      } catch {
        parsed = .failure(error)
      }
    }
    switch parsed {
    case .success(let value):
      guard case .object = value else { throw Self.fault("it is no JSON object") }
      configuration = value
    case .failure(let problem):
      throw Self.fault(FailureMessage.text(for: .invalidInput(problem)))
    }
  }

  private static func fault(_ reason: String) -> ServerFault {
    .configurationInvalid(file: "the configuration of the request", reason: reason)
  }

  func apply(to plan: inout ModelPlan) throws(ServerFault) {
    guard case .object(let members) = configuration else { return }
    for member in members {
      switch (member.key, member.value) {
      case ("name", .string(let name)):
        guard name.isEmpty || name == plan.name else {
          throw Self.fault("it is for the model \(name), and \(plan.name) is to be loaded")
        }
      case ("backend", .string(let name)), ("runtime", .string(let name)):
        try check(name, [plan.runtime.rawValue])
      case ("platform", .string(let name)):
        try check(name, [plan.runtime.rawValue, "\(plan.runtime.rawValue)_onnx"])
      case ("instance_group", .array(let groups)): plan.instanceCount = try count(groups)
      default: throw Self.fault("\(member.key) cannot be set with a load yet")
      }
    }
  }

  private func check(_ name: String, _ known: [String]) throws(ServerFault) {
    guard name.isEmpty || known.contains(name) else {
      throw Self.fault("its runtime \(name) is not the model's: \(known.joined(separator: ", "))")
    }
  }

  private func count(_ groups: [JSONValue]) throws(ServerFault) -> Int? {
    var total = 0
    for group in groups {
      guard case .integer(let count)? = group["count"] ?? .integer(1), (1...4_096).contains(count)
      else { throw Self.fault("a count of instance_group is no number from 1 to 4096") }
      total += Int(count)
    }
    return total == 0 ? nil : total
  }
}
