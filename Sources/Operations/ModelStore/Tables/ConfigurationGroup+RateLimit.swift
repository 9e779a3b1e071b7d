import Batching

extension ConfigurationGroup {
  /// What a run occupies: `rate_limiter` and `rate-limit` have the same keys.
  ///
  /// - Parameters:
  ///   - usualCount: of a resource that says none.
  ///   - nameless: told of a resource that says no name, which is left out.
  func rateLimit(usualCount: Int, nameless: (ConfigurationGroup) -> Void) -> RateLimitPolicy {
    var policy = RateLimitPolicy(priority: integer("priority") ?? 0)
    for resource in groups("resources") {
      guard let name = resource.word("name") else {
        nameless(resource)
        continue
      }
      policy.claims.append(
        ResourceClaim(
          name: name, isGlobal: resource.isTrue("global") ?? false,
          count: resource.integer("count") ?? usualCount))
    }
    return policy
  }
}
