/// What one run of an instance occupies while it lasts (`rate_limiter`).
package struct ResourceClaim: Sendable, Hashable {
  package let name: String
  /// One pool for the whole server, not one for each device.
  package let isGlobal: Bool
  package let count: Int

  package init(name: String, isGlobal: Bool = false, count: Int) {
    self.name = name
    self.isGlobal = isGlobal
    self.count = count
  }
}

/// How an instance competes with those of all models (`rate_limiter`, `rate-limit`).
package struct RateLimitPolicy: Sendable, Hashable {
  /// Empty where a run waits for nothing.
  package var claims: [ResourceClaim]
  /// An instance of priority 2 gets half as many turns as one of 1; 0 means 1.
  package var priority: Int

  package init(claims: [ResourceClaim] = [], priority: Int = 0) {
    self.claims = claims
    self.priority = priority
  }
}

/// How much there is of a resource, as the operator says (`--rate-limit-resource`).
package struct ResourceSupply: Sendable, Hashable {
  package let name: String
  package let count: Int
  /// `nil` for every device, and for the pool of the whole server.
  package let device: Int?

  package init(name: String, count: Int, device: Int? = nil) {
    self.name = name
    self.count = count
    self.device = device
  }
}
