import Batching
import Inference
import Testing

private func part(_ number: Int32) -> ResponsePart {
  let tensor = Tensor([number], datatype: .int32, shape: [1])
  return ResponsePart(outputs: [NamedTensor(name: "x", tensor: tensor)])
}

private func large(_ number: Int32) -> ResponsePart {
  let tensor = Tensor(
    [Int32](repeating: number, count: 10), datatype: .int32, shape: [10])
  return ResponsePart(outputs: [NamedTensor(name: "x", tensor: tensor)])
}

private let done = ResponseEnd(outcome: .done, served: ServedPhases())
private let cancelled = ResponseEnd(outcome: .failed(.cancelled), served: ServedPhases())

/// Takes what a flow gives, and says to each part what it was told to say.
private struct Taker {
  var taken: [Int32] = []
  var ends: [Bool] = []

  mutating func take(from flow: inout PartFlow, _ demand: Demand = .more) {
    var step = flow.next(isContinuing: false)
    while let current = step {
      switch current {
      case .part(let part):
        taken.append(part.outputs[0].tensor.elements(as: Int32.self)[0])
        flow.answered(demand)
      case .end(let end):
        if case .done = end.outcome { ends.append(true) } else { ends.append(false) }
      }
      step = flow.next(isContinuing: true)
    }
  }
}

@Suite struct PartFlowTests {
  @Test func `parts come in their order and then one end`() {
    var flow = PartFlow(partsMax: 2, bytesMax: 100)
    var taker = Taker()
    for number in 1...5 as ClosedRange<Int32> {
      #expect(flow.offer(part(number)) == .taken)
      taker.take(from: &flow)
    }
    flow.close(done)
    flow.close(cancelled)
    taker.take(from: &flow)
    #expect(taker.taken == [1, 2, 3, 4, 5] && taker.ends == [true])
    #expect(flow.offer(part(6)) == .unwanted)
  }

  @Test func `a sink that waits is given no more, and as much is kept as may be`() {
    var flow = PartFlow(partsMax: 2, bytesMax: 100)
    var taker = Taker()
    #expect(flow.offer(part(1)) == .taken)
    taker.take(from: &flow, .wait)
    #expect([2, 3, 4].map { flow.offer(part($0)) } == [.taken, .taken, .full])
    taker.take(from: &flow)
    #expect(taker.taken == [1])
    flow.resume()
    taker.take(from: &flow)
    #expect(taker.taken == [1, 2, 3])
    #expect(flow.offer(part(4)) == .taken)
  }

  @Test func `kept bytes are bounded, and one part is taken however large`() {
    var flow = PartFlow(partsMax: 9, bytesMax: 20)
    #expect(flow.offer(large(1)) == .taken)
    #expect(flow.offer(part(2)) == .full)
    var taker = Taker()
    taker.take(from: &flow)
    #expect((1...6).map { flow.offer(part($0)) }.filter { $0 == .taken }.count == 5)
  }

  @Test func `the end waits behind what is kept, but for a cut`() {
    var flow = PartFlow(partsMax: 9, bytesMax: 100)
    var taker = Taker()
    _ = flow.offer(part(1))
    taker.take(from: &flow, .wait)
    _ = flow.offer(part(2))
    flow.close(done)
    taker.take(from: &flow)
    #expect(taker.ends.isEmpty)
    flow.cut(cancelled)
    taker.take(from: &flow)
    #expect(taker.taken == [1] && taker.ends == [false])
    flow.cut(done)
    flow.resume()
    taker.take(from: &flow)
    #expect(taker.ends == [false])
  }

  @Test func `a sink that resumes before it has said that it waits does not wait`() {
    var flow = PartFlow(partsMax: 9, bytesMax: 100)
    _ = flow.offer(part(1))
    _ = flow.offer(part(2))
    guard case .part = flow.next(isContinuing: false) else { return #expect(Bool(false)) }
    #expect(flow.next(isContinuing: false) == nil)
    flow.resume()
    flow.answered(.wait)
    guard case .part = flow.next(isContinuing: true) else { return #expect(Bool(false)) }
    flow.answered(.wait)
    #expect(flow.next(isContinuing: true) == nil)
    _ = flow.offer(part(3))
    #expect(flow.next(isContinuing: false) == nil)
  }

  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func `nothing is lost, doubled or late in a random walk`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var flow = PartFlow(partsMax: 3, bytesMax: 1_000)
    var taker = Taker()
    var offered: [Int32] = []
    var isCut = false
    for number in 1...200 as ClosedRange<Int32> {
      switch Int.random(in: 0..<12, using: &random) {
      case 0..<7: if flow.offer(part(number)) == .taken { offered.append(number) }
      case 7..<11: flow.resume()
      default:
        if number > 150 {
          flow.cut(cancelled)
          isCut = true
        }
      }
      taker.take(from: &flow, Bool.random(using: &random) ? .more : .wait)
      #expect(taker.taken.elementsEqual(offered.prefix(taker.taken.count)), "seed \(seed)")
      #expect(isCut || offered.count - taker.taken.count <= 3, "seed \(seed)")
    }
    flow.close(done)
    while taker.ends.isEmpty {
      flow.resume()
      taker.take(from: &flow, .wait)
    }
    #expect(taker.ends.count == 1 && (isCut || taker.taken == offered), "seed \(seed)")
  }
}
