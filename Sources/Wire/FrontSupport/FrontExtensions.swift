package import Inference
package import Serving

/// What Triton's extensions work on, shared by all fronts.
package struct FrontExtensions: Sendable {
  /// Memory that clients share with us.
  package var memory: SharedMemoryRegistry
  /// `nil` where there are no such settings to read and change.
  package var tracing: (any RunningSettings)?
  package var logging: (any RunningSettings)?

  package init(
    memory: SharedMemoryRegistry = SharedMemoryRegistry(isAllowed: false),
    tracing: (any RunningSettings)? = nil, logging: (any RunningSettings)? = nil
  ) {
    self.memory = memory
    self.tracing = tracing
    self.logging = logging
  }
}
