import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Glibc
import NIOPosix

/// ModelInfer by grpc-swift-2, at its least: it gives back the bytes of the request and reads none of
/// them, so what it costs is the library's framing alone. Writes its port to standard output.
@main
struct GRPCSwiftPeer {
  static func main() async throws {
    var settings = HTTP2ServerTransport.Posix.Config.defaults
    settings.rpc.maxRequestPayloadSize = 16 << 20
    settings.http2.targetWindowSize = 16 << 20
    let transport = HTTP2ServerTransport.Posix(
      address: .ipv4(host: "127.0.0.1", port: 0), transportSecurity: .plaintext, config: settings,
      eventLoopGroup: MultiThreadedEventLoopGroup(numberOfThreads: 1))
    let server = GRPCServer(transport: transport, services: [Inference()])
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.serve() }
      print(try await transport.listeningAddress.ipv4?.port ?? 0)
      fflush(nil)
      try await group.waitForAll()
    }
  }
}

private struct Inference: RegistrableRPCService {
  func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    router.registerHandler(
      forMethod: MethodDescriptor(
        fullyQualifiedService: "inference.GRPCInferenceService", method: "ModelInfer"),
      deserializer: PlainBytes(), serializer: PlainBytes()
    ) { request, _ in
      var messages = request.messages.makeAsyncIterator()
      let message = try await messages.next() ?? []
      return StreamingServerResponse(single: ServerResponse(message: message))
    }
  }
}

private struct PlainBytes: MessageSerializer, MessageDeserializer {
  func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes { Bytes(message) }

  func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> [UInt8] {
    bytes.withUnsafeBytes { Array($0) }
  }
}
