/// How much there is of each resource, and how much of it is in use.
///
/// A pool is as large as the operator says, else as the largest claim on it of any seat, so that
/// each can run. It may shrink below what is in use when a seat leaves; then nothing is granted of it
/// until enough was given back.
struct ResourcePools: Sendable {
  /// One pool: of a device, or of the whole server.
  struct Key: Sendable, Hashable {
    let name: String
    /// `nil` for the pool of the whole server.
    let device: Int?
  }

  private let supplies: [ResourceSupply]
  /// Claims by pool and size, with how many seats make them.
  private var claimed: [Key: [Int: Int]] = [:]
  private(set) var used: [Key: Int] = [:]

  init(supplies: [ResourceSupply]) { self.supplies = supplies }

  static func key(of claim: ResourceClaim, device: Int) -> Key {
    Key(name: claim.name, device: claim.isGlobal ? nil : device)
  }

  func capacity(of key: Key) -> Int { supply(of: key) ?? claimed[key]?.keys.max() ?? 0 }

  /// What the operator says; the word for the device wins over the one for all.
  func supply(of key: Key) -> Int? {
    let named = supplies.filter { $0.name == key.name }
    return
      (named.last { $0.device != nil && $0.device == key.device }
      ?? named.last { $0.device == nil })?.count
  }

  func free(of key: Key) -> Int { capacity(of: key) - (used[key] ?? 0) }

  /// Whether some seat claims a pool of that name of the other kind, global or of a device.
  func isClaimedOtherwise(_ key: Key) -> Bool {
    claimed.keys.contains { $0.name == key.name && ($0.device == nil) != (key.device == nil) }
  }

  mutating func note(_ needs: [Key: Int]) {
    for (key, count) in needs { claimed[key, default: [:]][count, default: 0] += 1 }
  }

  mutating func forget(_ needs: [Key: Int]) {
    for (key, count) in needs {
      let left = (claimed[key]?[count] ?? 1) - 1
      claimed[key]?[count] = left > 0 ? left : nil
      if claimed[key]?.isEmpty == true { claimed[key] = nil }
    }
  }

  mutating func take(_ needs: [Key: Int]) {
    for (key, count) in needs { used[key, default: 0] += count }
  }

  mutating func giveBack(_ needs: [Key: Int]) {
    for (key, count) in needs {
      let left = (used[key] ?? 0) - count
      precondition(left >= 0, "more of \(key.name) is given back than was taken")
      used[key] = left > 0 ? left : nil
    }
  }
}
