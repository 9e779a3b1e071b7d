import Inference

/// Who waits with how much, and who had how much: start-time fair queueing.
///
/// A request's start tag is the later of the queue's virtual time and its caller's last finish; its
/// finish tag is that plus its cost. Requests start by their start tags, and the virtual time is the
/// tag of the request that started last. So callers that always have something waiting get equal
/// shares of the model's time, whatever they send, and one that comes rarely never queues behind the
/// backlog of another. (Goyal, Vin, Cheng: Start-time Fair Queueing, SIGCOMM 1996.)
struct CallerAccounts: Sendable {
  private struct Account {
    var held = 0
    /// Virtual time at which all that it asked for so far would be done.
    var finish: UInt64 = 0
  }

  private var accounts: [Caller: Account] = [:]
  /// Of the request that started last, in nanoseconds of the model's time.
  private(set) var virtualTime: UInt64 = 0

  /// Notes one waiting request more, and answers its start tag.
  mutating func enter(_ caller: Caller, nanoseconds: UInt64) -> UInt64 {
    if accounts.count > Self.accountsKeptMin, accounts.count > 4 * heldTotal { forgetIdle() }
    heldTotal += 1
    let start = max(virtualTime, accounts[caller]?.finish ?? 0)
    accounts[caller, default: Account()].held += 1
    accounts[caller]?.finish = start &+ nanoseconds
    return start
  }

  /// A request of this caller no longer waits.
  mutating func leave(_ caller: Caller) {
    heldTotal -= 1
    guard let account = accounts[caller] else { return }
    if account.held <= 1, account.finish <= virtualTime {
      accounts[caller] = nil
    } else {
      accounts[caller]?.held = account.held - 1
    }
  }

  /// The request with that tag starts.
  mutating func started(tag: UInt64) { virtualTime = max(virtualTime, tag) }

  func held(by caller: Caller) -> Int { accounts[caller]?.held ?? 0 }

  /// Whoever holds most places, if that is more than `caller` would hold with one place more.
  func largestHolder(besides caller: Caller) -> Caller? {
    // The name decides between equals, so that the same events give the same decisions.
    let largest = accounts.max {
      ($0.value.held, $0.key.name) < ($1.value.held, $1.key.name)
    }
    guard let largest, largest.key != caller, largest.value.held > held(by: caller) + 1 else {
      return nil
    }
    return largest.key
  }

  /// Accounts below this number are not worth forgetting.
  private static let accountsKeptMin = 64
  private var heldTotal = 0

  /// Without a waiting request and without debt, a caller is as good as a new one.
  private mutating func forgetIdle() {
    accounts = accounts.filter { $0.value.held > 0 || $0.value.finish > virtualTime }
  }
}
