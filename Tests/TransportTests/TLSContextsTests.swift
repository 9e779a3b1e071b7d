import Inference
import Testing

@testable import Transport

@Suite struct TLSContextsTests {
  /// Valid from 1795258319 to 2110618319, for nobody but this test.
  private static let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBfDCCASOgAwIBAgIUc7xR/NfPv74/Vy2Il6u897Q0HfQwCgYIKoZIzj0EAwIw
    FDESMBAGA1UEAwwJbG9jYWxob3N0MB4XDTI2MTEyMTEwNTE1OVoXDTM2MTExODEw
    NTE1OVowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0D
    AQcDQgAEak3VFWfvKZ6k2IvkeLbIEDQ4veJeEH7Z3QJjU0AYVkpHx4ds7GkzAz+d
    RQWRYEwS8aBArW1gs2EtPtPc9L/r3qNTMFEwHQYDVR0OBBYEFKnl5xu+GSapxRZi
    pB6s7DDcc2a3MB8GA1UdIwQYMBaAFKnl5xu+GSapxRZipB6s7DDcc2a3MA8GA1Ud
    EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgTF8VWcRhU3XQTNTcrLFZZE7o
    X3h88U3R5TAlv2kAMqgCIFXJueTNN25ke77QbGOqlE+OrEpZ1+qqE2KrgoFJVmf+
    -----END CERTIFICATE-----

    """
  private static let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgS34PXq/GU3V5qWr2
    GlXSoy04Zb+yjkCEe3mwjHUNXAihRANCAARqTdUVZ+8pnqTYi+R4tsgQNDi94l4Q
    ftndAmNTQBhWSkfHh2zsaTMDP51FBZFgTBLxoECtbWCzYS0+09z0v+ve
    -----END PRIVATE KEY-----

    """

  private static func scratch() -> Scratch {
    let scratch = Scratch()
    scratch.write(certificate + key, to: "s")
    return scratch
  }

  private static func files(_ scratch: Scratch) -> TLSFiles {
    TLSFiles(certificate: scratch.file("s"), key: scratch.file("s"))
  }

  @Test(arguments: [
    (1795258318, "is not valid yet"), (1795258319, nil), (2110618319, nil),
    (2110618320, "has expired"),
  ])
  func `says what clients will hold against a certificate`(
    _ now: Int, _ expected: String?
  ) throws {
    let scratch = Self.scratch()
    let contexts = try TLSContexts(files: Self.files(scratch))
    let complaint = contexts.complaint(atUnixSeconds: now)
    #expect((complaint != nil) == (expected != nil))
    if let expected { #expect(complaint?.hasSuffix(expected) == true) }
  }

  @Test func `reads every offer anew, or leaves all of them`() throws {
    let scratch = Self.scratch()
    let contexts = try TLSContexts(files: Self.files(scratch))
    let before = TLSOffer.allCases.map { ObjectIdentifier(contexts.current($0)) }
    scratch.write("nothing of use", to: "s")
    #expect(contexts.haveFilesChanged)
    #expect(throws: ServerFault.self) { try contexts.reload() }
    #expect(TLSOffer.allCases.map { ObjectIdentifier(contexts.current($0)) } == before)
    #expect(!contexts.haveFilesChanged)
    scratch.write(Self.certificate + Self.key, to: "s")
    // What was in force is kept, so that the new ones lie elsewhere.
    let kept = TLSOffer.allCases.map { contexts.current($0) }
    try contexts.reload()
    for (offer, old) in zip(TLSOffer.allCases, kept) { #expect(contexts.current(offer) !== old) }
  }

  @Test func `prefers HTTP 1 where both are offered`() {
    #expect(TLSOffer.http1OrHTTP2.protocols == ["http/1.1", "h2"])
    #expect(TLSOffer.http1.protocols == ["http/1.1"] && TLSOffer.http2.protocols == ["h2"])
  }
}
