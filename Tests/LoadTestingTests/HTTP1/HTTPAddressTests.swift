import Testing

@testable import LoadTesting

@Suite struct HTTPAddressTests {
  @Test(arguments: [
    ("http+unix://%2Frun%2Fa%20b.sock/v2/models/m", "/run/a b.sock", "/v2/models/m"),
    ("unix:/run/apus.sock:/v2/models/m/infer?x=1:2", "/run/apus.sock", "/v2/models/m/infer?x=1:2"),
  ])
  func `a socket of the file system has a file and a path`(
    text: String, file: String, path: String
  ) throws {
    #expect(HTTPAddress.isMeant(by: text))
    let address = try HTTPAddress(text)
    #expect(address.socketPath == file && address.path == path)
    #expect(address.authority == "localhost")
    #expect(address.text == "unix:\(file):\(path)")
    #expect(address.place.socketPath == file && address.place.isHere)
    let other = address.with(path: "/x")
    #expect(other.socketPath == file && other.path == "/x")
    #expect(try HTTPAddress(address.text) == address)
  }

  @Test(arguments: [
    "unix:", "unix:/run/apus.sock", "unix:apus.sock:/x", "http+unix:///x", "http+unix://%2Frun",
    "http+unix://run/x", "unix:/a:/b c", "unix:/a\u{0}:/b",
  ])
  func `what names no file or no path says what was expected`(text: String) {
    let problem = #expect(throws: HTTPAddress.Problem.self) { try HTTPAddress(text) }
    #expect(problem?.description.contains(text) == true)
  }

  @Test func `a path that is too long for a socket is told`() throws {
    let address = try HTTPAddress("unix:/\(String(repeating: "a", count: 200)):/x")
    let problem = #expect(throws: CallProblem.self) { try ServerAddresses(address.place) }
    #expect(problem?.text.contains("at most 107 bytes") == true)
  }

  @Test(arguments: [
    ("http://a:1/x", "a", UInt16(1)), ("http://[::1]/", "::1", 80), ("http://a?b", "a", 80),
  ])
  func `a host and a port are read`(text: String, host: String, port: UInt16) throws {
    let address = try HTTPAddress(text)
    #expect(address.host == host && address.port == port && address.socketPath == nil)
  }
}
