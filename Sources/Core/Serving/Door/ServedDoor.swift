package import Inference
import Synchronization

/// The door for models that ask others: the same queue and the same limits as for any client, and no way
/// round in a circle.
package final class ServedDoor: ModelDoor {
  private let entrance: Entrance

  package init(_ server: InferenceServer) {
    entrance = server.makeEntrance(isEventLoop: false)
  }

  package func ask(
    _ call: ModelCall,
    completion: @escaping @Sendable (Result<[NamedTensor], RuntimeFault>) -> Void
  ) {
    do throws(InferenceFailure) {
      let address = ModelAddress(name: call.model[...])
      try Self.check(call, address.name)
      let lease = try entrance.lease(address)
      let inputs = try Self.inputs(of: call, for: lease.signature)
      var context = RequestContext(
        id: "", caller: .embedded, dialect: .embedded, arrival: MonotonicClock.now(),
        deadline: call.deadline)
      context.askedThrough = call.askedThrough
      _ = entrance.submit(
        InferenceRequest(context: context, body: .tensors(TensorRequest(inputs: inputs))),
        to: lease, sink: OneAnswer(model: call.model, completion))
    } catch {
      completion(.failure(RuntimeFault(passingOn: error)))
    }
  }

  private static func check(_ call: ModelCall, _ name: String) throws(InferenceFailure) {
    let way = (call.askedThrough + [name]).joined(separator: " -> ")
    if call.askedThrough.contains(name) {
      throw fault("models ask each other in a circle: \(way)")
    }
    if call.askedThrough.count >= ModelCall.depthMax {
      throw fault("more than \(ModelCall.depthMax) models ask each other in a row: \(way)")
    }
  }

  private static func fault(_ message: String) -> InferenceFailure {
    .runtimeFailed(RuntimeFault(code: .failed, message: message))
  }

  private static func inputs(
    of call: ModelCall, for signature: ModelSignature
  ) throws(InferenceFailure) -> [Tensor?] {
    var inputs = [Tensor?](repeating: nil, count: signature.inputs.count)
    for input in call.inputs {
      guard let place = signature.inputIndex(named: input.name) else {
        throw .invalidInput(.unknownInput(input.name, known: signature.inputs.map(\.name)))
      }
      let description = signature.inputs[place]
      guard input.tensor.datatype == description.datatype else {
        throw .invalidInput(
          .wrongDatatype(
            input: input.name, expected: description.datatype, got: input.tensor.datatype))
      }
      guard description.admits(input.tensor.shape) else {
        throw .invalidInput(
          .wrongShape(
            input: input.name, expected: description.metadataShape, got: input.tensor.shape.array))
      }
      inputs[place] = input.tensor
    }
    for (place, input) in signature.inputs.enumerated() where !input.isOptional {
      if inputs[place] == nil { throw .invalidInput(.missingInput(input.name)) }
    }
    return inputs
  }
}

/// Takes the one answer of a call.
private final class OneAnswer: ResponseSink {
  private let model: String
  private let completion: @Sendable (Result<[NamedTensor], RuntimeFault>) -> Void
  private let parts = Guarded<[ResponsePart]>([])

  init(
    model: String, _ completion: @escaping @Sendable (Result<[NamedTensor], RuntimeFault>) -> Void
  ) {
    self.model = model
    self.completion = completion
  }

  func receive(_ part: ResponsePart) -> Demand {
    // A second is enough to know that there is more than one.
    parts.withLock { if $0.count < 2 { $0.append(part) } }
    return .more
  }

  func finish(_ end: ResponseEnd) {
    if case .failed(let failure) = end.outcome {
      return completion(.failure(RuntimeFault(passingOn: failure)))
    }
    let parts = parts.withLock { $0 }
    guard let only = parts.first, parts.count == 1 else {
      let fault = RuntimeFault(
        code: .failed, message: "the model \(model) gave no answer, or several, and one is needed")
      return completion(.failure(fault))
    }
    completion(.success(only.outputs))
  }
}
