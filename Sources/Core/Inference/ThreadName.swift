import Glibc

/// How the system shows the threads of this process.
package enum ThreadName {
  /// Names the calling thread; the system shows at most 15 bytes.
  ///
  /// Linux has this file for it; the C function is a GNU extension that the Glibc module leaves out.
  package static func set(_ name: String) {
    guard let file = fopen("/proc/thread-self/comm", "w") else { return }
    fputs(String(decoding: name.utf8.prefix(15), as: UTF8.self), file)
    fclose(file)
  }
}
