import Inference
import Synchronization

/// A model that a step asks, and where the step's tensors go in its signature.
///
/// The address is looked up with every request, so that a version that was replaced is asked from
/// then on; the places are found anew only when another loaded version answers to it.
final class GraphTarget: Sendable {
  /// Where the step's tensors are in one loaded version.
  struct Places: Sendable {
    /// Tells the loaded version that this is about.
    let identity: ObjectIdentifier
    let inputCount: Int
    /// Place of each bound input.
    let inputs: [Int]
    let inputDescriptions: [TensorDescription]
    /// Place of each bound output.
    let outputs: [Int]
  }

  let address: ModelAddress
  private let inputPorts: [String]
  private let outputPorts: [String]
  private let known = Guarded<Places?>(nil)

  init(_ address: ModelAddress, inputPorts: [String], outputPorts: [String]) {
    self.address = address
    self.inputPorts = inputPorts
    self.outputPorts = outputPorts
  }

  /// Throws where this version has not the tensors that the step binds.
  func places(in lease: ModelLease) throws(GraphProblem) -> Places {
    let known = known.withLock { $0 }
    if let known, known.identity == lease.identity { return known }
    let places = try find(in: lease)
    self.known.withLock { $0 = places }
    return places
  }

  private func find(in lease: ModelLease) throws(GraphProblem) -> Places {
    let signature = lease.signature
    var inputs: [Int] = []
    for port in inputPorts {
      guard let place = signature.inputIndex(named: port) else {
        throw GraphProblem(
          "\(address) has no input \(port); it has \(signature.inputs.map(\.name).listed)")
      }
      inputs.append(place)
    }
    for (place, input) in signature.inputs.enumerated()
    where !input.isOptional && !inputs.contains(place) {
      throw GraphProblem("nothing is bound to the input \(input.name) of \(address)")
    }
    var outputs: [Int] = []
    for port in outputPorts {
      guard let place = signature.outputIndex(named: port) else {
        throw GraphProblem(
          "\(address) has no output \(port); it has \(signature.outputs.map(\.name).listed)")
      }
      outputs.append(place)
    }
    return Places(
      identity: lease.identity, inputCount: signature.inputs.count, inputs: inputs,
      inputDescriptions: inputs.map { signature.inputs[$0] }, outputs: outputs)
  }
}

/// Why a graph cannot be, or cannot be asked now: a path in words.
struct GraphProblem: Error, Equatable {
  let sentence: String

  init(_ sentence: String) { self.sentence = sentence }
}

extension [String] {
  var listed: String { isEmpty ? "none" : joined(separator: ", ") }
}
