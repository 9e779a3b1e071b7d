import Testing

@testable import LoadTesting

@Suite struct GRPCAddressTests {
  @Test(
    arguments: [
      ("grpc://localhost:8001/iris", "localhost", 8001, "iris", ""),
      ("grpc://10.0.0.1:1/iris/3", "10.0.0.1", 1, "iris", "3"),
      ("grpc://[::1]:8001/iris/", "::1", 8001, "iris", ""),
      ("grpc://host:8001/a%20model%2Fof%20mine/%31", "host", 8001, "a model/of mine", "1"),
    ] as [(String, String, UInt16, String, String)])
  func `reads where a model is`(
    text: String, host: String, port: UInt16, model: String, version: String
  ) throws {
    let address = try GRPCAddress(text)
    #expect(address.host == host)
    #expect(address.port == port)
    #expect(address.model == model)
    #expect(address.version == version)
    #expect(!address.isEncrypted)
  }

  @Test func `knows what is encrypted, and writes addresses as they were`() throws {
    for text in ["grpcs://host:443/iris", "grpc://[::1]:8001/iris/2"] {
      let address = try GRPCAddress(text)
      #expect(address.isEncrypted == text.hasPrefix("grpcs"))
      #expect(address.text == text)
    }
    #expect(try GRPCAddress("grpc://[::1]:8001/iris").authority == "[::1]:8001")
  }

  @Test(arguments: [
    "grpc://", "grpc://host", "grpc://host:8001", "grpc://host:8001/", "grpc://host/iris",
    "grpc://host:0/iris", "grpc://host:99999/iris", "grpc://:8001/iris", "grpc://::1:8001/iris",
    "grpc://host:8001//1", "grpc://host:8001/a/b/c", "grpc://a b:8001/iris",
    "grpc://me@host:8001/iris", "http://host:8001/iris",
    "grpc://host:8001/" + String(repeating: "a", count: 1_025),
  ]) func `refuses what is no such address`(text: String) {
    #expect(throws: GRPCAddress.Problem.self) { try GRPCAddress(text) }
  }
}
