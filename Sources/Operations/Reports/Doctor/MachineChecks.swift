import Glibc
package import Settings

/// Looks at the processor, the memory and the accelerators, in the files that Linux shows them in.
package struct MachineChecks: Sendable {
  /// Stands before `/proc` and `/dev`; empty but in tests.
  private let root: String

  package init(root: String = "") { self.root = root }

  package func findings(limits: MachineLimits = .current()) -> [Finding] {
    [
      .works(.machine, "processor", processor),
      .works(.machine, "cores", "\(limits.cores) to use of \(onlineCount) online"),
      .works(.machine, "vector instructions", vectorInstructions),
      memory(limits), accelerator,
    ]
  }

  // MARK: Processor

  private var processor: String {
    // ARM machines name no model; the implementer's number is all there is.
    value(of: "model name") ?? value(of: "CPU implementer").map { "ARM, implementer \($0)" }
      ?? "not named by the system"
  }

  private var onlineCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// Names of the kernel's flags, and how people know them; x86 first, then ARM.
  private static let instructionNames = [
    ("avx2", "AVX2"), ("avx512f", "AVX-512"), ("avx512_vnni", "VNNI"), ("avx_vnni", "AVX-VNNI"),
    ("avx512_bf16", "BF16"), ("amx_bf16", "AMX-BF16"), ("amx_int8", "AMX-INT8"),
    ("asimd", "NEON"), ("asimddp", "DOTPROD"), ("bf16", "BF16"), ("i8mm", "I8MM"), ("sve", "SVE"),
  ]

  private var vectorInstructions: String {
    let flags = value(of: "flags") ?? value(of: "Features") ?? ""
    let present = Set(flags.split(separator: " ").map(String.init))
    let names = Self.instructionNames.filter { present.contains($0.0) }.map(\.1)
    return names.isEmpty ? "none beyond the base" : names.joined(separator: ", ")
  }

  /// The first line of that name in `/proc/cpuinfo`: all processors of a machine are alike here.
  private func value(of name: String) -> String? {
    // Without the file nothing is known, and the report says so.
    guard let text = try? TextFile.read("\(root)/proc/cpuinfo") else { return nil }
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, parts[0].split(whereSeparator: \.isWhitespace).joined(separator: " ")
        == name
      else { continue }
      return parts[1].split(separator: " ").joined(separator: " ")
    }
    return nil
  }

  // MARK: Memory

  private func memory(_ limits: MachineLimits) -> Finding {
    let machine = Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(getpagesize())
    let detail = Readable.bytes(limits.memoryByteCount)
    return limits.memoryByteCount < machine
      ? .works(
        .machine, "memory", "\(detail) by the control group, of \(Readable.bytes(machine))")
      : .works(.machine, "memory", detail)
  }

  // MARK: Accelerators

  private var accelerator: Finding {
    if let version = nvidiaDriverVersion {
      return .noted(
        .machine, "GPU", "NVIDIA, driver \(version): found, not used yet")
    }
    if access("\(root)/dev/kfd", F_OK) == 0 {
      return .noted(.machine, "GPU", "AMD: found, not used yet")
    }
    return .noted(.machine, "GPU", "none")
  }

  /// `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  ...`: the first word that begins
  /// with a digit and has a point.
  private var nvidiaDriverVersion: String? {
    // No file: no driver.
    guard let text = try? TextFile.read("\(root)/proc/driver/nvidia/version") else { return nil }
    let word = text.split(whereSeparator: \.isWhitespace).first {
      $0.first?.isNumber == true && $0.contains(".")
    }
    return word.map(String.init) ?? "of unknown version"
  }
}
