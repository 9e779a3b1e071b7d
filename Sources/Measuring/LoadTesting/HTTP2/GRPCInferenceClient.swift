package import Inference
package import Transport
import WireFormats

/// A model behind the Open Inference Protocol V2 over gRPC, as a client sees it.
package struct GRPCInferenceClient: Sendable {
  private let address: GRPCAddress
  private let security: TLSClientContext?
  private let connections: Int

  private static let service = "/inference.GRPCInferenceService/"

  /// - Parameters:
  ///   - security: for an address that is encrypted.
  ///   - connections: over how many connections calls are spread.
  package init(_ address: GRPCAddress, security: TLSClientContext?, connections: Int) {
    self.address = address
    self.security = security
    self.connections = connections
  }

  // MARK: Metadata

  /// What the model takes and gives, as the server tells it. Blocks.
  package func signature() throws(CallProblem) -> ModelSignature {
    let question = JSONValue.object([
      .init("name", .string(address.model)), .init("version", .string(address.version)),
    ])
    let document: JSONValue
    do {
      let message = try GRPCSchemas.documents.encode(
        question, as: "inference.ModelMetadataRequest")
      let answer = try answer(to: message, "ModelMetadata")
      document = try answer.withUnsafeBytes {
        try GRPCSchemas.documents.decode($0, as: "inference.ModelMetadataResponse")
      }
    } catch let problem as CallProblem {
      throw problem
    } catch {
      throw Self.unfit("its metadata cannot be read")
    }
    guard case .array(let inputs)? = document["inputs"] else {
      throw Self.unfit("its metadata lists no inputs")
    }
    return ModelSignature(
      inputs: try Self.descriptions(inputs),
      outputs: try Self.descriptions(document["outputs"]?.elements ?? []), hasRowAxis: false)
  }

  private static func descriptions(
    _ tensors: [JSONValue]
  ) throws(CallProblem) -> [TensorDescription] {
    var all: [TensorDescription] = []
    for tensor in tensors { all.append(try description(tensor)) }
    return all
  }

  private static func description(_ tensor: JSONValue) throws(CallProblem) -> TensorDescription {
    guard case .object(var members) = tensor else { throw unfit("its metadata cannot be read") }
    // A scalar's shape has no lengths, and what is empty is not written.
    if tensor["shape"] == nil { members.append(.init("shape", .array([]))) }
    return try OpenInferenceClient.description(.object(members))
  }

  private func answer(to message: [UInt8], _ method: String) throws(CallProblem) -> [UInt8] {
    let call = target(method, [message]).askOnce(0)
    if let problem = call.problem { throw problem }
    return call.answer ?? []
  }

  private func target(_ method: String, _ messages: [[UInt8]]) -> GRPCTarget {
    GRPCTarget(
      address, security: security, path: Self.service + method, messages: messages,
      connections: connections)
  }

  private static func unfit(_ fact: String) -> CallProblem {
    CallProblem(kind: "not_inference", text: "this is no server of the protocol V2: \(fact)")
  }

  // MARK: Inference

  /// A request as it is sent.
  package func message(_ request: TensorRequest, of signature: ModelSignature) -> [UInt8] {
    InferRequestMessage.encode(
      model: address.model, version: address.version,
      inputs: zip(signature.inputs, request.inputs).compactMap { input, tensor in
        tensor.map { NamedTensor(name: input.name, tensor: $0) }
      })
  }

  /// What is measured: the model, asked with these messages, of which there is one at least.
  package func target(_ messages: [[UInt8]]) -> GRPCTarget { target("ModelInfer", messages) }

  /// Asks with the first message and looks at the answer. Blocks.
  package func check(_ target: GRPCTarget) throws(CallProblem) {
    let call = target.askOnce(0)
    if let problem = call.problem { throw problem }
    if try outputs(of: call.answer ?? []).isEmpty {
      throw Self.unfit("its answer has no outputs")
    }
  }

  /// What an answer carries.
  func outputs(of answer: [UInt8]) throws(CallProblem) -> [NamedTensor] {
    do throws(InputProblem) {
      return try answer.withUnsafeBytes { bytes in
        Result { () throws(InputProblem) in try InferResponseMessage(bytes).outputs }
      }.get()
    } catch {
      throw Self.unfit("its answer cannot be read")
    }
  }
}
