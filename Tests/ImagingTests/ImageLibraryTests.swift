import Imaging
import Inference
import NativeLibraries
import Testing

@Suite struct ImageLibraryTests {
  @Test func `a missing library is named with the package that brings it`() {
    let nowhere = NativeLibraryPlaces(directories: ["/nowhere"], includesSystem: false)
    let problem = #expect(throws: ImageProblem.self) {
      try ImageLibrary.webp.open(in: nowhere)
    }
    #expect(
      problem
        == .unsupported(
          format: "WebP",
          reason: "libwebp.so.7 was not found; install it: apt-get install libwebp7"))
  }

  @Test(arguments: ImageFormat.allCases)
  func `every format has its library`(_ format: ImageFormat) throws {
    let library = try #require(ImageLibrary.all.first { $0.format == format })
    #expect(try library.open().path.contains(library.fileNames[0]))
  }
}
