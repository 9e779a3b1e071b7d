package import Inference
import Jobs
package import Transport
import Vision
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

  /// What the model takes, as the server tells it. Blocks.
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
    var descriptions: [TensorDescription] = []
    for input in inputs { descriptions.append(try Self.description(input)) }
    return ModelSignature(inputs: descriptions, outputs: [], hasRowAxis: false)
  }

  private static func description(_ input: JSONValue) throws(CallProblem) -> TensorDescription {
    guard case .object(var members) = input else { throw unfit("its metadata cannot be read") }
    // A scalar's shape has no lengths, and what is empty is not written.
    if input["shape"] == nil { members.append(.init("shape", .array([]))) }
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
    do {
      let answer = try (call.answer ?? []).withUnsafeBytes { try InferResponseMessage($0) }
      if !answer.outputs.isEmpty { return }
    } catch {
      throw Self.unfit("its answer cannot be read")
    }
    throw Self.unfit("its answer has no outputs")
  }
}

extension GRPCInferenceClient {
  /// What a file of `--data` becomes: a V2 request in JSON, or one request for each row of a table.
  package static func requests(
    _ bytes: [UInt8], name: String, signature: ModelSignature
  ) throws(ServerBodies.Unfit) -> [TensorRequest] {
    do {
      switch bytes.withUnsafeBytes({ JobInput(bytes: $0, name: name, task: .none) }) {
      case .request:
        return [
          try bytes.withUnsafeBytes {
            try OpenInferenceRequest.decode(json: $0, signature: signature).body
          }
        ]
      case .photo:
        throw ServerBodies.Unfit(
          description: "for photos, measure the model's address http://.../detect")
      case .csv, .jsonRows:
        let requests = try RowTensors(signature).rowRequests(for: ServerBodies.table(bytes))
        guard !requests.isEmpty else { throw ServerBodies.Unfit(description: "it has no rows") }
        return requests
      }
    } catch let problem as InputProblem {
      let failure = FailureMessage.text(for: .invalidInput(problem))
      throw ServerBodies.Unfit(description: "\(name): \(failure)")
    } catch {
      throw ServerBodies.Unfit(description: "\(name): \(error)")
    }
  }
}
