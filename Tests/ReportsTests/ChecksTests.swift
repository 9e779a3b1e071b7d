import Foundation
import Glibc
import NativeLibraries
import Settings
import Testing

@testable import Reports

@Suite struct ChecksTests {
  private let limits = MachineLimits(cores: 2, memoryByteCount: 1 << 20)

  private func finding(_ findings: [Finding], _ subject: String) throws -> Finding {
    try #require(findings.first { $0.subject == subject })
  }

  @Test func `names the processor and its vector instructions`() throws {
    let root = try TemporaryTree([
      "proc/cpuinfo": """
      processor\t: 0
      model name\t: Some  CPU @ 2 GHz
      flags\t\t: fpu avx2 avx512f avx512_vnni
      """
    ])
    let findings = MachineChecks(root: root.path).findings(limits: limits)
    #expect(try finding(findings, "processor").detail == "Some CPU @ 2 GHz")
    #expect(try finding(findings, "vector instructions").detail == "AVX2, AVX-512, VNNI")
    #expect(try finding(findings, "memory").detail.hasPrefix("1.0 MiB by the control group"))
    #expect(try finding(findings, "GPU").detail == "none")
  }

  @Test func `knows an ARM processor`() throws {
    let root = try TemporaryTree([
      "proc/cpuinfo": "Features\t: fp asimd asimddp bf16\nCPU implementer\t: 0x41"
    ])
    let findings = MachineChecks(root: root.path).findings(limits: limits)
    #expect(try finding(findings, "processor").detail == "ARM, implementer 0x41")
    #expect(try finding(findings, "vector instructions").detail == "NEON, DOTPROD, BF16")
  }

  @Test func `finds an NVIDIA driver and promises nothing`() throws {
    let root = try TemporaryTree([
      "proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  x"
    ])
    let gpu = try finding(MachineChecks(root: root.path).findings(limits: limits), "GPU")
    #expect(gpu.detail == "NVIDIA, driver 550.54.14: found, not used yet")
    #expect(gpu.state == .noted)
  }

  @Test func `says how to get every library that is missing`() throws {
    let nowhere = NativeLibraryPlaces(directories: ["/nowhere"], includesSystem: false)
    let findings = LibraryChecks(places: nowhere).findings
    #expect(findings.count == 6)
    #expect(findings.allSatisfy { $0.state == .missing && $0.remedy != nil })
    #expect(try finding(findings, "ONNX Runtime").isNeeded)
    #expect(findings.filter(\.isNeeded).count == 1)
    #expect(try finding(findings, "JPEG photos").remedy == "apt-get install libturbojpeg0")
  }

  @Test func `serving is not fit where the runtime is missing`() throws {
    let nowhere = NativeLibraryPlaces(directories: ["/nowhere"], includesSystem: false)
    let findings = TrialChecks(places: nowhere).findings
    #expect(try finding(findings, "model digits").isNeeded)
    #expect(try finding(findings, "PNG photo").state == .noted)
  }

  @Test func `tells a free port from a taken one`() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        #expect(bind(listener, $0, length) == 0 && listen(listener, 1) == 0)
        #expect(getsockname(listener, $0, &length) == 0)
      }
    }
    let port = Int(UInt16(bigEndian: address.sin_port))
    let findings = ServingChecks(ports: [.init("HTTP", port)]).findings
    #expect(try finding(findings, "port \(port)").state == .noted)
    #expect(try finding(findings, "port \(port)").detail.hasPrefix("taken"))
  }

  @Test func `says where temporary files cannot be written`() throws {
    let findings = ServingChecks(ports: [], temporaryDirectory: "/nowhere").findings
    #expect(try finding(findings, "temporary files").state == .missing)
  }
}

/// Files below a directory that lives as long as this object.
final class TemporaryTree {
  let path: String

  struct Problem: Error {}

  init(_ files: [String: String]) throws {
    var template = Array("/tmp/apus-reports-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Problem() }
    path = String(cString: made)
    for (name, text) in files {
      var folder = path
      for part in name.split(separator: "/").dropLast() {
        folder += "/\(part)"
        mkdir(folder, 0o700)
      }
      guard let stream = fopen("\(path)/\(name)", "w") else { throw Problem() }
      fputs(text, stream)
      fclose(stream)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }  // left behind, it harms nobody
}
