import NIOCore
import NIOEmbedded
import NIOSSL
import Testing

@testable import Transport

/// A client's session against the server's side of the same library, without any socket.
@Suite struct TLSClientSessionTests {
  /// The server, which has a certificate that it signed itself.
  private final class Server {
    private let channel = EmbeddedChannel()
    private(set) var heard: [UInt8] = []

    init(_ certificate: String, protocols: [String] = []) throws {
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map {
          .certificate($0)
        },
        privateKey: .privateKey(
          try NIOSSLPrivateKey(bytes: Array(TLSClientSessionTests.key.utf8), format: .pem)))
      configuration.applicationProtocols = protocols
      let context = try NIOSSLContext(configuration: configuration)
      try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
      channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    }

    func take(_ bytes: [UInt8]) {
      channel.pipeline.fireChannelRead(ByteBuffer(bytes: bytes))
      channel.pipeline.fireChannelReadComplete()
      channel.embeddedEventLoop.run()
      while let buffer = (try? channel.readInbound(as: ByteBuffer.self)) ?? nil {
        heard += Array(buffer.readableBytesView)
      }
    }

    func say(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

    var next: [UInt8]? {
      ((try? channel.readOutbound(as: ByteBuffer.self)) ?? nil).map { Array($0.readableBytesView) }
    }
  }

  private let scratch = Scratch()

  private func session(
    trusting authority: String?, host: String = "localhost"
  ) throws -> TLSClientSession {
    var trust = TLSTrust.anyone
    if let authority {
      scratch.write(authority, to: "ca")
      trust = .authorities(scratch.file("ca"))
    }
    return try TLSClientSession(TLSClientContext(trust, protocols: ["http/1.1"]), host: host)
  }

  /// Carries bytes to and fro, in pieces of at most so many, until neither says anything more; what came
  /// out of TLS at the client's side.
  private func carry(
    _ client: TLSClientSession, _ server: Server, pieceByteCount: Int = .max
  ) throws -> [UInt8] {
    var plain: [UInt8] = []
    var isMoving = true
    while isMoving {
      isMoving = false
      while let bytes = client.nextOutgoing() {
        isMoving = true
        server.take(bytes)
      }
      while let bytes = server.next {
        isMoving = true
        var rest = bytes[...]
        while !rest.isEmpty {
          let piece = Array(rest.prefix(pieceByteCount))
          rest = rest.dropFirst(pieceByteCount)
          try piece.withUnsafeBytes { try client.receive($0) { plain += Array($0) } }
        }
      }
    }
    return plain
  }

  @Test(arguments: [1, 7, 100, Int.max])
  func `what is said arrives on both sides, wherever the bytes are cut`(
    pieceByteCount: Int
  ) throws {
    let client = try session(trusting: Self.valid)
    let server = try Server(Self.valid)
    #expect(!client.isOpen)
    #expect(try carry(client, server, pieceByteCount: pieceByteCount) == [])
    #expect(client.isOpen)
    client.send([1, 2, 3][...])
    server.say([4, 5])
    #expect(try carry(client, server, pieceByteCount: pieceByteCount) == [4, 5])
    #expect(server.heard == [1, 2, 3])
  }

  @Test func `an address is held against the certificate, too`() throws {
    let client = try session(trusting: Self.valid, host: "127.0.0.1")
    _ = try carry(client, try Server(Self.valid))
    #expect(client.isOpen)
    let elsewhere = try session(trusting: Self.valid, host: "127.0.0.2")
    let problem = #expect(throws: TLSClientSession.Problem.self) {
      try carry(elsewhere, try Server(Self.valid))
    }
    #expect(problem?.distrust == .otherName)
  }

  private static let refusals: [(String, String, TLSClientSession.Distrust, String)] = [
    (expired, expired, .expired, "has expired"),
    (future, future, .notYetValid, "is not valid yet"),
    (other, other, .otherName, "is none for localhost"),
    (valid, other, .unknownAuthority, "nobody who is trusted vouches"),
    (expired, other, .expired, "has expired"),
  ]

  @Test(arguments: refusals)
  func `each fault of a certificate has its words`(
    certificate: String, authority: String, distrust: TLSClientSession.Distrust, words: String
  ) throws {
    let client = try session(trusting: authority)
    let problem = #expect(throws: TLSClientSession.Problem.self) {
      try carry(client, try Server(certificate))
    }
    #expect(problem?.distrust == distrust)
    #expect(problem?.description.contains(words) == true, "\(problem?.description ?? "")")
    #expect(!client.isOpen)
  }

  @Test func `whoever asks for no proof is given none`() throws {
    for certificate in [Self.expired, Self.future, Self.other] {
      let client = try session(trusting: nil)
      _ = try carry(client, try Server(certificate))
      #expect(client.isOpen)
    }
  }

  private static let nonsense: [(String, String)] = [
    ("HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak TLS"), ("\u{16}", ""),
  ]

  @Test(arguments: nonsense)
  func `a server without TLS is told from one that is slow`(text: String, words: String) throws {
    let client = try session(trusting: Self.valid)
    var problem: TLSClientSession.Problem?
    do throws(TLSClientSession.Problem) {
      let bytes = Array(text.utf8)
      try bytes.withUnsafeBytes { bytes in
        Result { () throws(TLSClientSession.Problem) in try client.receive(bytes) { _ in } }
      }.get()
    } catch {
      problem = error
    }
    #expect((problem != nil) == !words.isEmpty)
    #expect(problem?.distrust == nil)
    if !words.isEmpty { #expect(problem?.description.contains(words) == true) }
  }

  // MARK: Certificates of one key, for nobody but these tests

  fileprivate static let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUjfXar4pVThTAujs
    pUaMmOF8cBDxzS4rSq1G7YcjdRqhRANCAARHgYUMh2vKK247kPK2s4hnQ0meBzkY
    9uPxsTw3KhozFa5KqR1+Wn7gwfwA8rDY87koUBMOhldGJbzIcGbMHGDb
    -----END PRIVATE KEY-----

    """
  /// From 2000 to 2100, for localhost and 127.0.0.1.
  private static let valid = """
    -----BEGIN CERTIFICATE-----
    MIIBZjCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
    c3QwIBcNMDAwMTAxMDAwMDAwWhgPMjEwMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
    CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEeBhQyHa8orbjuQ
    8raziGdDSZ4HORj24/GxPDcqGjMVrkqpHX5afuDB/ADysNjzuShQEw6GV0YlvMhw
    ZswcYNujTjBMMA8GA1UdEwEB/wQFMAMBAf8wGgYDVR0RBBMwEYIJbG9jYWxob3N0
    hwR/AAABMB0GA1UdDgQWBBSaDYHbroth8mK97YHOEcjbOtDCKTAKBggqhkjOPQQD
    AgNHADBEAiBhmxBOB/uz0VFVHr+sN+PxruR2TGtps1J5PKR/VHZ80AIgGSx2R2Jr
    xU3LlBkA613tn0jPuEolwnCFiHyW4omRJdI=
    -----END CERTIFICATE-----

    """
  /// In the year 2000.
  private static let expired = """
    -----BEGIN CERTIFICATE-----
    MIIBYDCCAQWgAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
    c3QwHhcNMDAwMTAxMDAwMDAwWhcNMDEwMTAxMDAwMDAwWjAUMRIwEAYDVQQDDAls
    b2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARHgYUMh2vKK247kPK2
    s4hnQ0meBzkY9uPxsTw3KhozFa5KqR1+Wn7gwfwA8rDY87koUBMOhldGJbzIcGbM
    HGDbo0gwRjAPBgNVHRMBAf8EBTADAQH/MBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAd
    BgNVHQ4EFgQUmg2B266LYfJive2BzhHI2zrQwikwCgYIKoZIzj0EAwIDSQAwRgIh
    ALHrfkO/pqD8nyuEXn+IdaVpZfnvTFOXmZBOu/h5ckjqAiEAmGFtJJHjMqkW+D23
    IrnoaRWH+Pw8b0rQYUmWicmqKFw=
    -----END CERTIFICATE-----

    """
  /// From 2090 on.
  private static let future = """
    -----BEGIN CERTIFICATE-----
    MIIBYzCCAQmgAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
    c3QwIhgPMjA5MDAxMDEwMDAwMDBaGA8yMTAwMDEwMTAwMDAwMFowFDESMBAGA1UE
    AwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAER4GFDIdryitu
    O5DytrOIZ0NJngc5GPbj8bE8NyoaMxWuSqkdflp+4MH8APKw2PO5KFATDoZXRiW8
    yHBmzBxg26NIMEYwDwYDVR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhv
    c3QwHQYDVR0OBBYEFJoNgduui2HyYr3tgc4RyNs60MIpMAoGCCqGSM49BAMCA0gA
    MEUCIQDkxyjyO6cQS7GmWAS4KqRMmda539O6TWQ3TUZ5ZpT41wIgKBxDG2XwsAvj
    4F3UaN0bLFXmZ4UoR7iZro25fdkdCQw=
    -----END CERTIFICATE-----

    """
  /// For example.test.
  private static let other = """
    -----BEGIN CERTIFICATE-----
    MIIBYzCCAQqgAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
    c3QwIBcNMDAwMTAxMDAwMDAwWhgPMjEwMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
    CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABEeBhQyHa8orbjuQ
    8raziGdDSZ4HORj24/GxPDcqGjMVrkqpHX5afuDB/ADysNjzuShQEw6GV0YlvMhw
    ZswcYNujSzBJMA8GA1UdEwEB/wQFMAMBAf8wFwYDVR0RBBAwDoIMZXhhbXBsZS50
    ZXN0MB0GA1UdDgQWBBSaDYHbroth8mK97YHOEcjbOtDCKTAKBggqhkjOPQQDAgNH
    ADBEAiBvV4PS6+5VDd0adPB8IbilNty6mOoGV9wNJqBsw0Bw/wIgYlRS4kd/GlNK
    O9/luUwKqI8vRC4xFWx3F+AoORglJtM=
    -----END CERTIFICATE-----

    """
}
