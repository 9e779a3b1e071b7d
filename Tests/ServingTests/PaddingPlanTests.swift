import Batching
import Inference
import TestSupport
import Testing

@testable import Serving

@Suite struct PaddingPlanTests {
  private func tensor(_ rows: [[Float]]) -> Tensor {
    Tensor(
      rows.flatMap { $0 }, datatype: .float32, shape: [rows.count, rows.first?.count ?? 0])
  }

  private func share(_ inputs: [Tensor?], number: UInt64) -> RunOrder.Share {
    let rowCount = inputs.first??.shape[0] ?? 0
    return RunOrder.Share(
      request: PendingRequest(
        ticket: Ticket(number: number), tensors: TensorRequest(inputs: inputs),
        deadline: .distantFuture, arrival: .never, admitted: .never, rowCount: rowCount,
        byteCount: 0, sink: RecordingSink()), rows: 0..<rowCount)
  }

  /// Runs the shares on a model of rows that doubles; each one's output, and the joined inputs.
  private func run(
    _ requests: [[Tensor?]], policy: PaddingPolicy, signature: ModelSignature
  ) throws -> (answers: [Tensor], joined: [Tensor?]) {
    let plan = try PaddingPlan(policy, for: signature)
    let shares = try #require(
      OneOrMore(listing: requests.enumerated().map { share($1, number: UInt64($0)) }))
    let work = try #require(BatchWork(shares, padding: plan))
    let instance = try RowModel(signature: signature).makeInstance(stop: StopFlag())
    var parts: [RunPart] = []
    try instance.run(work.batch) { parts.append($0) }
    let attempt = RunAttempt(started: .never, computed: .never, parts: parts, fault: nil)
    let answers = try #require(work.results(of: attempt)).compactMap { result -> Tensor? in
      guard case .outputs(_, let tensors) = result.parts.first else { return nil }
      return tensors.first
    }
    return (answers, work.batch.inputs)
  }

  @Test func `rows of different lengths share a run and get their own lengths back`() throws {
    let (answers, joined) = try run(
      [[tensor([[1, 2, 3]])], [tensor([[4], [5]])]], policy: PaddingPolicy(value: 9),
      signature: RowModel.vectors)
    #expect(joined[0]?.shape == [3, 3])
    #expect(joined[0]?.elements(as: Float.self) == [1, 2, 3, 4, 9, 9, 5, 9, 9])
    #expect(answers.map(\.shape) == [[1, 3], [2, 1]])
    #expect(answers.map { $0.elements(as: Float.self) } == [[2, 4, 6], [8, 10]])
  }

  @Test func `the mask tells values from padding where the client leaves it out`() throws {
    let (_, joined) = try run(
      [[tensor([[1, 2]]), nil], [tensor([[3]]), nil]],
      policy: PaddingPolicy(maskInput: "MASK"), signature: RowModel.masked)
    #expect(joined[1]?.elements(as: Float.self) == [1, 1, 1, 0])
  }

  @Test func `lengths go up to their bucket`() throws {
    let (answers, joined) = try run(
      [[tensor([[1, 2, 3]])]], policy: PaddingPolicy(lengthBuckets: [2, 4, 8]),
      signature: RowModel.vectors)
    #expect(joined[0]?.shape == [1, 4])
    #expect(answers[0].elements(as: Float.self) == [2, 4, 6])
  }

  @Test func `lengths of one bucket have one key, and a length beyond the last has its own`() throws
  {
    let plan = try PaddingPlan(PaddingPolicy(lengthBuckets: [2, 4]), for: RowModel.vectors)
    var forms = RunForms(padding: plan)
    let keys = [1, 2, 3, 4, 5, 6].map { length in
      forms.key(
        of: TensorRequest(inputs: [tensor([Array(repeating: 0, count: length)])]), rowCount: 1)
    }
    #expect(keys[0] == keys[1] && keys[2] == keys[3])
    #expect(Set(keys).count == 4)
  }

  @Test func `the mask becomes optional for clients`() throws {
    let plan = try PaddingPlan(PaddingPolicy(maskInput: "MASK"), for: RowModel.masked)
    #expect(plan.clientSignature.inputs.map(\.isOptional) == [false, true])
  }

  @Test(arguments: [
    (PaddingPolicy(maskInput: "NONE"), RowModel.masked),
    (PaddingPolicy(), RowModel.strings),
  ])
  func `padding that does not fit the model is refused at load`(
    policy: PaddingPolicy, signature: ModelSignature
  ) {
    #expect(throws: RuntimeFault.self) { try PaddingPlan(policy, for: signature) }
  }
}
