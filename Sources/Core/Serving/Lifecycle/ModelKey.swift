/// Names one version of a model.
package struct ModelKey: Sendable, Hashable, Comparable {
  package let name: String
  package let version: Int64

  package init(name: String, version: Int64) {
    self.name = name
    self.version = version
  }

  package static func < (left: ModelKey, right: ModelKey) -> Bool {
    (left.name, left.version) < (right.name, right.version)
  }
}
