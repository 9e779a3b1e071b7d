/// How much there is of a resource: `R1:10` for all devices, `R1:10:0` for one.
package struct ResourceCount: Sendable, Equatable {
  package let name: String
  package let count: Int
  /// `nil` for all devices, and for the whole server where models call the resource global.
  package let device: Int?

  /// `nil` where the text is not of that form.
  init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 || parts.count == 3, !parts[0].isEmpty, let count = Int(parts[1]),
      (0...Int(Int32.max)).contains(count)
    else { return nil }
    name = parts[0]
    self.count = count
    guard parts.count == 3 else {
      device = nil
      return
    }
    guard let device = Int(parts[2]), device >= 0 else { return nil }
    self.device = device
  }
}
