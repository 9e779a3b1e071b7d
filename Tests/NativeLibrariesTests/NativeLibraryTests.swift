import Glibc
import NativeLibraries
import Testing

@Suite struct NativeLibraryTests {
  @Test func `a library of the system is found by its name`() throws {
    let places = NativeLibraryPlaces(directories: [], includesSystem: true)
    let library = try NativeLibrary.open(names: ["libm.so.6"], in: places)
    #expect(library.symbol("cos") != nil)
    #expect(library.symbol("no_such_function") == nil)
  }

  @Test func `libraries lie beside the program or in lib beside its directory`() throws {
    let path = try #require(realpath("/proc/self/exe", nil))
    defer { free(path) }
    let parts = String(cString: path).split(separator: "/")
    let program = "/" + parts.dropLast().joined(separator: "/")
    let lib = "/" + (parts.dropLast(2) + ["lib"]).joined(separator: "/")
    let directories = NativeLibraryPlaces.standard.directories
    let first = try #require(directories.firstIndex(of: program))
    #expect(directories[first...].dropFirst().first == lib)
  }

  @Test func `a missing library is named with the places where it was looked for`() {
    let places = NativeLibraryPlaces(directories: ["/nowhere/at/all"], includesSystem: false)
    let missing = #expect(throws: NativeLibraryMissing.self) {
      try NativeLibrary.open(names: ["libabsent.so.1"], in: places)
    }
    #expect(
      missing?.explanation == "libabsent.so.1 was not found; looked in /nowhere/at/all")
  }

  @Test func `a file that is no library is refused with the loader's reason`() throws {
    let directory = try temporaryDirectory(files: ["libbroken.so.2"])
    defer { remove(directory, files: ["libbroken.so.2"]) }
    let places = NativeLibraryPlaces(directories: [directory], includesSystem: false)
    let missing = #expect(throws: NativeLibraryMissing.self) {
      try NativeLibrary.open(names: ["libbroken.so"], in: places)
    }
    #expect(missing?.refusals.count == 1)
    #expect(missing?.refusals.first?.contains("libbroken.so.2") == true)
  }

  @Test func `newer versions are tried before older ones`() throws {
    let files = ["libx.so.1.9.0", "libx.so.1.31.1", "libx.so.1.31.1.txt", "libxy.so.2"]
    let directory = try temporaryDirectory(files: files)
    defer { remove(directory, files: files) }
    let places = NativeLibraryPlaces(directories: [directory], includesSystem: false)
    let missing = #expect(throws: NativeLibraryMissing.self) {
      try NativeLibrary.open(names: ["libx.so"], in: places)
    }
    #expect(missing?.refusals.count == 2)
    #expect(missing?.refusals.first?.contains("libx.so.1.31.1:") == true)
  }

  private func temporaryDirectory(files: [String]) throws -> String {
    var template = Array("/tmp/apus-native-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let directory = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    for file in files {
      let stream = fopen("\(directory)/\(file)", "w")
      try #require(stream != nil)
      fputs("not a library", stream)
      fclose(stream)
    }
    return directory
  }

  private func remove(_ directory: String, files: [String]) {
    for file in files { unlink("\(directory)/\(file)") }
    rmdir(directory)
  }
}
