import COnnxRuntime
import Inference
import Testing

@testable import OnnxRuntime

@Suite struct OnnxHostMemoryTests {
  @Test(arguments: [1, 1_000, 3_000_000])
  func `the library gets bytes of its alignment, and gives them back`(_ byteCount: Int) throws {
    let library = try OnnxRuntimeLibrary.open()
    let allocator = OnnxHostMemory.allocator(of: library.hostMemory)
    defer { allocator.deallocate() }
    let bytes = try #require(allocator.pointee.Alloc(allocator, byteCount))
    #expect(UInt(bitPattern: bytes) % UInt(MemoryPool.alignment) == 0)
    bytes.initializeMemory(as: UInt8.self, repeating: 7, count: byteCount)
    allocator.pointee.Free(allocator, bytes)
    #expect(allocator.pointee.Info(allocator) == library.hostMemory)
  }

  @Test func `no bytes are no block, and giving back nothing does nothing`() throws {
    let allocator = OnnxHostMemory.allocator(of: try OnnxRuntimeLibrary.open().hostMemory)
    defer { allocator.deallocate() }
    #expect(allocator.pointee.Alloc(allocator, 0) == nil)
    allocator.pointee.Free(allocator, nil)
  }
}
