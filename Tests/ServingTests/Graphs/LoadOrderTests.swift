import Inference
import Testing

@testable import Serving

@Suite struct LoadOrderTests {
  private func order(_ entries: [(String, Set<String>)]) throws(ServerFault) -> [String] {
    let all = entries.map { LoadOrder.Entry(name: $0.0, needs: $0.1) }
    return try LoadOrder.places(of: all).map { all[$0].name }
  }

  @Test func `what needs nothing keeps its order`() throws {
    #expect(try order([("b", []), ("a", [])]) == ["b", "a"])
  }

  @Test func `a model comes after all versions of those that it needs`() throws {
    #expect(
      try order([("g", ["a", "h"]), ("a", []), ("h", ["a"]), ("a", [])]) == ["a", "a", "h", "g"])
  }

  @Test func `a need that is nobody here is left to the load`() throws {
    #expect(try order([("g", ["elsewhere"])]) == ["g"])
  }

  @Test func `models that ask each other are refused with the path`() {
    #expect(
      throws: ServerFault.configurationInvalid(
        file: "g", reason: "models ask each other: g -> h -> g")
    ) { try order([("g", ["h"]), ("h", ["g", "a"]), ("a", [])]) }
  }
}
