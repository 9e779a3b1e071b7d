import FrontSupport
import Inference
import NIOCore
import NIOHTTP1
import Serving

// How a request is taken up.

extension HTTPConnection {
  func take(_ part: HTTPServerRequestPart) {
    switch part {
    case .head(let head): takeHead(head)
    case .body(let bytes): takeBody(bytes)
    case .end: takeEnd()
    }
  }

  private func takeHead(_ received: HTTPRequestHead) {
    guard state.phase == .awaitingHead else { return }
    head.read(
      received, callerHeader: peer.isTrusted(by: front) ? front.callerHeader : nil,
      keyNames: front.keyNames)
    bodyByteCount = 0
    corsOrigin = nil
    startRecord()
    state.headTaken(
      keepsAlive: head.keepsAlive && !front.isDraining,
      discardableBytes: front.limits.discardedBytesMax)
    watch.wait(for: .body, tick: front.tick)
    if let refusal = refusalOfHead() {
      front.router.noteDialect(on: self)
      refuse(refusal.failure, status: refusal.status)
      return
    }
    front.router.begin(on: self)
    if head.expectation == .hundredContinue && state.deliversBody { writeContinue() }
  }

  /// Hands the request to what will answer it.
  func hand(to exchange: any Exchange) { self.exchange = exchange }

  private func takeBody(_ bytes: ByteBuffer) {
    watch.byteCount += bytes.readableBytes
    guard state.deliversBody else {
      followBody()
      carryOut(state.discarded(bytes.readableBytes))
      return
    }
    bodyByteCount += bytes.readableBytes
    if bodyByteCount > front.limits.bodyBytesMax {
      refuse(.tooLarge(.body(bytesMax: front.limits.bodyBytesMax)))
    } else {
      exchange?.receive(bytes)
      followBody()
    }
  }

  /// While models compute, large bodies wake the loop less often; while none does, each byte is
  /// taken as soon as it comes.
  private func followBody() {
    // Within TLS, fewer bytes may be left on the wire than are left of the body.
    guard let length = head.contentLength, ReadThreshold.isWorthwhile(length), let context,
      readsBodies
    else { return }
    if state.deliversBody, front.computingCount > 0 {
      readThreshold.follow(length - bodyByteCount, on: context.channel)
    } else {
      readThreshold.reset(on: context.channel)
    }
  }

  private func takeEnd() {
    let wasDelivering = state.deliversBody
    let next = state.requestEnded()
    if wasDelivering {
      record.bodyRead = bodyByteCount == 0 ? record.context.arrival : MonotonicClock.now()
      record.requestByteCount = bodyByteCount
      watch.wait(for: .computing, tick: front.tick)
      exchange?.end()
    }
    carryOut(next)
  }

  func startRecord() {
    let id: String
    if let given = head.requestID, RequestIDs.isAcceptable(given) {
      id = given
    } else {
      id = front.requestIDs.make()
    }
    let arrival = headStarted == .never ? MonotonicClock.now() : headStarted
    headStarted = .never
    let caller = head.namedCaller.map { Caller(name: $0) } ?? peer.caller
    var context = RequestContext(
      id: id, caller: caller, dialect: .openInference, arrival: arrival,
      deadline: front.deadline(from: arrival))
    context.traceParent = head.traceParent
    record = RequestRecord(context: context, model: "")
    record.isInference = false
    record.clientName = head.userAgent
  }

  /// What is wrong with a head before anybody asks where it leads.
  private func refusalOfHead() -> (failure: InferenceFailure, status: Int?)? {
    let limit = front.limits.bodyBytesMax
    if let length = head.contentLength, length > limit {
      return (.tooLarge(.body(bytesMax: limit)), nil)
    }
    if head.expectation == .unknown {
      return (.unsupported(.other("this expectation; only 100-continue is met")), 417)
    }
    if case .unknown(let name) = head.contentCoding {
      return (.unsupported(.contentEncoding(name)), nil)
    }
    switch front.originGuard.verdict(on: head, memory: &guardMemory) {
    case .refused(let failure): return (failure, nil)
    case .sameOrigin: return nil
    case .corsOrigin(let origin):
      corsOrigin = origin
      return nil
    }
  }
}
