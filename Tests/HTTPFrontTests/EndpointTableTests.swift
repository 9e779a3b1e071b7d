import Inference
import Testing

@testable import HTTPFront

@Suite struct EndpointTableTests {
  @Test(arguments: EndpointTable.rows.map(\.path))
  func `each address of the page leads to what it promises`(path: String) throws {
    let target = path.split(separator: "{model}", omittingEmptySubsequences: false)
      .joined(separator: "m")
    let row = try #require(EndpointTable.rows.first { $0.path == path })
    let route = try #require(Route(target: target))
    #expect(route.endpoint == row.endpoint)
    #expect(
      route.address.name
        == (path.contains("{model}") ? "m" : path.contains("{region}") ? "{region}" : ""))
  }

  @Test func `nothing that is answered is left out of the page`() {
    let listed = Set(EndpointTable.rows.map(\.endpoint))
    #expect(Endpoint.allCases.filter { !listed.contains($0) }.isEmpty)
    #expect(EndpointTable.markdown().contains("| POST | `/v2/models/{model}/infer` |"))
  }
}
